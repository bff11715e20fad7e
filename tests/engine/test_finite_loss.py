"""FiniteLossHook in real trainings: of a TIN through the command, and of a network of two weights."""

import math

import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmaction.structures import ActionDataSample
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from mmtin.checkpoint import read_checkpoint
from mmtin.engine import FiniteLossHook
from mmtin.errors import UserError
from tests.report.tiny_run import tiny_config, write_videos
from tests.tools.in_process import run_tool


@TRANSFORMS.register_module()
class PoisonClip:
    """Makes a pixel of one clip NaN."""

    def __init__(self, name):
        self.name = name

    def __call__(self, results):
        results['imgs'] = results['imgs'].astype('float32')
        if results['filename'].endswith(self.name):
            results['imgs'][0, 0, 0, 0] = math.nan
        return results


def write_config(folder, **options):
    """The tiny experiment, its 8 clips in the order of the list, 4 an iteration."""
    write_videos(folder)
    cfg = tiny_config(folder, folder / 'run')
    cfg.merge_from_dict(
        {
            'train_dataloader.sampler.shuffle': False,
            'custom_hooks': [dict(type='FiniteLossHook')],
            **options,
        }
    )
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.dump(folder / 'config.py')
    return folder / 'config.py'


def test_clip_that_makes_the_loss_nan(tmp_path, monkeypatch):
    config = write_config(tmp_path)
    text = config.read_text().replace(
        "dict(type='PackActionInputs')",
        "dict(type='PoisonClip', name='train6.mp4'), dict(type='PackActionInputs')",
    )
    assert 'PoisonClip' in text
    config.write_text(text)
    sentence = run_tool(monkeypatch, 'train', config)
    assert sentence.startswith(
        'error: the loss is nan in iteration 2, epoch 1, with learning rate 0.0002, 0.002, gradient norm '
        'nan and the clips '
    )
    assert [f'train{index}.mp4' in sentence for index in range(8)] == [False] * 4 + [True] * 4
    assert sentence.endswith(
        'there is no checkpoint yet: start again with a lower learning rate (optim_wrapper.optimizer.lr) '
        'or without these clips'
    )
    assert not list((tmp_path / 'run').glob('*.pth'))


def test_one_cycle_is_lowered_by_its_maximum(tmp_path, monkeypatch):
    schedule = [dict(type='OneCycleLR', eta_max=1e30, by_epoch=False, total_steps=4)]
    sentence = run_tool(monkeypatch, 'train', write_config(tmp_path, param_scheduler=schedule))
    assert 'with a lower learning rate (param_scheduler.0.eta_max) or' in sentence


def test_learning_rate_that_makes_the_loss_infinite(tmp_path, monkeypatch):
    """The rate grows after the first epoch, whose checkpoint stays."""
    schedule = [dict(type='MultiStepLR', milestones=[1], gamma=1e30)]
    sentence = run_tool(monkeypatch, 'train', write_config(tmp_path, param_scheduler=schedule))
    assert 'in iteration 4, epoch 2, with learning rate 2e+26, 2e+27, gradient norm' in sentence
    checkpoint = tmp_path / 'run/epoch_1.pth'
    assert f'the last checkpoint is {checkpoint}: go on from it with --resume' in sentence
    weights = read_checkpoint(checkpoint)['state_dict']
    assert all(value.isfinite().all() for value in weights.values())


class Slope(BaseModel):
    """Its loss is the mean of ``weight * inputs``."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(2))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return dict(loss=(self.weight * torch.stack(inputs)).mean())


needs_scaler = pytest.mark.skipif(
    not hasattr(torch.amp, 'GradScaler'), reason='a scaler of gradients on the CPU came with torch 2.3'
)


class Scaled(OptimWrapper):
    """Mixed precision's scaling of gradients, as AmpOptimWrapper does on a GPU."""

    def __init__(self, init_scale, **kwargs):
        super().__init__(**kwargs)
        self.loss_scaler = torch.amp.GradScaler('cpu', init_scale=init_scale)

    def backward(self, loss, **kwargs):
        self.loss_scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs):
        self.loss_scaler.step(self.optimizer)
        self.loss_scaler.update()


