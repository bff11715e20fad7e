"""The doctor names what does not fit and what mends it, also where mmtin refuses to be imported."""

import importlib.metadata
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from mmtin.compat import versions
from mmtin.doctor import examination, examine, modules
from mmtin.doctor.finding import Finding

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(monkeypatch) -> dict:
    """Distributions that seem installed, with their versions; None stands for one that is not.

    At first mmengine and decord alone, of the distributions that have the same modules.
    """
    real = importlib.metadata.version
    alone = dict.fromkeys(('onedl-mmengine', 'onedl-mmcv', 'onedl-mmdetection', 'decord2'))
    seeming = {'mmengine': '0.10.7', 'decord': '0.6.0', **alone}

    def version(name):
        found = seeming[name] if name in seeming else real(name)
        if found is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(importlib.metadata, 'version', version)
    return seeming


def test_machine_that_runs_these_tests():
    findings = {finding.subject: finding for finding in examine()}
    assert [finding for finding in findings.values() if finding.fits is False] == []
    assert {'Python', 'torch', 'numpy', 'compiler', 'others', *modules.FAMILY, *modules.VIDEO} < {*findings}
    assert re.search(r"matrix.*; 'auto' takes \w+", findings['on cpu'].found)


@pytest.mark.parametrize(
    ('seeming', 'subject', 'found', 'remedy'),
    [
        ({'mmaction2': '1.1.0'}, 'mmaction', r'1\.1\.0.*, not ==1\.2\.0', 'pip install "mmaction2==1.2.0"'),
        ({'av': None}, 'av', 'missing', 'pip install "av'),
        ({'mmengine': '0.9.0'}, 'mmengine', r'0\.9\.0, not ', 'pip install "mmengine'),
        (
            {'mmcv': '2.1.0', 'mmcv-lite': '2.0.0'},
            'mmcv',
            r'mmcv-lite 2\.0\.0 and mmcv 2\.1\.0, which are one module',
            'pip uninstall --yes mmcv-lite mmcv && pip install ',
        ),
        (
            {'onedl-mmengine': '0.10.12'},
            'mmengine',
            r'mmengine \S+ and onedl-mmengine 0\.10\.12, which are one module',
            'pip uninstall --yes mmengine onedl-mmengine && pip install "(onedl-)?mmengine',
        ),
        (
            {'decord2': '3.4.0'},
            'decord',
            r'decord \S+ and decord2 3\.4\.0, which are one module',
            'pip uninstall --yes decord decord2 && pip install "decord',
        ),
    ],
    ids=lambda value: ' '.join(f'{k} {v}' for k, v in value.items()) if isinstance(value, dict) else '',
)
def test_module_that_does_not_fit(installed, monkeypatch, seeming, subject, found, remedy):
    installed.update(seeming)
    if seeming.get('av', '') is None:
        monkeypatch.setattr(versions, '_folder', lambda module: None)
    finding = modules.examine_module(subject)
    assert finding.fits is False
    assert re.search(found, finding.found) and re.match(remedy, finding.remedy)


def test_other_modules_that_do_not_fit(installed):
    installed.update({'jinja2': '2.0', 'tabulate': '0.1'})
    finding = modules.examine_others()
    assert (finding.found, finding.fits) == ('jinja2 2.0, tabulate 0.1', False)
    assert re.fullmatch(r'pip install "jinja2[^"]+" "tabulate[^"]+"', finding.remedy)


def test_library_that_a_container_lacks(monkeypatch):
    """As a minimal image has it; the linker names the library."""
    why = 'libGL.so.1: cannot open shared object file: No such file or directory'
    monkeypatch.setattr(modules, '_load', lambda name: (None, why))
    finding = modules.examine_module('cv2')
    assert (finding.fits, finding.remedy) == (False, 'apt-get install libgl1')


def test_machine_without_a_compiler(monkeypatch):
    monkeypatch.setenv('CC', 'no-such-compiler')
    finding = examination.examine_compiler()
    assert finding == Finding(
        'compiler', 'no no-such-compiler: slower on the CPU', None, 'apt-get install gcc'
    )


def test_source_folder_that_is_not_installed(monkeypatch):
    def metadata(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, 'metadata', metadata)
    versions.requirements.cache_clear()
    try:
        (finding,) = examine()
    finally:
        versions.requirements.cache_clear()
    assert (finding.fits, finding.remedy) == (False, 'pip install -e .')


def test_command_prints_what_mends_and_fails(monkeypatch, capsys):
    remedy = 'pip install ' + ' '.join(f'"package{number}>=1,<2"' for number in range(20))
    findings = [
        Finding('torch', '1.13.1 [old]', False, remedy),
        Finding('compiler', 'none', None, 'apt-get install gcc'),
    ]
    monkeypatch.setattr('mmtin.doctor.examine', lambda: findings)
    monkeypatch.setattr('sys.argv', ['doctor.py'])
    with pytest.raises(SystemExit) as exit:
        runpy.run_path(str(ROOT / 'tools/doctor.py'), run_name='__main__')
    assert exit.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert f'    {remedy}' in lines, 'is not broken in two'
    assert any('1.13.1 [old]' in line and 'does not fit' in line for line in lines)
    assert lines[-2:] == ['Faster with:', '    apt-get install gcc']


@pytest.mark.parametrize('way', [['-m', 'mmtin', 'doctor'], [str(ROOT / 'tools/doctor.py')]], ids=str)
def test_it_runs_where_mmtin_cannot_be_imported(way, tmp_path):
    """``import mmtin`` fails here because mmengine seems to have another version."""
    (tmp_path / 'mmengine-0.1.0.dist-info').mkdir()
    (tmp_path / 'mmengine-0.1.0.dist-info/METADATA').write_text(
        'Metadata-Version: 2.1\nName: mmengine\nVersion: 0.1.0\n'
    )
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    process = subprocess.run(
        [sys.executable, *way], capture_output=True, text=True, env=os.environ | {'PYTHONPATH': path}
    )
    assert process.returncode == 1 and 'Traceback' not in process.stderr, process.stderr
    assert '0.1.0' in process.stdout and re.search(r'pip install "(onedl-)?mmengine', process.stdout)
