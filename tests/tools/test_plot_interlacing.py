"""tools/plot_interlacing.py on a real run: figures, and one sentence for each fault."""

import shutil

import cv2
import pytest
import torch
from mmengine.config import Config

from mmtin.checkpoint import read_checkpoint
from tests.report.tiny_run import shared_run
from tests.tools.in_process import run_tool

FIGURES = {f'{name}.{suffix}' for name in ('offsets', 'weights', 'clip') for suffix in ('png', 'svg')}


@pytest.fixture(scope='module')
def work_dir(tmp_path_factory):
    return shared_run(tmp_path_factory)


@pytest.fixture
def plot(monkeypatch):
    return lambda *args: run_tool(monkeypatch, 'plot_interlacing', *args)


def test_work_dir(plot, work_dir, tmp_path, capsys):
    assert plot(work_dir, '--out', tmp_path / 'figures') is None
    assert {path.name for path in (tmp_path / 'figures').iterdir()} == FIGURES
    assert f'Clip: {tmp_path / "figures/clip"}.png' in capsys.readouterr().out
    picture = cv2.imread(str(tmp_path / 'figures/offsets.png'))
    assert min(picture.shape[:2]) > 500
    assert picture.std() > 10
    before = (tmp_path / 'figures/clip.png').read_bytes()
    assert '--force' in plot(work_dir, '--out', tmp_path / 'figures', '--layer', 'layer1.0')
    assert (tmp_path / 'figures/clip.png').read_bytes() == before
    assert plot(work_dir, '--out', tmp_path / 'figures', '--layer', 'layer1.0', '--force') is None
    assert (tmp_path / 'figures/clip.png').read_bytes() != before


def test_checkpoint_on_named_videos(plot, work_dir, tmp_path):
    videos = [work_dir.parent / 'val0.mp4', tmp_path / 'with blank.mp4']
    shutil.copy(videos[0], videos[1])
    config = work_dir / 'tin_r18_demo.py'
    assert (
        plot(work_dir / 'epoch_2.pth', '--config', config, '--out', tmp_path / 'o', '--videos', *videos)
        is None
    )
    assert {path.name for path in (tmp_path / 'o').iterdir()} == FIGURES
    assert 'offsets over 2 clips' in (tmp_path / 'o/offsets.svg').read_text()


def test_faults_are_one_sentence_and_draw_nothing(plot, work_dir, tmp_path):
    config, checkpoint, out = work_dir / 'tin_r18_demo.py', work_dir / 'epoch_2.pth', tmp_path / 'out'
    weights = read_checkpoint(checkpoint)['state_dict']
    tsn = {name: value for name, value in weights.items() if '.net1.' not in name}
    torch.save(dict(state_dict=tsn), tmp_path / 'tsn.pth')
    untrained = {name: value for name, value in weights.items() if 'layer3.1.conv1.conv.net1' not in name}
    torch.save(dict(state_dict=untrained), tmp_path / 'untrained.pth')
    other = Config.fromfile(config)
    other.model.backbone.max_offset = 1.5
    other.dump(tmp_path / 'other.py')
    (tmp_path / 'cut.pth').write_bytes(checkpoint.read_bytes()[:5000])
    (tmp_path / 'empty').mkdir()
    for expected, *args in [
        ('no work directory or checkpoint', tmp_path / 'none'),
        ('no offsets and weights in', tmp_path / 'empty'),
        ('needs its config', checkpoint),
        ('no config at', checkpoint, '--config', tmp_path / 'none.py'),
        ('has no TIN layers', tmp_path / 'tsn.pth', '--config', config),
        ('cannot read', tmp_path / 'cut.pth', '--config', config),
        ('lacks 8 of the weights', tmp_path / 'untrained.pth', '--config', config),
        ('trained with max_offset=2, the config has 1.5', checkpoint, '--config', tmp_path / 'other.py'),
        ("cannot use the device 'cuda:9'", work_dir, '--device', 'cuda:9'),
        ('there are layer1.0, layer1.1', work_dir, '--layer', 'layer9'),
        ('no video file at', work_dir, '--videos', tmp_path / 'none.mp4'),
    ]:
        sentence = plot(*args, '--out', out)
        assert sentence.startswith('error: '), args
        assert expected in sentence
        assert '\n' not in sentence
        assert not out.exists()
