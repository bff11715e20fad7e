"""One's own videos as a person types it: train, and then every line that training ends with."""

import json
import re
import shlex
from pathlib import Path

import pytest
import torch
from mmaction.models.backbones.resnet import ResNet
from mmengine.config import Config

from mmtin.scores.dumps import read_dump
from tests.checkpoint.test_fitting import torchvision_names
from tests.configs.experiments import CONFIGS
from tests.datasets.own.own_files import make_folders
from tests.tools.in_process import run_tool

# What makes it quick: no workers, one epoch of the smaller network.
SMALL = (
    'train_cfg.max_epochs=1',
    *(
        f'{name}_dataloader.{option}'
        for name in ('train', 'val', 'test')
        for option in ('num_workers=0', 'persistent_workers=False')
    ),
)


@pytest.mark.slow
def test_every_line_that_training_ends_with(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_folders(tmp_path / 'my_videos', run=2, walk=3)
    config = CONFIGS / 'tin_r18_finetune.py'
    # ImageNet's weights, as if they had been downloaded.
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path / 'hub'))
    downloaded = tmp_path / 'hub/checkpoints' / Path(Config.fromfile(config).load_from).name
    downloaded.parent.mkdir(parents=True)
    torch.save(torchvision_names(ResNet(18).state_dict()), downloaded)
    assert run_tool(monkeypatch, 'train', config, '--cfg-options', 'data=my_videos', *SMALL) is None
    said = capsys.readouterr().out
    assert 'TINResNet: 120 tensors loaded' in said
    lines = [shlex.split(line, comments=True) for line in said.partition('\nNext:\n')[2].splitlines()]
    assert len(lines) == 4
    work_dir = tmp_path / 'work_dirs/tin_r18_finetune'
    for name in ('predictions.pkl', 'results.json', 'report.html', 'model.onnx'):
        (work_dir / name).write_text('of the same lines, typed before')
    for _, verb, _, *args in lines:  # mim test mmtin ..., mim run mmtin predict ...
        name = args.pop(0) if verb == 'run' else verb
        if name == 'test':
            args.remove('--checkpoint')  # mim takes it for an option, MMAction2's tool by its place
        assert run_tool(monkeypatch, name, *args) is None
    results = json.loads((work_dir / 'results.json').read_text())
    assert {top['name'] for video in results['results'] for top in video['predictions']} == {'run', 'walk'}
    assert re.search(r'\bwalk\b', (work_dir / 'report.html').read_text())
    assert (work_dir / 'model.onnx').stat().st_size > 1_000_000
    assert len(read_dump(work_dir / 'predictions.pkl')) == 2


def test_what_is_no_data_ends_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'nothing').mkdir()
    sentence = run_tool(
        monkeypatch, 'train', CONFIGS / 'tin_r50_finetune.py', '--cfg-options', 'data=nothing'
    )
    assert sentence.startswith('error: no videos in nothing; give each class a folder')
    assert not (tmp_path / 'work_dirs/tin_r50_finetune/split').exists()
