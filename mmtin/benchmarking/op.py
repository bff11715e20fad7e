"""Time the operator by each backend against a plain copy.

An operator that only moves features cannot be much faster than a copy: ``x.clone()`` forward,
``grad_output.clone()`` backward, both with autograd off. GB/s counts the least traffic: the operator must
read x and write its output, 2 tensors of the size of x; backward it must read grad_output and x and write
the gradient of x, 3 tensors. The copy moves 2 and 2. ``of copy %`` is the rate as a share of the copy's:
50 % is twice the time of a plain copy of the same bytes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from mmtin.benchmarking.composed import mmaction2_interlace
from mmtin.benchmarking.output import record, unmeasured
from mmtin.benchmarking.timing import alternate, compare, gpu_clock, wall_clock
from mmtin.errors import UserError
from mmtin.ops import temporal_interlace
from mmtin.ops.backend import BACKENDS

# Least traffic in tensors of the size of x; see above.
_OPERATOR_TENSORS = {'forward': 2, 'backward': 3, 'forward+backward': 5}
_COPY_TENSORS = {'forward': 2, 'backward': 2, 'forward+backward': 4}
# Largest error as a share of the largest value: a few units in the last place of each dtype.
_TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}

Operator = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Inputs:
    """What one case feeds to every subject: x and grad_output ``[N, T, C, H, W]``, offset ``[N, G]`` in
    frames, weight ``[N, T, G]``.
    """

    x: Tensor
    offset: Tensor
    weight: Tensor
    grad_output: Tensor

    @property
    def differentiated(self) -> tuple[Tensor, Tensor, Tensor]:
        """The tensors whose gradients are taken."""
        return self.x, self.offset, self.weight


def make_inputs(
    clips: int,
    frames: int,
    channels: int,
    size: int,
    layout: str = 'nchw',
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = 'cpu',
    groups: int = 4,
) -> Inputs:
    """Random clips with offsets up to a quarter of a clip, the same on every call."""
    if channels % groups:
        raise UserError(f'--channels must be a multiple of the {groups} groups, got {channels}')
    random = torch.Generator(device).manual_seed(0)

    def normal() -> Tensor:
        values = torch.randn(clips * frames, channels, size, size, generator=random, device=device)
        if layout == 'channels_last':
            values = values.contiguous(memory_format=torch.channels_last)
        return values.to(dtype).unflatten(0, (clips, frames))

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=random, device=device)

    return Inputs(
        x=normal().requires_grad_(),
        offset=((uniform(clips, groups) - 0.5) * frames / 2).requires_grad_(),
        weight=(2 * uniform(clips, frames, groups)).requires_grad_(),
        grad_output=normal(),
    )


def check_answer(name: str, operator: Operator, inputs: Inputs, exact_gradient: bool = True) -> None:
    """Compare the output and every gradient with the reference, which computes in double precision.

    Args:
        name: of the subject, for the error.
        operator: of x, offset and weight.
        inputs: those that will be timed.
        exact_gradient: False skips the gradient of x, which is wrong in mmcv's own operator.

    Raises:
        UserError: if one is wrong.
    """
    doubled = [tensor.detach().double().requires_grad_() for tensor in inputs.differentiated]
    wanted = temporal_interlace(*doubled, backend='reference')  # type: ignore[misc, arg-type]
    found = operator(*inputs.differentiated)
    wanted_gradients = torch.autograd.grad(wanted, doubled, inputs.grad_output.double())
    gradients = torch.autograd.grad(found, inputs.differentiated, inputs.grad_output.to(found))
    pairs = {'output': (found, wanted)}
    for label, ours, exact in zip(('x', 'offset', 'weight'), gradients, wanted_gradients, strict=True):
        if exact_gradient or label != 'x':
            pairs[f'gradient of {label}'] = (ours, exact)
    for label, (ours, exact) in pairs.items():
        error = ((ours.double() - exact).abs().max() / exact.abs().max()).item()
        # Offsets and weights are single precision, whatever the dtype of x.
        allowed = max(_TOLERANCE[inputs.x.dtype], _TOLERANCE[ours.dtype])
        # Negated, since a comparison with NaN is false.
        if not error <= allowed:
            raise UserError(
                f'{name} gives a wrong answer, so that it is not timed: the {label} is off by {error:.2g} '
                f'of the largest value; {allowed:g} is allowed for {inputs.x.dtype}'
            )


def measure(
    inputs: Inputs,
    repeats: int,
    against: Iterable[str] = ('mmaction2',),
    warmup: int = 2,
    track: Callable[[range], Iterable[int]] = iter,
) -> list[dict[str, object]]:
    """Records of forward, backward and both together, for each backend, the copy and ``against``.

    Raises:
        UserError: if a subject's answer is wrong.
    """
    operators, missing = _operators(inputs, against)
    for name, operator in operators.items():
        check_answer(name, operator, inputs, exact_gradient=operator is not mmaction2_interlace)
    cuda, size = inputs.x.is_cuda, inputs.x.numel() * inputs.x.element_size()
    records = []
    for pass_, tensors in _OPERATOR_TENSORS.items():
        subjects = {'copy': _copy(pass_, inputs)}
        subjects |= {name: _passes(operator, inputs)[pass_] for name, operator in operators.items()}
        seconds = alternate(
            subjects, repeats, warmup, inputs.x.device, gpu_clock if cuda else wall_clock, track
        )
        others = {'copy': 'copy', **{name: name for name in against if name in subjects}}
        rows = compare(seconds, dict.fromkeys(subjects, others))
        for row in rows:
            moved = _COPY_TENSORS[pass_] if row.name == 'copy' else tensors
            share = 100 * moved / _COPY_TENSORS[pass_] / row.ratios['copy']
            rates = {'GB/s': moved * size / row.median / 1e9, 'of copy %': share}
            records.append(record({'pass': pass_}, row, **rates))
        records += [unmeasured({'pass': pass_}, name, reason) for name, reason in missing.items()]
    return records


def _operators(inputs: Inputs, against: Iterable[str]) -> tuple[dict[str, Operator], dict[str, str]]:
    """The subjects that run on these inputs, and the reasons why others do not."""
    candidates: dict[str, Operator] = {}
    for name in BACKENDS:
        candidates[name] = partial(temporal_interlace, backend=name)
    if 'mmaction2' in against:
        candidates['mmaction2'] = mmaction2_interlace
    able, missing = {}, {}
    for name, operator in candidates.items():
        try:
            with torch.no_grad():
                operator(*inputs.differentiated)
            able[name] = operator
        except (ValueError, TypeError) as error:
            missing[name] = str(error)
    return able, missing


def _passes(operator: Operator, inputs: Inputs) -> dict[str, Callable[[], object]]:
    def forward() -> Tensor:
        with torch.no_grad():
            return operator(*inputs.differentiated)

    def both() -> object:
        output = operator(*inputs.differentiated)
        return torch.autograd.grad(output, inputs.differentiated, inputs.grad_output)

    def backward() -> object:
        return torch.autograd.grad(output, inputs.differentiated, inputs.grad_output, retain_graph=True)

    output = operator(*inputs.differentiated)
    return {'forward': forward, 'backward': backward, 'forward+backward': both}


def _copy(pass_: str, inputs: Inputs) -> Callable[[], object]:
    x, grad_output = inputs.x.detach(), inputs.grad_output
    return {
        'forward': lambda: x.clone(),
        'backward': lambda: grad_output.clone(),
        'forward+backward': lambda: (x.clone(), grad_output.clone()),
    }[pass_]
