"""Tests of the Triton backend alone; those that it shares with the other backends are in test_backends.py
and test_interlace.py. Without a GPU, Triton's interpreter runs the kernels.
"""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from cases import (
    assert_matches_reference,
    gradients,
    make,
    naive_interlace,
    naive_shift,
    offsets,
    offsets_of_every_kind,
    shifts_of_every_kind,
)
from tolerance import assert_close

from mmtin.ops import available_backends, temporal_interlace, tin_shift
from mmtin.ops.backend import BACKENDS, choose_backend
from mmtin.ops.triton import launch, ops
from mmtin.ops.triton.launch import interlace_backward_into, interlace_into


@pytest.fixture(autouse=True)
def skip_where_it_cannot_run(device):
    reason = ops.unavailable(torch.device(device))
    if reason is not None:
        pytest.skip(reason)


LAYOUTS = ['contiguous', 'channels_last', 'slice', 'slice of channels_last']
layouts = pytest.mark.parametrize('layout', LAYOUTS)


def clips_of(layout, n=2, t=4, c=8, h=3, w=5, dtype=torch.float32):
    """``[N, T, C, H, W]`` and the wider tensor of which it may be a slice."""
    wide = torch.randn(n * t, 2 * c if 'slice' in layout else c, h, w).to(dtype)
    if 'channels_last' in layout:
        wide = wide.contiguous(memory_format=torch.channels_last)
    wide = wide.unflatten(0, (n, t))
    return wide[:, :, :c], wide


def shares(n=2, t=4, g=4, per_frame=False):
    return offsets_of_every_kind(n, t, g, per_frame), 2 * torch.rand(n, t, g)


@layouts
def test_layout_of_the_result_and_of_the_gradient(layout):
    x, _ = clips_of(layout)
    x.requires_grad_()
    output = temporal_interlace(x, *shares(), backend='triton')
    shifted = tin_shift(x, shifts_of_every_kind(2, 4, 4), 'triton')
    (grad,) = torch.autograd.grad(output, x, torch.randn_like(output))
    for result in (output, shifted, grad):
        frames = result.flatten(0, 1)
        channels_last = 'channels_last' in layout
        assert frames.is_contiguous(
            memory_format=torch.channels_last if channels_last else torch.contiguous_format
        )


@layouts
@offsets
def test_primitives_read_and_write_slices_where_they_are(layout, per_frame):
    x, _ = clips_of(layout)
    offset, weight = shares(per_frame=per_frame)
    out, wide_out = clips_of('slice of channels_last' if 'channels_last' in layout else 'slice')
    grad_x, wide_grad = out.clone(), wide_out.clone().fill_(torch.nan)
    grad_x = wide_grad[:, :, : x.shape[2]]
    wide_out.fill_(torch.nan)
    exact = [tensor.double().requires_grad_() for tensor in (x, offset, weight)]
    expected, grad_output = temporal_interlace(*exact, backend='reference'), torch.randn(x.shape)

    interlace_into(out, x, offset, weight)
    grads = interlace_backward_into(grad_x, grad_output, x, offset, weight)

    assert_close(out, expected, x.dtype)
    for got, wanted in zip((grad_x, *grads), gradients(expected, exact, grad_output), strict=True):
        assert_close(got, wanted, x.dtype)
    for wide in (wide_out, wide_grad):
        assert wide[:, :, x.shape[2] :].isnan().all(), 'wrote beside its slice'
    assert launch.flat(x).data_ptr() == x.data_ptr(), 'copied its input'


def test_primitives_refuse():
    x, (offset, weight) = torch.randn(2, 4, 8, 3, 5), shares()
    with pytest.raises(ValueError, match=r'out must have the shape of x, \[2, 4, 8, 3, 5\], got \[2, 4, 8'):
        interlace_into(torch.empty(2, 4, 8, 5, 3), x, offset, weight)
    with pytest.raises(ValueError, match=r'one stride must span the spatial dimensions of out'):
        interlace_into(torch.empty(2, 4, 8, 5, 3).transpose(3, 4), x, offset, weight)
    with pytest.raises(ValueError, match=r'weight \[N, T, G\].*got \[2, 4\] and \[2, 3, 4\]'):
        interlace_into(torch.empty_like(x), x, offset, weight[:, 1:])
    with pytest.raises(ValueError, match='grad_output must have the shape of x'):
        interlace_backward_into(torch.empty_like(x), x[:, 1:], x, offset, weight)


@offsets
@pytest.mark.parametrize('layout', ['contiguous', 'slice of channels_last', 'no space'])
def test_many_tiles(monkeypatch, layout, per_frame):
    """Tiles of 2 frames and some elements, so that every dimension needs several."""
    monkeypatch.setattr(launch, 'MAX_FRAMES', 2)
    monkeypatch.setattr(launch, 'FORWARD_BYTES', 256)
    monkeypatch.setattr(launch, 'BACKWARD_BYTES', 128)
    x = clips_of(layout, 1, 3, 12, 3, 5)[0] if layout != 'no space' else torch.randn(1, 3, 80)[..., :72]
    x = x.requires_grad_()
    offset, weight = (tensor.requires_grad_() for tensor in shares(1, 3, 3, per_frame))
    assert_matches_reference('triton', x, offset, weight, torch.randn(x.shape))


