"""The C kernels: compiling, loading, and what happens where that fails."""

import os
import stat
import subprocess
import sys

import pytest
import torch

from mmtin.ops import native, temporal_interlace

OFFSETS = "torch.zeros(1, 1), backend='native'"
USE = f'import torch; from mmtin.ops import temporal_interlace as t; t(torch.ones(1, 2, 1), {OFFSETS})'


def run(code, **environment):
    return subprocess.run(
        [sys.executable, '-c', code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_compiles_once(tmp_path):
    """A real compiler writes one file; the next process loads it with no compiler at hand."""
    assert run(USE, XDG_CACHE_HOME=str(tmp_path)).returncode == 0
    (library,) = (tmp_path / 'mmtin').iterdir()
    written = library.stat().st_mtime_ns
    assert run(USE, XDG_CACHE_HOME=str(tmp_path)).returncode == 0
    assert list((tmp_path / 'mmtin').iterdir()) == [library] and library.stat().st_mtime_ns == written


def test_no_compiler():
    """By name it says why; 'auto' takes another backend."""
    result = run(USE, CC='no-such-compiler')
    assert "backend 'native' cannot run: there is no C compiler; install gcc" in result.stderr
    auto = USE.replace("backend='native'", "backend='auto'")
    assert run(auto, CC='no-such-compiler').returncode == 0


@pytest.mark.parametrize('script', ['echo no OpenMP here >&2; exit 1', 'exit 3'])
def test_broken_compiler(tmp_path, script):
    compiler = tmp_path / 'broken'
    compiler.write_text(f'#!/bin/sh\n{script}\n')
    compiler.chmod(stat.S_IRWXU)
    result = run(USE, CC=str(compiler), XDG_CACHE_HOME=str(tmp_path))
    reason = 'no OpenMP here' if 'echo' in script else 'status 3'
    assert f'does not compile the kernels: {reason}' in result.stderr
    assert list((tmp_path / 'mmtin').iterdir()) == []


def test_no_cache_folder(tmp_path):
    (tmp_path / 'mmtin').write_text('a file where the folder should be')
    result = run(USE, XDG_CACHE_HOME=str(tmp_path))
    assert "backend 'native' cannot run: the kernels cannot be written to" in result.stderr


def test_damaged_library_is_named(tmp_path):
    assert run(USE, XDG_CACHE_HOME=str(tmp_path)).returncode == 0
    (library,) = (tmp_path / 'mmtin').iterdir()
    library.write_bytes(b'not a library')
    result = run(USE, XDG_CACHE_HOME=str(tmp_path))
    assert (
        f'the compiled kernels do not load ({library}: file too short); delete {library}' in result.stderr
    )


def test_not_a_number_stays_in_its_frames():
    """Where a product of matrices would spread it over the clip."""
    x = torch.zeros(1, 6, 1, 2)
    x[0, 2, 0, 1] = float('nan')
    moved = temporal_interlace(x, torch.tensor([[1.5]]), backend='native')
    assert moved.isnan().nonzero()[:, 1].tolist() == [3, 4]


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('channels', [1, 5, 40])
def test_describe_is_the_mean(memory_format, channels):
    frames = torch.randn(6, channels + 3, 9, 5).contiguous(memory_format=memory_format)
    clips = frames[:, :channels].unflatten(0, (2, 3))
    torch.testing.assert_close(native.describe(clips), clips.mean((3, 4)).transpose(1, 2))
