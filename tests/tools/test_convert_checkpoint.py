"""The command: from a released file to a model that predicts."""

import os
from pathlib import Path

import pytest
import torch
from mmaction.apis import inference_recognizer, init_recognizer
from mmengine.config import Config

from mmtin.checkpoint import read_checkpoint
from mmtin.config import choose_test_protocol, read_config
from tests.configs.experiments import CONFIGS
from tests.conversion.relatives import TSN, randomise, scores
from tests.tools.in_process import run_tool

CLIPS = Path(__file__).parents[3] / 'shared/clips'
T = 4


@pytest.fixture
def released(tmp_path):
    """A TIN as its authors saved it with torch 1.0."""
    source = randomise(TSN(18, T, 'TIN', 5), T)
    state = {f'module.{key}': value for key, value in source.state_dict().items()}
    checkpoint = {'epoch': 9, 'arch': 'resnet18', 'state_dict': state, 'best_prec1': torch.tensor(46.0)}
    path = tmp_path / 'ckpt.best.pth.tar'
    torch.save(checkpoint, path, _use_new_zipfile_serialization=False)
    return source, path


def convert(monkeypatch, *args):
    return run_tool(monkeypatch, 'convert_checkpoint', *args)


@torch.no_grad()
def test_two_files_are_all_that_it_takes(released, tmp_path, monkeypatch, capsys):
    source, path = released
    out = tmp_path / 'out' / 'tin.pth'
    assert convert(monkeypatch, path, out, '--report') is None
    said = capsys.readouterr().out
    assert 'deepcs233/TIN TIN' in said and 'max_offset 2' in said and '5' in said
    assert f'Checkpoint: {out}\nConfig: {out.with_suffix(".py")}' in said
    for line in said.splitlines():
        if 'biasnet.net.fc.weight' in line and 'layer1.0' in line:
            assert 'backbone.layer1.0.conv1.conv.net1.offset_net.fc1.weight' in line
            assert '4 x 4' in line and 'renamed' in line
            break
    else:
        pytest.fail('the report does not say where fc went')
    assert read_checkpoint(out)['meta']['max_offset'] == 2.0
    assert sorted(file.name for file in out.parent.iterdir()) == ['tin.pth', 'tin.py']

    recognizer = init_recognizer(str(out.with_suffix('.py')), str(out), 'cpu')
    x = torch.randn(2 * T, 3, 32, 32)
    torch.testing.assert_close(scores(recognizer, x), source(x), rtol=1e-4, atol=1e-4)

    video = next(iter(sorted(CLIPS.rglob('*.mp4'))), None)
    if video is not None:
        # Small, since this asks whether the config opens a video.
        cfg = Config.fromfile(str(out.with_suffix('.py')))
        for step in cfg.test_pipeline:
            step.update({'Resize': {'scale': (-1, 40)}, 'CenterCrop': {'crop_size': 32}}.get(step.type, {}))
        recognizer.cfg = cfg
        assert inference_recognizer(recognizer, str(video)).pred_score.shape == (5,)


def test_its_config_has_the_pixels_of_the_releases(released, tmp_path, monkeypatch):
    _, path = released
    assert convert(monkeypatch, path, tmp_path / 'tin.pth') is None
    cfg = read_config(tmp_path / 'tin.py')
    views = Config.fromfile(CONFIGS / '_base_/rgb_224.py').views
    for protocol in ('1x1', 'released'):
        cfg.test_protocol = protocol
        choose_test_protocol(cfg)
        pipeline = cfg.test_dataloader.dataset.pipeline
        assert pipeline[1] == dict(views[protocol].sampling, num_clips=T)
        assert pipeline[3:5] == views[protocol].crop


def test_another_number_of_frames(released, tmp_path, monkeypatch, capsys):
    _, path = released
    assert (
        convert(monkeypatch, path, tmp_path / 'tin.pth', '--num-segments', 8, '--max-offset', 1.5) is None
    )
    assert 'Adapted from 4 to 8 frames, and max_offset to 3:' in capsys.readouterr().out
    model = read_checkpoint(tmp_path / 'tin.pth')['meta']['model']
    assert model['backbone']['num_segments'] == model['cls_head']['num_segments'] == 8
    assert 'num_clips=8' in (tmp_path / 'tin.py').read_text()


def test_nothing_is_overwritten(released, tmp_path, monkeypatch):
    _, path = released
    out = tmp_path / 'tin.pth'
    out.with_suffix('.py').write_text('mine')
    assert (
        convert(monkeypatch, path, out)
        == f'error: {out.with_suffix(".py")} is there already; --force replaces it'
    )
    assert out.with_suffix('.py').read_text() == 'mine' and not out.exists()
    assert convert(monkeypatch, path, out, '--force') is None
    assert 'TINResNet' in out.with_suffix('.py').read_text() and out.exists()


@pytest.mark.parametrize(
    'fault', ['missing', 'cut off', 'no checkpoint', 'unfilled', 'no place', 'a config']
)
def test_faults_leave_nothing_behind(released, tmp_path, monkeypatch, fault):
    _, path = released
    out = tmp_path / 'out' / 'tin.pth'
    if fault == 'missing':
        path.unlink()
    elif fault == 'cut off':
        os.truncate(path, path.stat().st_size // 2)
    elif fault == 'no checkpoint':
        path.write_text('hello')
    elif fault == 'unfilled':
        torch.save(TSN(18, T, 'TSM', 5).state_dict(), path)
    elif fault == 'no place':
        out.parent.write_text('a file')
    else:
        out = out.with_suffix('.py')
    sentence = {
        'missing': 'no checkpoint at',
        'cut off': 'it is cut off, damaged or no checkpoint',
        'no checkpoint': 'it is cut off, damaged or no checkpoint',
        'unfilled': 'leaves 64 weights unfilled',
        'no place': f'cannot write {out}',
        'a config': 'name the checkpoint .pth',
    }[fault]
    said = convert(monkeypatch, path, out)
    assert said.startswith('error: ') and sentence in said and '\n' not in said
    assert not out.exists() and (fault == 'no place' or not out.parent.exists())
