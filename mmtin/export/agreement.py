"""Compare the results of an exported file with those of PyTorch."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor

from mmtin.errors import UserError
from mmtin.export.classifier import ClipClassifier
from mmtin.export.formats import Network
from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.videos import Fault

MAX_RELATIVE_ERROR = 1e-4


def random_clips(count: int, shape: tuple[int, ...]) -> Tensor:
    """Noise ``[count, T, 3, H, W]``, uint8, the same in every run."""
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=generator)


def read_clips(cfg: Config, videos: Sequence[Path], shape: tuple[int, ...]) -> list[Tensor]:
    """The clips that the test pipeline of a config makes from video files, ``[views, T, 3, H, W]`` each.

    Raises:
        UserError: if a video cannot be read, or its frames are not of ``shape`` ``T, 3, H, W``.
    """
    pipeline, clips = TestPipeline(cfg), []
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
        clips.append(inputs.reshape(-1, *shape))
    return clips


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
        errors[name] = max(_error(network, model, batch) for batch in clips)
        if not errors[name] <= MAX_RELATIVE_ERROR:
            raise UserError(
                f'on {name} the exported network differs from PyTorch by {errors[name]:.1e} of the largest '
                f'score, more than {MAX_RELATIVE_ERROR:.0e}, and was not written; try another --opset or '
                'the other format'
            )
    return errors


@torch.inference_mode()
def _error(network: Network, model: ClipClassifier, clips: Tensor) -> float:
    scores, probabilities = network(clips)
    return max(
        relative_error(scores, model(clips)[0]),
        relative_error(probabilities, model.probabilities(scores)),
    )


def relative_error(actual: Tensor, expected: Tensor) -> float:
    """The largest difference within a row of ``[N, classes]``, as a share of its largest value."""
    share = (actual - expected).abs().amax(dim=1) / expected.abs().amax(dim=1)
    return share.nan_to_num(nan=torch.inf).max().item()
