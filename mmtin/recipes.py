"""Parts that experiments share, so that a config states each in one line.

A config imports these functions below its ``_base_``: mmengine takes a file that begins with imports for a
lazy config. It passes them ``_base_``, the entries of ``configs/_base_/rgb_224.py`` and of the data set's
file there. mmengine drops functions from a parsed config, so that a dump of it stands alone.
"""

from collections.abc import Mapping
from typing import Any


def tin(depth: int, num_segments: int, **others: Any) -> dict:
    """A TINResNet as the paper has it, for clips of ``num_segments`` frames.

    Args:
        depth: of the ResNet.
        num_segments: T, frames per clip.
        others: arguments of TINResNet besides.
    """
    return dict(
        type='TINResNet',
        depth=depth,
        num_segments=num_segments,
        shift_div=4,
        groups=2,
        reverse=True,
        **others,
    )


def first_stages(count: int) -> dict:
    """Arguments of a ResNet with the first ``count`` of its four stages.

    Its features have ``32 * 2**count`` channels in ResNet-18 and 34, and four times as many in deeper ones.
    """
    return dict(
        num_stages=count,
        out_indices=(count - 1,),
        strides=(1, 2, 2, 2)[:count],
        dilations=(1,) * count,
    )


def frozen_norm() -> dict:
    """Arguments of a backbone whose BatchNorm keeps the statistics and affine parameters that it loads."""
    return dict(norm_eval=True, norm_cfg=dict(type='BN2d', requires_grad=False))


def pipelines(base: Mapping[str, Any], num_segments: int, *, flip: bool = True, **instead: Any) -> tuple:
    """The pipelines for clips of T frames.

    Args:
        base: ``_base_`` of the config: ``open_clip``, ``decode`` and ``flip`` of the data set;
            ``sampling``, ``jitter``, ``pack``, ``views`` and ``test_protocol`` of all.
        num_segments: T, frames per clip.
        flip: whether training mirrors clips.
        instead: entries that replace those of ``base``.

    Returns:
        ``train_pipeline``, ``test_protocols``, which has a pipeline for each of the ``views``, and
        ``test_pipeline``, the one that ``test_protocol`` names.
    """
    base = {**base, **instead}

    def clip(sampling: dict, then: list) -> list:
        # A view of whole clips says itself how many it takes.
        sampled = dict(dict(num_clips=num_segments), **sampling)
        return [*base['open_clip'], sampled, *base['decode'], *then, *base['pack']]

    train = clip(base['sampling'], [*base['jitter'], *([base['flip']] if flip else [])])
    protocols = {name: clip(view['sampling'], view['crop']) for name, view in base['views'].items()}
    return train, protocols, protocols[base['test_protocol']]


def whole_clips(base: Mapping[str, Any], num_frames: int) -> dict:
    """What :func:`pipelines` takes in place of ``base`` for a network of whole clips, such as an I3D.

    Frames are spread over the video, a random one of each segment in training. A test takes one clip,
    ``1x1``, or two from the same segments, ``2x1``. The ``num_segments`` of :func:`pipelines` is 1, a clip.

    Args:
        base: ``_base_`` of the config: ``views``, whose crop stays.
        num_frames: of a clip.
    """
    sampling = dict(type='UniformSample', clip_len=num_frames)
    crop = base['views']['1x1']['crop']
    views = {
        f'{clips}x1': dict(sampling=dict(sampling, num_clips=clips, test_mode=True), crop=crop)
        for clips in (1, 2)
    }
    return dict(
        sampling=sampling,
        views=views,
        pack=[dict(type='FormatShape', input_format='NCTHW'), dict(type='PackActionInputs')],
    )


def of_flow(base: Mapping[str, Any]) -> dict:
    """``base`` for optical flow in place of RGB frames, which ``tools/extract_flow.py`` writes.

    A segment is a stack of five fields, x and y in turns: frames of ten channels.

    Args:
        base: ``_base_`` of a config of a set, whose clips may be videos.
    """
    stack = dict(clip_len=5)
    views = {
        name: dict(view, sampling=dict(view['sampling'], **stack))
        for name, view in base['views'].items()
        if name != 'released'  # Pillow, which resizes there, knows no frames of two channels
    }
    clips = dict(
        type='RawframeClipDataset',
        data_prefix=dict(img=f'{base["data_root"]}/flow'),
        filename_tmpl='flow_{}_{:05}.jpg',
        modality='Flow',
        tolerate_bad_clips=True,
    )
    return {
        **base,
        'open_clip': [],
        'decode': [dict(type='RawFrameDecode')],
        'sampling': dict(base['sampling'], **stack),
        'views': views,
        'clips': clips,
    }


def loaders(
    base: Mapping[str, Any], train_pipeline: list, test_pipeline: list, lists: str | None = None
) -> tuple:
    """The entries of the data loaders of training, validation and test that ``rgb_224.py`` leaves open.

    Args:
        base: ``_base_`` of the config: ``clips`` and ``data_root`` of the data set.
        train_pipeline, test_pipeline: by :func:`pipelines`.
        lists: folder of ``train.txt`` and ``val.txt``; None means ``data_root``.

    Returns:
        ``train_dataloader``, ``val_dataloader`` and ``test_dataloader``; the last two are the same.
    """
    lists = lists or base['data_root']
    train = dict(base['clips'], ann_file=f'{lists}/train.txt', pipeline=train_pipeline)
    val = dict(base['clips'], ann_file=f'{lists}/val.txt', pipeline=test_pipeline, test_mode=True)
    return dict(dataset=train), dict(dataset=val), dict(dataset=val)
