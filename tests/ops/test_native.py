"""The C kernels: compiling, loading, and failures of these."""

import re
import shutil
import stat
from pathlib import Path

import pytest
import torch

from mmtin.models import TemporalInterlace
from mmtin.ops import available_backends, native, temporal_interlace
from mmtin.ops.descriptor import describe
from mmtin.ops.native import build

CLIPS, OFFSET = torch.ones(1, 2, 1), torch.zeros(1, 1)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, as on a new machine."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    build._load_once.cache_clear()
    yield tmp_path / 'mmtin'
    build._load_once.cache_clear()


def test_compiles_once(cache):
    temporal_interlace(CLIPS, OFFSET, backend='native')
    (library,) = cache.iterdir()
    written = library.stat().st_mtime_ns
    build._load_once.cache_clear()
    temporal_interlace(CLIPS, OFFSET, backend='native')
    assert list(cache.iterdir()) == [library] and library.stat().st_mtime_ns == written


def test_no_compiler(cache, monkeypatch):
    """By name it says why; 'auto' takes another backend."""
    monkeypatch.setenv('CC', 'no-such-compiler')
    with pytest.raises(ValueError, match="'native' cannot run: there is no C compiler; install gcc"):
        temporal_interlace(CLIPS, OFFSET, backend='native')
    assert 'native' not in available_backends('cpu')
    assert torch.equal(temporal_interlace(CLIPS, OFFSET), CLIPS)


@pytest.mark.parametrize(
    ('script', 'reason'), [('echo no OpenMP here >&2; exit 1', 'no OpenMP here'), ('exit 3', 'status 3')]
)
def test_broken_compiler(cache, tmp_path, monkeypatch, script, reason):
    compiler = tmp_path / 'broken'
    compiler.write_text(f'#!/bin/sh\n{script}\n')
    compiler.chmod(stat.S_IRWXU)
    monkeypatch.setenv('CC', str(compiler))
    with pytest.raises(ValueError, match=f'does not compile the kernels: {reason}'):
        temporal_interlace(CLIPS, OFFSET, backend='native')
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    ('without', 'reason'),
    [
        ('exit 1', 'does not compile the kernels: status 1'),  # Apple's clang knows no OpenMP
        # clang asks for functions of another OpenMP
        ('set -- "$@" -include "$0.h"', 'does not load: .*undefined symbol: of_another_openmp'),
    ],
    ids=['unknown', 'another'],
)
def test_compiler_whose_openmp_is_not_of_torch(cache, tmp_path, monkeypatch, without, reason):
    compiler = tmp_path / 'clang'
    compiler.write_text(f'#!/bin/sh\ncase "$*" in *-fopenmp*) {without} ;; esac\nexec cc "$@"\n')
    compiler.chmod(stat.S_IRWXU)
    Path(f'{compiler}.h').write_text(
        'int of_another_openmp(void);\n'
        '__attribute__((used)) static int ask(void) { return of_another_openmp(); }\n'
    )
    monkeypatch.setenv('CC', str(compiler))
    said = []
    monkeypatch.setattr(build, 'print_log', lambda text, **_: said.append(text))
    x, offset = torch.randn(2, 5, 4, 3, 3), torch.tensor([[0.5, -1.25], [3.0, 0.0]])
    torch.testing.assert_close(
        temporal_interlace(x, offset, backend='native'), temporal_interlace(x, offset, backend='reference')
    )
    assert re.search(f'in one thread: .*{reason}', *said)
    assert len(list(cache.iterdir())) == 1


@pytest.mark.skipif(shutil.which('clang') is None, reason='there is no clang')
def test_clang(cache, monkeypatch):
    monkeypatch.setenv('CC', 'clang')
    assert torch.equal(temporal_interlace(CLIPS, OFFSET, backend='native'), CLIPS)


def test_no_cache_folder(cache):
    cache.write_text('a file where the folder should be')
    with pytest.raises(ValueError, match="'native' cannot run: the kernels cannot be written to"):
        temporal_interlace(CLIPS, OFFSET, backend='native')


def test_no_home(monkeypatch):
    """As in a container whose user has no entry in its list of users."""
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)

    def home():
        raise RuntimeError('Could not determine home directory.')

    monkeypatch.setattr(build.Path, 'home', home)
    build._load_once.cache_clear()
    try:
        with pytest.raises(
            ValueError, match='has no home folder; name one for the cache in XDG_CACHE_HOME'
        ):
            temporal_interlace(CLIPS, OFFSET, backend='native')
    finally:
        build._load_once.cache_clear()


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16], ids=str)
def test_damaged_library(cache, dtype):
    """By name it says why; 'auto' takes another backend."""
    library = build.library_file(shutil.which('cc'), dtype)
    cache.mkdir()
    library.write_bytes(b'not a library')
    clips = CLIPS.to(dtype)
    with pytest.raises(ValueError, match=f'do not load .* delete {library}'):
        temporal_interlace(clips, OFFSET, backend='native')
    assert torch.equal(temporal_interlace(clips, OFFSET), clips)


