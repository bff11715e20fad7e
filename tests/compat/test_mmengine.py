"""The remedies for mmengine: each works and does no more."""

import importlib.util
import types

import pytest
import torch
from mmengine.config import Config
from mmengine.config import config as mmengine_config
from mmengine.optim import OneCycleLR, OptimWrapper
from mmengine.runner import checkpoint as mmengine_checkpoint

from mmtin.compat import mmengine as compat
from mmtin.errors import UserError

FORMATS = hasattr(mmengine_config, 'FormatCode')  # before the tests' own stands there


@pytest.fixture
def downloads(monkeypatch):
    """Addresses that would be fetched; torchvision seems absent."""
    fetched, real = [], importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        'find_spec',
        lambda name, *rest: None if name == 'torchvision' else real(name, *rest),
    )
    monkeypatch.setattr(
        mmengine_checkpoint,
        'load_from_http',
        lambda url, map_location=None: fetched.append((url, map_location)),
    )
    monkeypatch.setattr(
        mmengine_checkpoint.CheckpointLoader,
        '_schemes',
        dict(mmengine_checkpoint.CheckpointLoader._schemes),
    )
    compat.resolve_torchvision_addresses()
    return fetched


@pytest.mark.parametrize('scheme', ['torchvision', 'modelzoo'])
def test_torchvision_addresses(downloads, scheme):
    mmengine_checkpoint._load_checkpoint(f'{scheme}://resnet50', map_location='cpu')
    ((url, map_location),) = downloads
    assert url.startswith('https://download.pytorch.org/models/resnet50-') and map_location == 'cpu'


def test_unknown_torchvision_address(downloads):
    with pytest.raises(ValueError, match=r'torchvision://resnet51 needs torchvision.*https.*resnet50'):
        mmengine_checkpoint._load_checkpoint('torchvision://resnet51')
    assert downloads == []


def test_torchvision_itself_is_preferred(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: types.SimpleNamespace(name=name))
    schemes = {'torchvision://': object()}
    monkeypatch.setattr(mmengine_checkpoint.CheckpointLoader, '_schemes', schemes)
    compat.resolve_torchvision_addresses()
    assert len(schemes) == 1


def test_address_that_cannot_be_reached_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    url = 'http://127.0.0.1:9/weights.pth'  # the port of nobody
    with pytest.raises(
        UserError, match=rf'cannot fetch {url} \(.*\); download it elsewhere .*load_from=FILE'
    ):
        mmengine_checkpoint.CheckpointLoader.load_checkpoint(url)


def test_configs_of_mmtin_are_named_by_its_name(tmp_path):
    (tmp_path / 'mine.py').write_text("_base_ = 'mmtin::tin_r50_ucf101.py'\nwork_dir = 'mine'\n")
    cfg = Config.fromfile(tmp_path / 'mine.py')
    assert (cfg.work_dir, cfg.model.backbone.type, cfg.train_cfg.max_epochs) == ('mine', 'TINResNet', 25)
    (tmp_path / 'mine.py').write_text("_base_ = 'mmtin::tin_r50_ucf11.py'\n")
    with pytest.raises(
        UserError, match=r'no config tin_r50_ucf11.py; do you mean mmtin::tin_r50_ucf101.py'
    ):
        Config.fromfile(tmp_path / 'mine.py')


@pytest.mark.skipif(not FORMATS, reason='onedl-mmengine imports yapf where it formats')
def test_config_is_formatted_once_until_it_changes(monkeypatch):
    formatted = []
    monkeypatch.setattr(
        mmengine_config, 'FormatCode', lambda text, **_: formatted.append(text) or (text.upper(), True)
    )
    compat.format_configs_once()
    cfg = Config(dict(a=1))
    assert cfg.pretty_text == cfg.pretty_text == 'A=1'
    assert len(formatted) == 1
    cfg.a = 2
    assert cfg.pretty_text == 'A=2'


def test_mmengine_without_a_formatter_is_left_alone(monkeypatch):
    """As onedl-mmengine is, on which mmtin must import too."""
    monkeypatch.delattr(mmengine_config, 'FormatCode', raising=False)
    compat.format_configs_once()
    assert not hasattr(mmengine_config, 'FormatCode')


@pytest.mark.filterwarnings('ignore:Detected call of `scheduler.step')
@pytest.mark.parametrize('wrap', [lambda optimizer: optimizer, OptimWrapper], ids=['optimizer', 'wrapper'])
def test_one_cycle_keeps_the_rates_of_groups(wrap):
    weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimizer = torch.optim.AdamW([dict(params=weights[:1]), dict(params=weights[1:], lr=2e-4)], lr=2e-3)
    cycle = OneCycleLR(wrap(optimizer), eta_max=4e-3, total_steps=10)
    rates = []
    for _ in range(10):
        rates.append([group['lr'] for group in optimizer.param_groups])
        cycle.step()
    assert max(rates)[0] == pytest.approx(4e-3)
    for rate, lower in rates:
        assert lower == pytest.approx(rate / 10)
    each = OneCycleLR(torch.optim.SGD(weights, lr=1.0), eta_max=[3.0], total_steps=10)
    assert each.optimizer.param_groups[0]['max_lr'] == 3


def test_one_cycle_is_changed_once():
    before = OneCycleLR._format_param
    compat.keep_rates_in_one_cycle()
    assert OneCycleLR._format_param is before
