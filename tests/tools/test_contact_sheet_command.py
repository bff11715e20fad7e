"""tools/contact_sheet.py on a real run: one sentence for each fault; test_mim.py draws one."""

import pytest
import torch
from mmengine.config import Config

from mmtin.checkpoint import read_checkpoint
from tests.report.tiny_run import ROOT, shared_run
from tests.tools.in_process import run_tool


@pytest.fixture(scope='module')
def work_dir(tmp_path_factory):
    return shared_run(tmp_path_factory)


@pytest.fixture
def draw(monkeypatch):
    return lambda *args: run_tool(monkeypatch, 'contact_sheet', '--device', 'cpu', *args)


def test_faults_are_one_sentence_and_draw_nothing(draw, work_dir, tmp_path):
    config, checkpoint, out = work_dir / 'tin_r18_demo.py', work_dir / 'epoch_2.pth', tmp_path / 'sheet.png'
    weights = read_checkpoint(checkpoint)['state_dict']
    tsn = {name: value for name, value in weights.items() if '.net1.' not in name}
    torch.save(dict(state_dict=tsn), tmp_path / 'tsn.pth')
    (tmp_path / 'cut.py').write_text(config.read_text()[:-200] + '(')
    cfg = Config.fromfile(config)
    cfg.model.backbone.max_offset = 1.5
    cfg.dump(tmp_path / 'other.py')
    for expected, *args in [
        ('of the weights of the config', config, tmp_path / 'tsn.pth'),
        ('trained with max_offset=2, the config has 1.5', tmp_path / 'other.py', checkpoint),
        ('cut.py is damaged or cut off', tmp_path / 'cut.py', checkpoint),
        ('leaves its classes to the videos', ROOT / 'configs/tin_r18_finetune.py', checkpoint),
        ('builds no recognizer', ROOT / 'configs/tin_r50_ava21.py', checkpoint),
        ("cannot use the device 'cuda:9'", config, checkpoint, '--device', 'cuda:9'),
        ('must end in .png or .svg', config, checkpoint, '--out', tmp_path / 'sheet.gif'),
    ]:
        sentence = draw('--out', out, *args)
        assert sentence.startswith('error: '), args
        assert expected in sentence
        assert '\n' not in sentence
        assert not out.exists()
