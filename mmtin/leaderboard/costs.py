"""Measure the cost of a recognizer for one video: multiply-adds, parameters, time and memory."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils import get_installed_path
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mmtin.benchmarking.memory import allocator_peak
from mmtin.benchmarking.timing import alternate, compare
from mmtin.config import type_name
from mmtin.errors import UserError
from mmtin.prediction.pipeline import TestPipeline


@dataclass(frozen=True)
class Subject:
    """A recognizer to measure.

    Attributes:
        cfg: of a recognizer.
        shape: of its input for one video: ``[clips, T, 3, H, W]``, or ``[1, clips, 3, T, H, W]`` for a 3D
            network.
    """

    cfg: Config
    shape: tuple[int, ...]


def installed_config(package: str, name: str) -> Config:
    """A config file that a package of the OpenMMLab family ships for mim."""
    return Config.fromfile(Path(get_installed_path(package), '.mim/configs', name))


def subject(cfg: Config, frames: int, size: tuple[int, int], views: int = 1, channels: int = 3) -> Subject:
    """A recognizer whose input is ``views`` clips of ``frames`` frames of ``size`` (height, width)."""
    if type_name(cfg.model).endswith('3D'):
        return Subject(cfg, (1, views, channels, frames, *size))
    # Side by side: the neck of TPN takes all frames of an input for one clip.
    return Subject(cfg, (views, frames, channels, *size))


def pipeline_subject(cfg: Config) -> Subject:
    """A recognizer whose input is what its test pipeline makes from one video.

    Raises:
        UserError: if the size depends on the video, or the pipeline is not for RGB frames.
    """
    pipeline = TestPipeline(cfg)
    shape = pipeline.blank_video()
    if pipeline.blank_video((240, 240)) != shape:
        raise UserError(
            'the test pipeline does not say frames of what size a video gives; name a dump of the '
            'experiment in place of its work directory'
        )
    return Subject(cfg, (1, *shape))


def count(subjects: dict[str, Subject]) -> dict[str, dict[str, float]]:
    """Multiply-adds of a video (``gflops``, 1e9) and parameters (``mparams``, 1e6) of each subject.

    Nothing is computed: torch's meta device has shapes alone. Convolutions and matrix products count. torch
    counts two operations for a multiply-add, papers one, so this is half of torch's count. Interlacing
    counts as the product with its ``T x T`` matrix.
    """
    costs = {}
    for name, case in subjects.items():
        model = _build(case.cfg, 'meta')
        with FlopCounterMode(display=False) as counter:
            _logits(model, torch.empty(case.shape, device='meta'))
        parameters = sum(parameter.numel() for parameter in model.parameters())
        costs[name] = {'gflops': counter.get_total_flops() / 2e9, 'mparams': parameters / 1e6}
    return costs


def time(
    subjects: dict[str, Subject],
    device: torch.device | str,
    repeats: int,
    track: Callable[[range], Iterable[int]] = iter,
) -> dict[str, dict[str, float]]:
    """``latency`` of a video (ms; the median, and the quartiles) and peak ``memory`` (MB) of each subject.

    One video at a time, float32, random weights, subjects in turns. The memory is that of the weights plus
    the peak of all other allocations during one video.

    Args:
        subjects: recognizers to measure.
        device: to measure on.
        repeats: measured rounds, after one for warming up.
        track: wraps the rounds to show progress.
    """
    device = torch.device(device)
    calls = {}
    for name, case in subjects.items():
        inputs = torch.randn(case.shape, generator=torch.Generator().manual_seed(0))
        calls[name] = _TimedCall(_build(case.cfg, device), inputs.to(device))
    seconds = alternate(calls, repeats, warmup=1, device=device, track=track)
    return {
        row.name: {
            'latency': 1e3 * row.median,
            'latency_lower': 1e3 * row.lower,
            'latency_upper': 1e3 * row.upper,
            'memory': calls[row.name].peak_memory() / 1e6,
        }
        for row in compare(seconds, {})
    }


@dataclass(frozen=True)
class _TimedCall:
    """A call of a recognizer on one video."""

    model: nn.Module
    inputs: Tensor

    @torch.inference_mode()
    def __call__(self) -> Tensor:
        return _logits(self.model, self.inputs)

    def peak_memory(self) -> int:
        """Bytes of the weights plus the peak of all other allocations during a call."""
        weights = sum(t.numel() * t.element_size() for t in self.model.state_dict().values())
        device = self.inputs.device
        if device.type != 'cuda':
            return weights + allocator_peak(self)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        self()
        return weights + torch.cuda.max_memory_allocated(device) - before


def _build(cfg: Config, device: torch.device | str) -> nn.Module:
    """In eval mode; weights are neither downloaded nor loaded."""
    init_default_scope('mmaction')
    model = copy.deepcopy(cfg.model)
    if model.backbone.get('pretrained'):
        model.backbone.pretrained = None  # MMAction2's TANet loads them when it is built
    # Not built there: TANet looks at its initial weights, which torch's meta device does not have.
    return MODELS.build(model).eval().to(device)


def _logits(model: nn.Module, inputs: Tensor) -> Tensor:
    """``[views, classes]``, from frames to the classifier."""
    return model(inputs, stage='head')
