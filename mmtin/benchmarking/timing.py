"""Time several subjects in turns, so that other load on the machine affects all of them alike."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles

import torch

# Larger than any cache of a GPU: clearing it removes the subject's data from the cache, and keeps the GPU
# busy while the CPU launches the subject's kernels.
_FLUSHED_BYTES = 2**30

Clock = Callable[[Callable[[], object], torch.device], float]


@dataclass(frozen=True)
class Timing:
    """The times of one subject, in seconds, and their ratios to those of each baseline.

    Rounds are paired: within one, all subjects ran next to each other. A ratio is therefore the median of
    the ratios within the rounds, not the ratio of the medians.
    """

    name: str
    median: float
    lower: float  # first quartile
    upper: float  # third quartile
    ratios: dict[str, float]  # by the baseline's name


def wall_clock(subject: Callable[[], object], device: torch.device) -> float:
    """Seconds until ``subject`` is done, including the device's work."""
    _synchronise(device)
    start = time.perf_counter()
    subject()
    _synchronise(device)
    return time.perf_counter() - start


def gpu_clock(subject: Callable[[], object], device: torch.device) -> float:
    """Seconds between two CUDA events around ``subject``, which starts with a cold cache.

    For single operators: the GPU is busy while the first kernels are launched, so the CPU's time for a
    launch does not count, as within a network.
    """
    flushed = torch.empty(_FLUSHED_BYTES, dtype=torch.int8, device=device)
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    flushed.zero_()
    start.record()
    subject()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1000


def alternate(
    subjects: Mapping[str, Callable[[], object]],
    repeats: int,
    warmup: int = 1,
    device: torch.device | str = 'cpu',
    clock: Clock = wall_clock,
    track: Callable[[range], Iterable[int]] = iter,
) -> dict[str, list[float]]:
    """Time every subject once per round.

    Args:
        subjects: what to call, by name.
        repeats: number of measured rounds.
        warmup: number of rounds before them that are not measured.
        device: of the subjects; CUDA is synchronised.
        clock: :func:`wall_clock` or :func:`gpu_clock`.
        track: wraps the rounds, for instance in a progress bar.

    Returns:
        Seconds by name, one for each round. Each subject in turn starts a round, so that none always runs
        after the same other one.
    """
    device, names = torch.device(device), list(subjects)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in track(range(warmup + repeats)):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            elapsed = clock(subjects[name], device)
            if turn >= warmup:
                seconds[name].append(elapsed)
    return seconds


def compare(seconds: dict[str, list[float]], baselines: dict[str, dict[str, str]]) -> list[Timing]:
    """One row for each subject of :func:`alternate`.

    Args:
        seconds: of each round, by subject.
        baselines: for each subject, the others that it is compared with: ``{subject: {label: other}}``.
    """
    rows = []
    for name, own in seconds.items():
        lower, _, upper = quantiles(own, method='inclusive') if len(own) > 1 else own * 3
        ratios = {
            label: median(a / b for a, b in zip(own, seconds[other], strict=True))
            for label, other in baselines.get(name, {}).items()
        }
        rows.append(Timing(name, median(own), lower, upper, ratios))
    return rows


def _synchronise(device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize(device)