@offsets
def test_many_frames(per_frame):
    x, offset, weight = make((1, 37, 4, 2, (3,)), per_frame=per_frame)
    assert_matches_reference('triton', x, offset, weight, torch.randn(x.shape))


@pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')  # of the interpreter
@pytest.mark.parametrize('poison', [torch.nan, torch.inf])
def test_a_frame_that_is_not_finite_spoils_only_frames_made_of_it(poison):
    x = torch.randn(1, 6, 5, 3)
    x[:, 2] = poison
    # The last one is so near to zero that the frame after has a share of 1 after rounding.
    offset = torch.tensor([[0.0, 1.0, -0.5, 1.25, -1e-9]])
    output = temporal_interlace(x, offset, backend='triton')
    shifted = tin_shift(x, torch.tensor([[0, 1, -1, 9, 2]]), 'triton')
    spoilt = {0: [2], 1: [3], 2: [1, 2], 3: [3, 4], 4: [2]}
    moved = {0: [2], 1: [3], 2: [1], 3: [], 4: [4]}
    for result, frames in ((output, spoilt), (shifted, moved)):
        for group, wanted in frames.items():
            bad = ~result[0, :, group].isfinite()
            assert (bad.all(1) == bad.any(1)).all()
            assert bad.all(1).nonzero().flatten().tolist() == wanted


def test_a_gradient_that_is_not_finite_stays_where_it_came_from():
    x = torch.randn(1, 6, 2, 3, requires_grad=True)
    grad_output = torch.randn(x.shape)
    grad_output[:, 2] = torch.nan
    output = temporal_interlace(x, torch.tensor([[1.0, -0.5]]), backend='triton')
    (grad,) = torch.autograd.grad(output, x, grad_output)
    bad = grad.isnan()[0, :, :, 0]
    assert [bad[:, group].nonzero().flatten().tolist() for group in (0, 1)] == [[1], [2, 3]]


@pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')
def test_an_offset_that_is_not_a_number_shows():
    x = torch.randn(1, 4, 2, 3)
    output = temporal_interlace(x, torch.tensor([[torch.nan, 0.5]]), backend='triton')
    assert output[:, :, 0].isnan().all() and output[:, :, 1].isfinite().all()


def test_gradients_are_the_same_in_every_run():
    x, offset, weight = make((2, 8, 8, 4, (9, 9)))
    grad_output = torch.randn(x.shape)
    first, second = (
        gradients(temporal_interlace(x, offset, weight, 'triton'), (x, offset, weight), grad_output)
        for _ in range(2)
    )
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize('far', ['clips', 'frames', 'channels', 'pixels'])
def test_places_beyond_32_bits(far):
    """On the CPU only the pages that are touched take memory; a GPU needs 8 GB."""
    distance = 2**30 + 64
    memory = torch.empty(4 * distance, dtype=torch.float16)
    strides = [1, 4, 16, 64]
    strides[['clips', 'frames', 'channels', 'pixels'].index(far)] = distance
    x, values = memory.as_strided((4, 4, 4, 4), strides), torch.randn(4, 4, 4, 4).half()
    x.copy_(values)
    offset, weight = shares(4, 4, 4)
    expected = naive_interlace(values, offset, weight)
    assert_close(temporal_interlace(x, offset, weight, 'triton'), expected, x.dtype)
    interlace_into(x, values, offset, weight)
    assert_close(x, expected, x.dtype)


@pytest.mark.parametrize(
    ('layout', 'per_frame'), [*((layout, False) for layout in LAYOUTS), ('contiguous', True)]
)
@pytest.mark.skipif(not hasattr(torch.library, 'opcheck'), reason='torch 2.4 brought custom operators')
def test_custom_operators_keep_their_promises(layout, per_frame):
    """Schema, autograd, shapes and strides of the fake results, dynamic shapes."""
    x, _ = clips_of(layout)
    offset, weight = shares(per_frame=per_frame)
    needs = [tensor.requires_grad_() for tensor in (x, offset, weight)]
    torch.library.opcheck(torch.ops.mmtin.temporal_interlace, tuple(needs))
    torch.library.opcheck(torch.ops.mmtin.tin_shift, (x, shifts_of_every_kind(2, 4, 4)))
    grad_output = torch.randn(()).expand(x.shape)
    plain = [tensor.detach() for tensor in (grad_output, *needs)]
    torch.library.opcheck(torch.ops.mmtin.temporal_interlace_backward, tuple(plain))