class Weights(Hook):
    """Keeps the weights before each iteration."""

    def __init__(self):
        self.before = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.before.append(runner.model.weight.detach().clone())


def train(work_dir, values, wrapper=OptimWrapper, **options):
    """Train on one clip per iteration, with all pixels of one value; return the Runner and the weights."""
    clips = [
        dict(
            inputs=torch.full((2,), value),
            data_samples=ActionDataSample(metainfo=dict(filename=f'{index}.mp4')),
        )
        for index, value in enumerate(values)
    ]
    model = Slope()
    runner = Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=clips, sampler=dict(type='DefaultSampler', shuffle=False), batch_size=1, num_workers=0
        ),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=wrapper(optimizer=torch.optim.SGD(model.parameters(), lr=0.1), **options),
        custom_hooks=[FiniteLossHook(), weights := Weights()],
        experiment_name=work_dir.name,
    )
    return runner, weights


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
def test_weights_are_those_of_before(value, tmp_path):
    runner, weights = train(tmp_path, [1.0, value, 1.0])
    with pytest.raises(
        UserError, match=rf'the loss is {value} in iteration 2, .* and the clips 1\.mp4; there is'
    ):
        runner.train()
    assert len(weights.before) == 2 and not torch.equal(*weights.before)
    assert torch.equal(runner.model.weight, weights.before[1])


def test_gradients_that_accumulate(tmp_path):
    """The fault is reported where it arises, not where the optimizer steps."""
    runner, _ = train(tmp_path, [1.0, 1.0, math.nan, 1.0], accumulative_counts=4)
    with pytest.raises(UserError, match=r'in iteration 3, .*gradient norm nan and the clips 2\.mp4;'):
        runner.train()


@needs_scaler
def test_steps_that_mixed_precision_skips_are_no_fault(tmp_path):
    runner, weights = train(tmp_path, [8.0] * 8, Scaled, init_scale=2.0**127)
    runner.train()
    moved = [not torch.equal(a, b) for a, b in zip(weights.before, weights.before[1:])]
    assert moved[0] is False and moved[-1] is True
    assert (tmp_path / 'epoch_1.pth').is_file()


@needs_scaler
def test_nan_in_mixed_precision_is_one(tmp_path):
    runner, _ = train(tmp_path, [1.0, math.nan], Scaled, init_scale=4.0)
    with pytest.raises(UserError, match=r'the loss is nan in iteration 2, .*gradient norm not finite'):
        runner.train()


@needs_scaler
def test_mixed_precision_that_finds_no_scale(tmp_path):
    """It would skip every step to the end."""
    runner, weights = train(tmp_path, [1.0] * 200, Scaled, init_scale=4.0)
    runner.model.weight.register_hook(lambda gradient: gradient * math.nan)
    with pytest.raises(UserError, match=r'skips every step up to iteration 63, epoch 1: .* train without'):
        runner.train()
    assert torch.equal(weights.before[0], weights.before[-1])


def test_nan_gets_into_no_checkpoint(tmp_path):
    """As from the gradients of another process, whose loss it is."""
    runner, _ = train(tmp_path, [1.0, 1.0])
    runner.model.weight.register_hook(
        lambda gradient: gradient * math.nan if runner.iter == 1 else gradient
    )
    with pytest.raises(
        UserError, match='weight of the network became NaN in epoch 1, so no checkpoint was'
    ):
        runner.train()
    assert not list(tmp_path.glob('*.pth'))


def test_leaves_the_network_as_it_was(tmp_path):
    runner, _ = train(tmp_path, [1.0])
    step = runner.optim_wrapper.optimizer.step
    runner.train()
    assert not runner.model._forward_hooks
    assert not runner.optim_wrapper.optimizer._optimizer_step_pre_hooks
    assert runner.optim_wrapper.optimizer.step == step


def test_compiled(tmp_path):
    """The training itself, or another of the process before it."""
    for name, options in (('compiled', dict(backend='eager')), ('after', False)):
        runner, weights = train(tmp_path / name, [1.0, 2.0, math.nan])
        runner.cfg.compile = options
        with pytest.raises(UserError, match=r'in iteration 3, .*the clips 2\.mp4'):
            runner.train()
        assert torch.equal(runner.model.weight, weights.before[2])
