"""Time whole recognizers, see :mod:`mmtin.benchmarking.network`, after checking TIN's answers."""

import copy
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mmtin.benchmarking.network import (
    FAST,
    LAYOUTS,
    Case,
    Setting,
    build,
    fastest,
    inference,
    scores,
    subject,
)
from mmtin.benchmarking.output import record, unmeasured
from mmtin.benchmarking.timing import alternate, compare
from mmtin.errors import UserError

# Largest norm of the error as a share of the norm of the expected result.
_OUTPUT_TOLERANCE = {torch.float32: 1e-5, torch.float16: 2e-2, torch.bfloat16: 1e-1}
_GRADIENT_TOLERANCE = 1e-3

Track = Callable[[Iterable[int], str], Iterable[int]]


def check_answers(case: Case, setting: Setting, model: nn.Module | None = None) -> None:
    """Compare TIN's scores, and for training its gradients, with MMAction2's composition in float32.

    Args:
        model: a recognizer with TINResNet, by default as :func:`build` makes it.

    Raises:
        UserError: if they differ.
    """
    case = replace(case, clips=min(case.clips, 2))
    model = build('tin', case, setting) if model is None else model
    reference = build('mmaction2', case, setting, composed=True)
    reference.load_state_dict(model.state_dict())
    frames, labels = setting.frames(case, 'nchw'), setting.labels(case)
    with torch.backends.cudnn.flags(allow_tf32=False):
        wanted = inference(reference, Setting(), frames)()
        for layout in setting.layouts:
            own = copy.deepcopy(model).to(memory_format=LAYOUTS[layout])
            found = inference(own, Setting(), setting.frames(case, layout))()
            _require(f'tin, {layout}', 'scores', found, wanted, _OUTPUT_TOLERANCE[torch.float32])
            if setting.dtype != torch.float32:
                found = inference(own, setting, setting.frames(case, layout))()
                _require(f'tin, {layout}', 'scores', found, wanted, _OUTPUT_TOLERANCE[setting.dtype])
        if hasattr(model.backbone, 'fuse_for_inference') and case.mode == 'inference':
            found = inference(fastest(copy.deepcopy(model)), setting, frames)()
            _require(FAST, 'scores', found, wanted, _OUTPUT_TOLERANCE[setting.dtype])
        if case.mode == 'train':
            found, wanted = (_gradient(each, frames, labels) for each in (model, reference))
            _require('tin', 'gradients', found, wanted, _GRADIENT_TOLERANCE)


def measure(
    cases: Sequence[Case],
    setting: Setting,
    against: Sequence[str] = ('tsn', 'tsm', 'mmaction2'),
    repeats: int = 10,
    warmup: int = 1,
    max_minutes: float = float('inf'),
    track: Track = lambda rounds, description: rounds,
) -> list[dict[str, object]]:
    """Records of every case, in which all subjects and layouts take turns.

    A case that would end after ``max_minutes`` is left out, and its record says so.

    Raises:
        UserError: if a subject's answer is wrong.
    """
    started, records = time.monotonic(), []
    for case in cases:
        names = [*against, 'tin']
        seconds = _seconds_of_tsn(case, setting)
        minutes = seconds * (len(names) * len(setting.layouts) + 1) * (repeats + warmup) / 60
        if (time.monotonic() - started) / 60 + minutes > max_minutes:
            reason = f'would take some {minutes:.1f} min more; raise --max-minutes or lower --repeats'
            records.append(unmeasured(asdict(case), 'all', reason))
            continue
        check_answers(case, setting)
        records += _measure_case(case, setting, names, repeats, warmup, track)
    return records


def _measure_case(
    case: Case, setting: Setting, names: list[str], repeats: int, warmup: int, track: Track
) -> list[dict[str, object]]:
    wanted = [(name, layout) for layout in setting.layouts for name in names]
    if case.mode == 'inference' and hasattr(MODELS.get('TINResNet'), 'fuse_for_inference'):
        wanted.append((FAST, 'nchw'))
    subjects, missing = {}, []
    for name, layout in wanted:
        try:
            call = subject(name, case, setting, layout)
            call()
            subjects[f'{name}, {layout}'] = call
        except (ImportError, RuntimeError, TypeError, ValueError) as error:
            missing.append(unmeasured({**asdict(case), 'layout': layout}, name, str(error).splitlines()[0]))
    baselines = {
        f'{name}, {layout}': {
            other: f'{other}, {layout}' for other in names[:-1] if f'{other}, {layout}' in subjects
        }
        for name, layout in wanted
    }
    title = f'{case.mode}, R{case.depth}, {case.frames} frames, {case.clips} clips'
    seconds = alternate(
        subjects, repeats, warmup, setting.device, track=lambda rounds: track(rounds, title)
    )
    records = []
    for row in compare(seconds, baselines):
        name, layout = row.name.split(', ')
        line = record({**asdict(case), 'layout': layout}, row, **{'clips/s': case.clips / row.median})
        records.append({**line, 'subject': name})
    return records + missing


def _seconds_of_tsn(case: Case, setting: Setting) -> float:
    call = subject('tsn', case, setting, setting.layouts[0])
    return alternate({'tsn': call}, 1, 1, setting.device)['tsn'][0]


def _gradient(model: nn.Module, frames: Tensor, labels: Tensor) -> Tensor:
    """The gradients of all parameters, in one vector."""
    model.train()
    trained = {key: value for key, value in model.named_parameters() if value.requires_grad}
    loss = F.cross_entropy(scores(model, frames), labels)
    gradients = dict(zip(trained, torch.autograd.grad(loss, trained.values()), strict=True))
    return torch.cat([gradients[key].flatten() for key in sorted(gradients)])


def _require(name: str, what: str, found: Tensor, wanted: Tensor, tolerance: float) -> None:
    error = ((found.double() - wanted.double()).norm() / wanted.double().norm()).item()
    # Negated, since a comparison with NaN is false.
    if not error <= tolerance:
        raise UserError(
            f'{name} gives a wrong answer, so that it is not timed: its {what} are off by {error:.2g} of '
            f'their norm; {tolerance:g} is allowed'
        )