@pytest.mark.parametrize('layout', ['contiguous', 'slice of channels_last'])
def test_compiles_in_one_graph(layout):
    x, offset, weight = clips_of(layout)[0].requires_grad_(), *shares()
    whole = shifts_of_every_kind(2, 4, 4)

    @torch.compile(fullgraph=True, backend='aot_eager')
    def operate(x, offset, weight):
        return temporal_interlace(x, offset, weight, 'triton') + tin_shift(x, whole, 'triton')

    inputs = (x, offset.requires_grad_(), weight.requires_grad_())
    expected = temporal_interlace(*inputs, backend='reference') + naive_shift(x, whole)
    assert_close(operate(*inputs), expected, x.dtype)
    expected = temporal_interlace(*inputs, backend='reference') + tin_shift(x, whole, 'reference')
    grad_output = torch.randn(x.shape)
    for got, wanted in zip(
        gradients(operate(*inputs), inputs, grad_output), gradients(expected, inputs, grad_output)
    ):
        assert_close(got, wanted, x.dtype)


def test_export_keeps_the_operator():
    class Interlace(torch.nn.Module):
        def forward(self, x, offset, weight):
            return temporal_interlace(x, offset, weight, 'triton')

    inputs = clips_of('channels_last')[0], *shares()
    program = torch.export.export(Interlace(), inputs)
    assert torch.ops.mmtin.temporal_interlace.default in [node.target for node in program.graph.nodes]
    assert torch.equal(program.module()(*inputs), Interlace()(*inputs))


def test_says_why_it_cannot_run(monkeypatch):
    monkeypatch.setattr(ops, '_INTERPRETED', False)
    x = torch.zeros(1, 2, 2, device='cpu')
    with pytest.raises(ValueError, match="'triton' cannot run: the Triton kernels need a CUDA device; the"):
        temporal_interlace(x, torch.zeros(1, 1, device='cpu'), backend='triton')
    monkeypatch.setattr(ops.shutil, 'which', lambda name: None)
    monkeypatch.delenv('CC', raising=False)
    assert 'install gcc' in ops._missing()
    # None in sys.modules is how Python spells "cannot be imported".
    monkeypatch.setattr(ops.importlib.util, 'find_spec', lambda name: None)
    assert 'pip install triton' in ops._missing()
    monkeypatch.setattr(ops, '_MISSING', ops._missing())
    assert 'Triton is not installed' in ops.unavailable(torch.device('cuda'))


def test_auto_takes_it_on_a_gpu_and_never_interprets(device):
    assert 'triton' in available_backends(device)
    assert (choose_backend('auto', torch.zeros(1, 2, 2)) is BACKENDS['triton']) == (device == 'cuda')


def test_kernels_move_16_bytes_a_thread_and_spill_nothing(tmp_path):
    """Compiled for an H100 and an A100, at sizes of a ResNet-50; needs no GPU."""
    cases = [
        [capability, dtype, num_segments, layout, channels, size]
        for capability, dtype, num_segments, layout, channels, size in (
            (90, 'float32', 8, 'contiguous_format', 64, 56),
            (90, 'float32', 16, 'channels_last', 512, 7),
            (90, 'bfloat16', 8, 'contiguous_format', 512, 7),
            (90, 'bfloat16', 8, 'channels_last', 64, 56),
            (80, 'float16', 16, 'channels_last', 256, 14),
        )
    ]
    script = Path(__file__).with_name('compile_kernels.py')
    environment = {name: value for name, value in os.environ.items() if name != 'TRITON_INTERPRET'}
    result = subprocess.run(
        [sys.executable, str(script), json.dumps(cases)],
        cwd=tmp_path,
        env={**environment, 'TRITON_CACHE_DIR': str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    reports = [json.loads(line) for line in result.stdout.splitlines() if line.startswith('[')]
    assert [case for case, *_ in reports] == cases
    for case, forward, backward in reports:
        for kernel in (forward, backward):
            assert kernel['STACK'] == kernel['LOCAL'] == 0, (case, kernel)
            # Triton 3.6, that of torch 2.11, takes some more.
            assert kernel['REG'] <= (64 if version('triton') >= '3.7' else 72), (case, kernel)
            # All but the loads of offsets and weights, numbers in float32, and the stores of partial sums.
            numbers = [load for load in kernel['loads'] if load != 'v4.b32']
            assert set(numbers) <= {'b32'} and len(numbers) <= 8, (case, kernel)
            assert kernel['loads'].count('v4.b32') >= 8, (case, kernel)
            assert 'v4.b32' in kernel['stores'], (case, kernel)
        assert set(forward['stores']) == {'v4.b32'}, case


def test_triton_that_is_too_old(monkeypatch):
    """'auto' must not take it: torch 2.1 brings Triton 2.1 with CUDA."""
    monkeypatch.setattr(ops, 'is_older', lambda module, version: True)
    assert 'need Triton 3.4 or newer' in ops._missing()
