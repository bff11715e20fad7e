"""The Python of each page runs as it stands there, in a folder with the files that the page speaks of."""

import json
import re
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import MODELS
from mmengine.runner import Runner

from mmtin.checkpoint import read_checkpoint
from mmtin.datasets.synthetic import write_dataset
from mmtin.finetuning import OPTIONS
from mmtin.models import TINResNet
from mmtin.recipes import first_stages
from tests.configs.experiments import CONFIGS, small
from tests.datasets.own.own_files import make_folders
from tests.datasets.video.video_files import encode
from tests.docs.code_blocks import PAGES, ROOT, blocks, run_python
from tests.export.oldest_torch import require_export
from tests.prediction.small_recognizer import moving_frames, turn, write_recognizer, write_video
from tests.report.tiny_run import shared_run
from tests.tools.in_process import run_tool


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder of a page: a clone of the repository, as far as a page sees it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'configs').symlink_to(CONFIGS)
    return tmp_path


@pytest.fixture
def small_runs(monkeypatch):
    """A Runner does what it is told to on small frames: two clips to train on, two to test, one epoch."""
    from_cfg = Runner.from_cfg

    def from_small(cfg):
        checkpoint = cfg.default_hooks.checkpoint
        cfg = small(cfg, cfg.work_dir)
        cfg.default_hooks.checkpoint = checkpoint
        return from_cfg(cfg)

    monkeypatch.setattr(Runner, 'from_cfg', from_small)


def released(folder: Path, **backbone: object) -> tuple[Path, Path]:
    """Config and checkpoint of a small network, by the names that the guides give them."""
    (folder / 'released').mkdir()
    config, checkpoint = write_recognizer(folder / 'released', 'tin_r18_demo_hard', **backbone)
    return config.rename(folder / 'released/tin.py'), checkpoint


def test_every_page_with_python_is_run():
    with_python = {path.stem for path in PAGES if blocks(path, 'python')}
    run = {name.removeprefix('test_python_of_') for name in globals() if name.startswith('test_python_of_')}
    assert with_python == run


def test_python_of_finetune(folder, small_runs, capsys):
    make_folders(folder / 'my_videos', run=2, walk=3)
    run_python('finetune.md')
    said = capsys.readouterr().out
    assert '2 classes' in said
    assert 'mim run mmtin predict work_dirs/mine/split/val.txt --media my_videos' in said
    assert list((folder / 'work_dirs/mine').glob('best_acc_mean1_epoch_1.pth'))


def test_options_of_the_finetune_page_are_those_of_the_config():
    assert set(Config.fromfile(CONFIGS / 'tin_r50_finetune.py').finetune) == set(OPTIONS)
    page = (ROOT / 'docs/finetune.md').read_text()
    assert set(re.findall(r'finetune\.(\w+)=', page)) == set(OPTIONS)


def test_python_of_train(folder, small_runs, capsys):
    write_dataset(folder / 'data/demo', 16, 8, seed=0)
    run_python('guides/train.md')
    assert "'acc/top1': " in capsys.readouterr().out


def test_python_of_live(folder):
    in_config = run_python('guides/live.md', only=slice(1))
    assert MODELS.build(in_config['backbone']).causal
    names = run_python('guides/live.md', only=slice(1, 2))
    assert names['features'].shape == (2, 512, 2, 2)


def test_python_of_swap(folder, small_runs):
    in_file, *_ = blocks(ROOT / 'docs/guides/swap.md', 'python')
    (folder / 'tin.py').write_text(in_file)
    backbone = Config.fromfile(folder / 'tin.py').model.backbone
    assert isinstance(MODELS.build(backbone), TINResNet)

    (folder / 'tsn.py').write_text(in_file.splitlines()[0])  # the config of MMAction2 alone
    for part in ('train', 'val'):
        media = folder / f'data/kinetics400/videos_{part}'
        media.mkdir(parents=True)
        encode(media / 'a.mp4', num_frames=10)
        (media.parent / f'kinetics400_{part}_list_videos.txt').write_text('a.mp4 3\na.mp4 4\n')
    cfg = run_python('guides/swap.md', only=slice(1, 2))['cfg']
    assert cfg.model.backbone.num_segments == 8  # found out from the pipeline
    assert list((folder / 'work_dirs/tin').glob('*/*.log'))
    # tests/models/foreign_resnets.py runs the third block, in the process that has torchvision.


def test_python_of_predict(folder, capsys):
    released(folder)
    (folder / 'videos').mkdir()
    write_video(folder / 'videos/a.mp4', moving_frames(15))
    (folder / 'videos/cut.mp4').write_bytes(b'nothing')
    run_python('guides/predict.md')
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if '.mp4' in line] == ['a.mp4', 'cut.mp4']
    assert "'score':" in next(line for line in lines if line.startswith('a.mp4'))


def test_python_of_checkpoints(folder):
    released(folder)[1].rename(folder / 'tin_sthv1.pth.tar')
    run_python('guides/checkpoints.md')
    assert read_checkpoint(folder / 'tin.pth')['state_dict']


def test_python_of_compare(folder, tmp_path_factory, capsys):
    (folder / 'work_dirs').mkdir()
    (folder / 'work_dirs/tin_r18_demo').symlink_to(shared_run(tmp_path_factory))
    run_python('guides/compare.md')
    assert '| experiment' in capsys.readouterr().out


def test_python_of_export(folder, monkeypatch, capsys):
    """The host and the program for torch give the numbers of ``predict``, also for a turned video."""
    require_export()
    config, checkpoint = released(folder, **first_stages(2))
    (folder / 'released/labels.txt').write_text(''.join(f'class {index}\n' for index in range(6)))
    flat = write_video(folder / 'flat.mp4', moving_frames(15, width=80, height=60, seed=3))
    turn(flat, folder / 'turned.mp4', 80, 60)
    for name in ('tin.onnx', 'tin.pt2'):
        assert run_tool(monkeypatch, 'export_onnx', config, checkpoint, name) is None
    all_expected = []
    for video in ('flat.mp4', 'turned.mp4'):
        options = '--config', config, '--checkpoint', checkpoint, '--out', 'results.json', '--force'
        assert run_tool(monkeypatch, 'predict', video, *options) is None
        (predicted,) = json.loads((folder / 'results.json').read_text())['results']
        expected = {entry['name']: entry['score'] for entry in predicted['predictions']}
        assert len(expected) == 5
        all_expected.append(expected)
        capsys.readouterr()

        monkeypatch.setattr(sys, 'argv', ['host.py', 'tin.onnx', video])
        names = run_python('guides/export.md')
        *lines, likeliest = capsys.readouterr().out.splitlines()
        printed = {name: float(value) for value, name in (line.split(' ', 1) for line in lines)}
        assert printed == pytest.approx(expected, abs=1e-4)
        of_torch = dict(zip(json.loads(names['about']['classes']), names['probabilities'][0].tolist()))
        assert {name: of_torch[name] for name in expected} == pytest.approx(expected, abs=1e-4)
        assert likeliest == max(expected, key=expected.get)
    assert all_expected[0] != pytest.approx(all_expected[1], abs=1e-3), 'turning tells'


def test_python_of_ops():
    assert run_python('reference/ops.md')['moved'].shape == (2, 8, 64, 56, 56)
