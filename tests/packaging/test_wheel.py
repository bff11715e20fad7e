"""What `pip install .` gives somebody who has no checkout."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.tools.mim import run, run_mim

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


def test_installed_package_imports_from_its_own_place(python, tmp_path):
    result = run(python, '-c', 'import mmtin; print(mmtin.__file__)', cwd=tmp_path)
    assert Path(result.stdout.splitlines()[-1]).is_relative_to(Path(python).parents[1]), result.stdout


def test_type_checkers_see_the_types(python, tmp_path):
    """py.typed tells them that the annotations are meant; without it they take every name for Any."""
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
