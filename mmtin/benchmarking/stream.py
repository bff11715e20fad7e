"""Time a step of a causal network against the 2D network on one frame, and see that its memory stays."""

from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Tensor

from mmtin.benchmarking.output import record
from mmtin.benchmarking.resident import resident
from mmtin.benchmarking.timing import alternate, compare
from mmtin.errors import UserError
from mmtin.models import StreamState, TINResNet, stream_step

# Of the largest feature.
_TOLERANCE = 1e-4

Track = Callable[[Iterable[int], str], Iterable[int]]


def measure(
    depth: int = 50,
    streams: int = 1,
    size: int = 224,
    device: str = 'cpu',
    repeats: int = 10,
    warmup: int = 2,
    steps: int = 1000,
    frames_checked: int = 12,
    track: Track = lambda rounds, description: rounds,
) -> list[dict[str, object]]:
    """Records of the 2D network and of a step, each as built and fused for inference.

    Those of a step have its largest difference to the clip-wise network as a share of the largest feature,
    the size of its state, and by how much the resident memory of the process grew in the last nine tenths
    of ``steps`` steps.

    Args:
        depth: of the ResNet.
        streams: N, frames of as many streams in a batch.
        size: pixels.
        device: of the networks.
        repeats, warmup: rounds, as in :func:`mmtin.benchmarking.timing.alternate`.
        steps: how long memory is watched.
        frames_checked: of a clip that must come out frame by frame as it does at once.
        track: wraps rounds, for instance in a progress bar.

    Raises:
        UserError: if a step gives something else than the clip-wise network.
    """
    frames = torch.randn(streams, 3, size, size, generator=torch.Generator().manual_seed(0)).to(device)
    subjects: dict[str, Callable[[], object]] = {}
    further: dict[str, dict[str, float]] = {}
    for fused in (False, True):
        plain, causal = (_build(depth, frames_checked, fused, device, is_tin) for is_tin in (False, True))
        suffix = ', fused' * fused
        difference = _difference(causal, size, device)
        state, memory = _watch(causal, frames, steps, track)
        further[f'step{suffix}'] = {'difference': difference, **memory}
        subjects[f'2D{suffix}'] = partial(plain.forward, frames)
        subjects[f'step{suffix}'] = partial(causal.step, frames, state)
    baselines = {f'step{suffix}': {'2D': f'2D{suffix}'} for suffix in ('', ', fused')}
    with torch.no_grad():
        seconds = alternate(subjects, repeats, warmup, device, track=lambda rounds: track(rounds, 'Timing'))
    case: dict[str, object] = dict(depth=depth, streams=streams, size=size)
    return [
        record(case, row, **{'frames/s': streams / row.median}, **further.get(row.name, {}))
        for row in compare(seconds, baselines)
    ]


def _build(depth: int, num_segments: int, fused: bool, device: str, is_tin: bool) -> TINResNet:
    torch.manual_seed(0)
    network = TINResNet(
        depth,
        num_segments=num_segments,
        groups=4,
        reverse=False,
        offsets_per='frame',
        causal=True,
        is_tin=is_tin,
    )
    network.to(device).eval()
    return network.fuse_for_inference() if fused else network


@torch.no_grad()
def _difference(network: TINResNet, size: int, device: str) -> float:
    random = torch.Generator().manual_seed(1)
    clip = torch.randn(network.num_segments, 3, size, size, generator=random).to(device)
    state: StreamState | None = None
    found = []
    for frame in clip.split(1):
        features, state = stream_step(network, frame, state)
        found.append(features)
    wanted = network(clip)
    error = ((torch.cat(found) - wanted).abs().max() / wanted.abs().max()).item()
    if not error <= _TOLERANCE:  # negated, since a comparison with NaN is false
        raise UserError(
            f'a step gives a wrong answer, so that it is not timed: features are off by {error:.2g} of the '
            f'largest from those of the clip; {_TOLERANCE:g} is allowed'
        )
    return error


def _watch(
    network: TINResNet, frames: Tensor, steps: int, track: Track
) -> tuple[StreamState, dict[str, float]]:
    _, state = stream_step(network, frames)
    before = resident('VmRSS')
    for step in track(range(steps), 'Steps'):
        if step == steps // 10:
            before = resident('VmRSS')
        _, state = stream_step(network, frames, state)
    growth = resident('VmRSS') - before
    parts = [part for past, *others in state for part in (*past, *others)]
    held = sum(part.numel() * part.element_size() for part in parts)
    return state, {'state MB': held / 1e6, f'MB grown in {steps} steps': growth / 1e6}
