"""What a recognizer costs for one video: multiply-adds and parameters, time and memory."""

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
from mmtin.errors import UserError


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        cfg: of a recognizer.
        shape: of its input for one video: ``[1, T, 3, H, W]``, and of a 3D network
            ``[1, clips, 3, T, H, W]``.
    """

    cfg: Config
    shape: tuple[int, ...]


def installed_config(package: str, name: str) -> Config:
    """A config file that a package of the OpenMMLab family ships for mim."""
    return Config.fromfile(Path(get_installed_path(package), '.mim/configs', name))


def subject(cfg: Config, frames: int, size: tuple[int, int], views: int = 1) -> Subject:
    """A recognizer and what it takes: ``views`` clips of ``frames`` frames of ``size`` (height, width)."""
    if cfg.model.type.endswith('3D'):
        return Subject(cfg, (1, views, 3, frames, *size))
    return Subject(cfg, (1, views * frames, 3, *size))


def pipeline_subject(cfg: Config) -> Subject:
    """A recognizer and what its test pipeline makes of one video.

    Raises:
        UserError: if the pipeline does not say how many frames of what size.
    """
    frames = size = None
    views = 1
    for step in cfg.test_dataloader.dataset.pipeline:
        if 'clip_len' in step:
            # A 2D network takes all the frames of a video at once, however they are sampled.
            frames, views = step.clip_len, step.get('num_clips', 1)
            views *= 2 if step.get('twice_sample') else 1
            views *= step.get('num_sample_positions', 10 if step.type == 'DenseSampleFrames' else 1)
        views *= {'ThreeCrop': 3, 'TenCrop': 10}.get(step.type, 1)
        if 'crop_size' in step:
            size = (step.crop_size,) * 2 if isinstance(step.crop_size, int) else step.crop_size[::-1]
        elif step.type == 'Resize' and not step.get('keep_ratio', True):
            size = step.scale[::-1]
    if frames is None or size is None:
        raise UserError(
            'the test pipeline does not say how many frames of what size a video gives; name a dump of the '
            'experiment in place of its work directory'
        )
    return subject(cfg, frames, tuple(size), views)


def count(subjects: dict[str, Subject]) -> dict[str, dict[str, float]]:
    """Multiply-adds of a video (``gflops``, 1e9) and parameters (``mparams``, 1e6) of each subject.

    Nothing is computed: torch's meta device knows shapes alone. torch counts two operations for a
    multiply-add, the field one, so this is half of what torch counts: convolutions and matrix products.
    Interlacing counts as the product with its ``T x T`` matrix.
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

    One video at a time, float32, random weights, subjects in turns. The memory is that of the weights and
    the most that the allocator gave out besides during one video.

    Args:
        subjects: what to measure.
        device: where.
        repeats: rounds that count; one goes before them.
        track: wraps the rounds to show progress.
    """
    device = torch.device(device)
    calls = {}
    for name, case in subjects.items():
        inputs = torch.randn(case.shape, generator=torch.Generator().manual_seed(0))
        calls[name] = _Call(_build(case.cfg, 'cpu').to(device), inputs.to(device))
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
class _Call:
    """A recognizer at work on one video."""

    model: nn.Module
    inputs: Tensor

    @torch.inference_mode()
    def __call__(self) -> Tensor:
        return _logits(self.model, self.inputs)

    def peak_memory(self) -> int:
        """Bytes of the weights and the most that a call takes besides."""
        weights = sum(t.numel() * t.element_size() for t in self.model.state_dict().values())
        device = self.inputs.device
        if device.type != 'cuda':
            return weights + allocator_peak(self)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        self()
        return weights + torch.cuda.max_memory_allocated(device) - before


def _build(cfg: Config, device: str) -> nn.Module:
    """In eval mode; weights are neither downloaded nor loaded."""
    init_default_scope('mmaction')
    with torch.device(device):
        return MODELS.build(cfg.model).eval()


def _logits(model: nn.Module, inputs: Tensor) -> Tensor:
    """``[views, classes]``, from frames to the classifier."""
    return model(inputs, stage='head')
