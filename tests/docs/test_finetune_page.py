"""The script of docs/finetune.md runs, and the page names every option that there is."""

import re
from pathlib import Path

from mmengine.config import Config

from mmtin.finetuning import OPTIONS
from tests.configs.experiments import CONFIGS, small
from tests.datasets.own.own_files import make_folders

PAGE = (Path(__file__).parents[2] / 'docs/finetune.md').read_text()


def test_script_trains(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'configs').symlink_to(CONFIGS)
    make_folders(tmp_path / 'my_videos', run=2, walk=3)
    read = Config.fromfile

    def read_small(path):
        """The config of the page with the smaller network, on small frames."""
        assert Path(path).samefile(CONFIGS / 'tin_r50_finetune.py')
        cfg = read(CONFIGS / 'tin_r18_finetune.py')
        checkpoint = cfg.default_hooks.checkpoint
        cfg = small(cfg, tmp_path)
        cfg.default_hooks.checkpoint = checkpoint
        return cfg

    monkeypatch.setattr(Config, 'fromfile', read_small)
    (script,) = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)
    exec(compile(script, 'docs/finetune.md', 'exec'), {'__name__': '__main__'})
    said = capsys.readouterr().out
    assert '2 classes' in said
    assert 'mim run mmtin predict work_dirs/mine/split/val.txt --media my_videos' in said
    assert list((tmp_path / 'work_dirs/mine').glob('best_acc_mean1_epoch_1.pth'))


def test_options_are_those_of_the_config():
    assert set(Config.fromfile(CONFIGS / 'tin_r50_finetune.py').finetune) == set(OPTIONS)
    assert set(re.findall(r'finetune\.(\w+)=', PAGE)) == set(OPTIONS)
