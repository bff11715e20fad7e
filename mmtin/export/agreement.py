"""Compare the results of an exported file with those of PyTorch."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor

from mmtin.errors import UserError
from mmtin.export.classifier import ClipClassifier, Exportable, Network
from mmtin.export.stream import StreamClassifier
from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.videos import Fault

MAX_RELATIVE_ERROR = 1e-4


def random_clips(count: int, shape: tuple[int, ...]) -> Tensor:
    """Noise ``[count, T, 3, H, W]``, uint8, the same in every run."""
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=generator)


def read_clips(cfg: Config, videos: Sequence[Path], shape: tuple[int, ...]) -> Iterator[Tensor]:
    """The clips that the test pipeline of a config makes from video files, ``[views, T, 3, H, W]`` each.

    Raises:
        UserError: if a video cannot be read, or its frames are not of ``shape`` ``T, 3, H, W``.
    """
    pipeline = TestPipeline(cfg)
    for path in videos:
        try:
            inputs = pipeline.whole_video(str(path))[0]['inputs']
        except Exception as error:  # a damaged file can raise anything
            raise UserError(f'cannot read the video {path} ({Fault.of(error).reason})') from error
        if inputs.shape[1:] != shape[1:]:
            raise UserError(
                f'the test pipeline makes frames {list(inputs.shape[1:])} of {path}, the exported network '
                f'takes {list(shape[1:])}; end the resizing in the pipeline with a CenterCrop'
            )
        yield inputs.reshape(-1, *shape)


@torch.inference_mode()
def check(
    network: Network, model: ClipClassifier, batches: Mapping[str, Sequence[Tensor]]
) -> dict[str, float]:
    """The largest relative error of ``network`` over the clips of each name.

    Its scores are compared with those of ``model``, its probabilities with those that follow from its own
    scores, since they magnify the rounding of large scores.

    Raises:
        UserError: if an error is larger than ``MAX_RELATIVE_ERROR``.
    """
    errors = {}
    for name, clips in batches.items():
        errors[name] = max(_error(network(batch), model(batch), model) for batch in clips)
        _require(errors[name], name)
    return errors


def _require(error: float, name: str) -> None:
    if not error <= MAX_RELATIVE_ERROR:  # negated, since a comparison with NaN is false
        raise UserError(
            f'on {name} the exported network differs from PyTorch by {error:.1e} of the largest '
            f'score, more than {MAX_RELATIVE_ERROR:.0e}, and was not written; try another --opset or '
            'the other format'
        )


@torch.inference_mode()
def check_stream(network: Network, model: StreamClassifier, num_frames: int = 100) -> dict[str, float]:
    """The largest relative error of ``network`` over a stream, each going on from its own state.

    Raises:
        UserError: if it is larger than ``MAX_RELATIVE_ERROR``.
    """
    clip = random_clips(1, (num_frames, *model.frame_shape))
    calls = zip(model.along(network, clip), model.along(model, clip))
    error = max(_error(theirs, ours, model) for (_, theirs), (_, ours) in calls)
    what = f'{num_frames} frames'
    _require(error, what)
    return {what: error}


def _error(actual: tuple[Tensor, ...], expected: tuple[Tensor, ...], model: Exportable) -> float:
    scores, probabilities = actual[:2]
    return max(
        relative_error(scores, expected[0]),
        relative_error(probabilities, model.probabilities(scores)),
    )


def relative_error(actual: Tensor, expected: Tensor) -> float:
    """The largest difference within a row of ``[N, classes]``, as a share of its largest value."""
    share = (actual - expected).abs().amax(dim=1) / expected.abs().amax(dim=1)
    return share.nan_to_num(nan=torch.inf).max().item()