def test_not_a_number_stays_in_its_frames():
    """Where a product of matrices would spread it over the clip."""
    x = torch.zeros(1, 6, 1, 2)
    x[0, 2, 0, 1] = float('nan')
    moved = temporal_interlace(x, torch.tensor([[1.5]]), backend='native')
    assert moved.isnan().nonzero()[:, 1].tolist() == [3, 4]


@pytest.mark.parametrize('offset', [float('nan'), float('inf'), -float('inf')])
def test_offset_that_is_no_number_shows(offset):
    assert temporal_interlace(CLIPS, torch.tensor([[offset]]), backend='native').isnan().all()


@pytest.mark.parametrize('like', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
def test_one_channel_into_a_slice(like, memory_format):
    """A single channel is planes and pixels at once; the wider tensor decides."""
    x = torch.randn(4, 1, 3, 5).contiguous(memory_format=memory_format).unflatten(0, (2, 2))
    wide = torch.zeros(4, 6, 3, 5).contiguous(memory_format=like)
    offset, weight = torch.tensor([[0.5], [-1.0]]), torch.rand(2, 2, 1)
    native._interlace(wide[:, 2:3].unflatten(0, (2, 2)), x, offset, weight)
    expected = temporal_interlace(x, offset, weight, 'reference')
    torch.testing.assert_close(wide[:, 2:3].unflatten(0, (2, 2)), expected)
    assert wide[:, [0, 1, 3, 4, 5]].count_nonzero() == 0


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(('groups', 'reverse', 't'), [(2, True, 8), (1, True, 3), (4, False, 1)])
def test_predicts_what_the_networks_do(memory_format, groups, reverse, t):
    """Offsets, weights and the gradients of frames and parameters; fc1's ReLU is off for some frames."""
    module = TemporalInterlace(64, t, groups=groups, reverse=reverse)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    frames = torch.randn(2 * t, 64, 5, 3).contiguous(memory_format=memory_format)
    layers = module.offset_net.conv, module.offset_net.fc1, module.offset_net.fc2, module.weight_net.conv
    parameters = [parameter for layer in layers for parameter in (layer.weight, layer.bias)]

    def results(predict):
        x = frames.clone(memory_format=torch.preserve_format).requires_grad_()
        shared, offset, weight = predict(x.clone(memory_format=torch.preserve_format))
        total = (offset * torch.arange(1.0, 1 + offset.shape[1])).sum() + weight.square().sum()
        total = total + (shared * frames.cos()).sum()
        return offset, weight, *torch.autograd.grad(total, [x, *parameters])

    def by_layers(x):
        x, descriptor = describe(x, 16, t)
        return x, *module.offsets_and_weights(descriptor)

    at_once = results(lambda x: native.predict(x, 16, parameters, module.offset_net.max_offset, reverse))
    for got, wanted in zip(at_once, results(by_layers), strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('of_parameters', [torch.float32, torch.bfloat16], ids=['autocast', 'all'])
def test_predicts_from_bfloat16_as_from_the_same_numbers_in_single(memory_format, of_parameters):
    module = TemporalInterlace(64, 4)
    layers = module.offset_net.conv, module.offset_net.fc1, module.offset_net.fc2, module.weight_net.conv
    parameters = [
        part.detach().to(of_parameters) for layer in layers for part in (layer.weight, layer.bias)
    ]
    frames = torch.randn(8, 64, 5, 3).contiguous(memory_format=memory_format).bfloat16()

    def results(dtype):
        x, *given = (
            part.detach().to(dtype or part.dtype).requires_grad_() for part in (frames, *parameters)
        )
        shared, offset, weight = native.predict(x.clone(), 16, given, module.offset_net.max_offset, True)
        total = offset.square().sum() + weight.square().sum() + (shared * frames.cos()).sum()
        return offset, weight, *torch.autograd.grad(total, [x, *given])

    for got, wanted in zip(results(None), results(torch.float32), strict=True):
        assert got.dtype in (wanted.dtype, of_parameters, frames.dtype)
        torch.testing.assert_close(got.float(), wanted, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize('value', [1 + 2**-8, 1 + 3 * 2**-8, 3.3895e38, -1e-40, float('inf'), float('nan')])
def test_rounds_to_bfloat16_as_torch_does(value):
    """Half of the way to an even and to an odd number, beyond the largest, below the least normal one."""
    one, weight = torch.ones(1, 1, 1, dtype=torch.bfloat16), torch.tensor([[[value]]])
    rounded = temporal_interlace(one, torch.zeros(1, 1), weight, backend='native')
    torch.testing.assert_close(rounded, weight.bfloat16(), rtol=0, atol=0, equal_nan=True)
