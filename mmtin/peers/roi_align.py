"""Features of boxes."""

import torch
from torch import Tensor
from torch.nn import functional


def roi_align(features: Tensor, boxes: Tensor, size: int = 7, points: int = 2) -> Tensor:
    """RoIAlign (He et al. 2017): the mean of ``points x points`` samples in each of ``size x size`` bins.

    By compiled mmcv where there is one, by torch's grid_sample elsewhere.

    Args:
        features: ``[B, C, H, W]``.
        boxes: ``[B, n, 4]``: x1, y1, x2, y2 in pixels of the features, within them.
        size: bins along a side.
        points: samples along the side of a bin.

    Returns:
        ``[B, n, C, size, size]``
    """
    compiled = _compiled() if features.device.type != 'meta' else None
    if compiled is None:
        return roi_align_by_grid_sample(features, boxes, size, points)
    batch = torch.arange(len(boxes), device=boxes.device, dtype=features.dtype)
    indexed = torch.cat([batch[:, None, None].expand(-1, boxes.shape[1], 1), boxes.to(features)], 2)
    # Scale, samples, kind and whether a pixel's centre lies at half a pixel.
    aligned = compiled(features, indexed.flatten(0, 1), (size, size), 1.0, points, 'avg', True)
    return aligned.unflatten(0, boxes.shape[:2])


def roi_align_by_grid_sample(features: Tensor, boxes: Tensor, size: int, points: int) -> Tensor:
    """:func:`roi_align` by torch alone."""
    height, width = features.shape[-2:]
    count = boxes.shape[1]
    steps = (torch.arange(size * points, device=boxes.device, dtype=features.dtype) + 0.5) / (size * points)
    boxes = boxes.to(features)
    x = (boxes[..., 0:1] + steps * (boxes[..., 2:3] - boxes[..., 0:1])) * 2 / width - 1
    y = (boxes[..., 1:2] + steps * (boxes[..., 3:4] - boxes[..., 1:2])) * 2 / height - 1
    # [B, n, rows, columns, (x, y)], the boxes of a map one below the other.
    grid = torch.stack(
        [x[:, :, None, :].expand(-1, -1, len(steps), -1), y[..., None].expand(-1, -1, -1, len(steps))], -1
    )
    samples = functional.grid_sample(
        features, grid.flatten(1, 2), padding_mode='border', align_corners=False
    ).unflatten(2, (count, -1))
    return functional.avg_pool2d(samples.transpose(1, 2).flatten(0, 1), points).unflatten(0, (-1, count))


def _compiled():
    """mmcv's operator, None where mmcv comes without compiled ones."""
    try:
        from mmcv.ops import roi_align as compiled
    except ImportError:
        return None
    return compiled
