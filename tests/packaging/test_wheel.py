"""The installed package, without a checkout."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.tools.own_process import run, run_mim

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp('wheel')
    built = run(
        sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', folder,
        ROOT, cwd=folder,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout
    (path,) = folder.glob('mmtin-*.whl')
    return path


@pytest.fixture(scope='module')
def python(wheel, tmp_path_factory):
    """An environment of its own with the wheel, which borrows everything else from this one."""
    folder = tmp_path_factory.mktemp('environment')
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', folder], check=True)
    purelib = Path(sysconfig.get_path('purelib', vars={'base': str(folder)}))
    # A plain path entry: the .pth files in it, such as the editable install's, are not followed.
    (purelib / 'borrowed.pth').write_text(sysconfig.get_path('purelib'))
    result = run(
        sys.executable, '-m', 'pip', '--python', folder, 'install', '--no-deps', '--ignore-installed',
        wheel, cwd=folder,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    return str(folder / 'bin/python')


def test_wheel_holds_every_file(wheel):
    """Configs, tools, and of the package also C sources, templates and tables."""
    inside = {name.removeprefix('mmtin/.mim/') for name in zipfile.ZipFile(wheel).namelist()}
    expected = {'model-index.yml', 'configs/metafile.yml'}
    for folder in ('configs', 'tools'):
        expected |= {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob('*.py')}
    package = (path for path in (ROOT / 'mmtin').rglob('*') if path.is_file() and path.suffix != '.pyc')
    expected |= {str(path.relative_to(ROOT)) for path in package}
    assert expected <= inside


@pytest.fixture(scope='module')
def requirements(wheel):
    with zipfile.ZipFile(wheel) as file:
        (name,) = (name for name in file.namelist() if name.endswith('.dist-info/METADATA'))
        lines = file.read(name).decode().splitlines()
    return [Requirement(line.partition(': ')[2]) for line in lines if line.startswith('Requires-Dist: ')]


def needed(requirements, **environment):
    """What a plain `pip install` brings where the environment is that."""
    environment = {'extra': '', 'python_version': '3.12', **environment}
    return {r.name for r in requirements if r.marker is None or r.marker.evaluate(environment)}


def test_plain_install_puts_no_second_copy_over_a_module(requirements):
    """Of several distributions of a module, the environment's stays."""
    family = {'mmcv', 'mmcv-lite', 'mmengine', 'mmdet', 'onedl-mmcv', 'onedl-mmengine', 'onedl-mmdetection'}
    assert not family & needed(requirements)


@pytest.mark.parametrize(
    ('system', 'machine', 'has_decord'),
    [
        ('linux', 'x86_64', True),
        ('win32', 'AMD64', True),
        ('linux', 'aarch64', False),
        ('darwin', 'arm64', False),
        ('darwin', 'x86_64', False),
        ('win32', 'ARM64', False),
    ],
)
def test_brings_mmaction2_only_where_decord_has_wheels(requirements, system, machine, has_decord):
    """mmaction2 asks for decord, which pip could not install elsewhere."""
    there = needed(requirements, sys_platform=system, platform_machine=machine)
    assert there & {'mmaction2', 'decord', 'decord2'} == {'mmaction2' if has_decord else 'decord2'}


def test_installed_package_imports_from_its_own_place(python, tmp_path):
    result = run(python, '-c', 'import mmtin; print(mmtin.__file__)', cwd=tmp_path)
    assert Path(result.stdout.splitlines()[-1]).is_relative_to(Path(python).parents[1]), result.stdout


def test_type_checkers_see_the_types(python, tmp_path):
    """py.typed makes them use the annotations; without it every name is Any."""
    (tmp_path / 'uses.py').write_text('from mmtin.ops import tin_shift\ntin_shift(1, 2)\n')
    result = run(
        sys.executable, '-m', 'mypy', '--python-executable', python, '--follow-imports', 'silent',
        '--cache-dir', tmp_path / 'cache', tmp_path / 'uses.py', cwd=tmp_path,
    )  # fmt: skip
    assert (
        'error: Argument 1 to "tin_shift" has incompatible type "int"; expected "Tensor"' in result.stdout
    )


def test_mim_finds_configs_by_bare_name(python, tmp_path):
    assert 'config id: tin_r18_demo' in run_mim('search', 'mmtin', cwd=tmp_path, python=python)
    result = run(python, '-m', 'mim', 'train', 'mmtin', 'tin_r18_demo.py', cwd=tmp_path)
    # The config was found and run: what is missing is the data.
    assert 'error: no data at data/demo/train.txt' in result.stdout
