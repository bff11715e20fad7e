"""Ways to train that a command's options choose, in a group of one process."""

import json

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import ConfigDict

from mmtin.checkpoint import read_checkpoint
from mmtin.config import refuse_amp_without_gpu
from mmtin.errors import UserError
from tests.engine.test_several_processes import free_port
from tests.report.tiny_run import tiny_config, write_videos
from tests.tools.in_process import run_tool


@pytest.fixture
def group_of_one(monkeypatch):
    """What torchrun tells a process."""
    group = dict(RANK=0, LOCAL_RANK=0, WORLD_SIZE=1, MASTER_ADDR='localhost', MASTER_PORT=free_port())
    for name, value in group.items():
        monkeypatch.setenv(name, str(value))


@pytest.mark.skipif(
    not hasattr(torch.cpu.Stream, 'wait_stream'), reason='torch 2.1 shards no training on a CPU'
)
def test_sharded_training_is_resumed(tmp_path, monkeypatch, group_of_one):
    write_videos(tmp_path)
    tiny_config(tmp_path, tmp_path / 'work').dump(tmp_path / 'experiment.py')
    arguments = (
        tmp_path / 'experiment.py', '--launcher', 'pytorch', '--no-validate', '--resume', '--cfg-options',
        'runner_type=FlexibleRunner', 'strategy.type=FSDPStrategy', 'strategy.state_dict_cfg=full',
        'strategy.model_wrapper.use_orig_params=True',
    )  # fmt: skip
    assert run_tool(monkeypatch, 'train', *arguments, 'train_cfg.max_epochs=1') is None
    assert run_tool(monkeypatch, 'train', *arguments) is None
    checkpoint = read_checkpoint(tmp_path / 'work/epoch_2.pth')
    steps = {int(state['step']) for state in checkpoint['optimizer']['state'].values()}
    assert steps == {4}, 'the second epoch began with an optimizer of no history'
    logs = sorted((tmp_path / 'work').glob('*/vis_data/scalars.json'))
    rows = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
    trained = [row['step'] for row in rows if 'loss' in row]
    assert trained == [1, 2, 3, 4]


def test_amp_without_gpu_is_one_sentence(monkeypatch):
    monkeypatch.setattr('mmtin.config.get_device', lambda: 'cpu')
    cfg = ConfigDict(optim_wrapper=dict(type='AmpOptimWrapper'))
    with pytest.raises(UserError, match='needs a GPU and there is none'):
        refuse_amp_without_gpu(cfg)


@pytest.mark.parametrize('head', ['TSMHead', 'MultiLabelTSMHead'])
def test_heads_train_in_bfloat16(head):
    options = dict(num_classes=3, in_channels=4, num_segments=2, is_shift=False, dropout_ratio=0)
    if head == 'MultiLabelTSMHead':
        options.update(multi_class=True, loss_cls=dict(type='BCELossWithLogits'))
    module = MODELS.build(dict(type=head, **options))
    features = torch.randn(4, 4, 2, 2)
    label = torch.tensor([0.0, 1, 1]) if 'multi_class' in options else 1
    samples = [ActionDataSample().set_gt_label(label) for _ in range(2)]
    expected = module.loss(features, samples, num_segs=2)['loss_cls']
    with torch.autocast('cpu', torch.bfloat16):
        loss = module.loss(features, samples, num_segs=2)['loss_cls']
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, expected, rtol=0.02, atol=0.02)
