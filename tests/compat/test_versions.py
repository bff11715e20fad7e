"""Versions that mmtin was not tested with are refused, whichever distribution has the module."""

import importlib.metadata
from email.message import Message

import pytest

from mmtin.compat import versions

RANGES = (
    'torch<2.15,>=2.1',
    'numpy<3,>=1.26',
    'mmaction2==1.2.0',
    'mmengine<0.11,>=0.10.3; extra == "lite"',
    'mmcv-lite<2.2,>=2.1; extra == "lite"',
    'mmcv<2.2,>=2.1; extra == "full"',
    'onedl-mmengine<0.11,>=0.10.12; extra == "onedl"',
    'av<18,>=17; python_version < "3.11"',
    'av<19,>=18; python_version >= "3.11"',
)
FITTING = {
    'mmtin': '1',
    'torch': '2.1.0+cu121',
    'numpy': '1.26.4',
    'mmaction2': '1.2.0+local',
    'mmengine': '0.10.3',
    'mmcv-lite': '2.1.0',
}


@pytest.fixture
def installed(monkeypatch) -> dict:
    """The distributions that seem installed, with their versions."""
    seeming = dict(FITTING)

    def version(name):
        if name not in seeming:
            raise importlib.metadata.PackageNotFoundError(name)
        return seeming[name]

    def metadata(name):
        version(name)
        message = Message()
        for extra in ('lite', 'full', 'onedl'):
            message['Provides-Extra'] = extra
        return message

    monkeypatch.setattr(importlib.metadata, 'version', version)
    monkeypatch.setattr(importlib.metadata, 'metadata', metadata)
    monkeypatch.setattr(importlib.metadata, 'requires', lambda name: [*RANGES])
    monkeypatch.setattr(importlib.metadata, 'packages_distributions', dict)
    monkeypatch.setattr(versions, '_folder', lambda module: None)
    versions.requirements.cache_clear()
    yield seeming
    versions.requirements.cache_clear()


@pytest.mark.parametrize(
    ('changes', 'says'),
    [
        ({'mmaction2': '1.1.0'}, 'needs mmaction2==1.2.0, found 1.1.0; .*pip install "mmaction2==1.2.0"'),
        ({'mmaction2': None}, 'needs mmaction2==1.2.0, found none; .*pip install "mmaction2==1.2.0"'),
        ({'torch': '1.13.1'}, 'needs torch<2.15,>=2.1, found 1.13.1; .*pip install "torch<2.15,>=2.1"'),
        ({'torch': '2.15.0.dev1+cpu'}, 'found 2.15.0.dev1'),
        ({'mmengine': '0.10.2'}, 'needs mmengine<0.11,>=0.10.3, found 0.10.2'),
        (
            {'mmengine': None, 'onedl-mmengine': '0.10.11'},
            'needs onedl-mmengine<0.11,>=0.10.12, found 0.10.11; .*pip install "onedl-mmengine<0.11',
        ),
        ({'mmcv-lite': None}, 'found none; .*pip install "mmcv-lite<2.2,>=2.1"'),
        # mmcv-lite on top of mmcv would break both.
        (
            {'mmcv-lite': None, 'mmcv': '2.0.1'},
            'needs mmcv<2.3,>=2.1, found 2.0.1; .*pip install --no-build-isolation "mmcv<2.2,>=2.1"',
        ),
        ({'mmtin': None}, r'pip install -e \.'),
    ],
    ids=lambda value: '-'.join(f'{k} {v}' for k, v in value.items()) if isinstance(value, dict) else '',
)
def test_wrong_versions(installed, changes, says):
    installed.update(changes)
    for name in [name for name, version in changes.items() if version is None]:
        del installed[name]
    with pytest.raises(ImportError, match=says) as caught:
        versions.check_versions()
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    'other',
    [
        {'mmcv-lite': '2.1.0'},
        {'mmcv-lite': '2.2.0'},
        {'mmcv': '2.2.0'},
        {'mmcv': '2.1.0', 'onedl-mmengine': '0.10.12'},
    ],
    ids=str,
)
def test_right_versions(installed, other):
    del installed['mmcv-lite']
    if 'onedl-mmengine' in other:
        del installed['mmengine']
    installed.update(other)
    versions.check_versions()


def test_module_of_a_distribution_that_nobody_knows(installed, monkeypatch, tmp_path):
    del installed['mmengine']
    installed['another-mmengine'] = '0.10.9'
    monkeypatch.setattr(versions, '_folder', lambda module: tmp_path)
    monkeypatch.setattr(
        importlib.metadata, 'packages_distributions', lambda: {'mmengine': ['another-mmengine']}
    )
    assert versions.find('mmengine').distributions == {'another-mmengine': '0.10.9'}
    versions.check_versions()


def test_module_that_no_distribution_brought(installed, monkeypatch, tmp_path):
    """Such as a clone of its repository on PYTHONPATH."""
    del installed['mmengine']
    monkeypatch.setattr(versions, '_folder', lambda module: tmp_path)
    (tmp_path / '__init__.py').write_text('from .version import __version__\n')
    (tmp_path / 'version.py').write_text("__version__ = '0.9.1'\n")
    with pytest.raises(ImportError, match=r'found 0\.9\.1'):
        versions.check_versions()


def test_two_distributions_of_one_module_are_both_found(installed):
    installed['mmcv'] = '2.1.0'
    assert versions.find('mmcv').distributions == {'mmcv-lite': '2.1.0', 'mmcv': '2.1.0'}


def test_range_of_this_python(installed):
    assert len([name for name in versions.requirements() if name == 'av']) == 1
    assert versions.find('av').wanted in ('<18,>=17', '<19,>=18')


def test_every_name_is_in_the_metadata():
    """Of mmtin as it is installed: without a range nothing would be checked."""
    versions.requirements.cache_clear()
    for module in ('torch', 'numpy', 'mmengine', 'mmcv', 'mmaction', 'mmdet', 'av', 'cv2'):
        assert versions.find(module).wanted, module


def test_module_that_is_older(monkeypatch, tmp_path):
    monkeypatch.setattr(versions, '_folder', lambda module: tmp_path)
    (tmp_path / '__init__.py').write_text("__version__ = '3.10.0+git1'\n")
    assert versions.is_older('triton', '3.11') and not versions.is_older('triton', '3.4')
    (tmp_path / '__init__.py').write_text('')
    assert not versions.is_older('triton', '3.4')
