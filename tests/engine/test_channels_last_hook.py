"""Training in channels_last is training in the usual layout, up to rounding."""

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import channels_last

from tests.report.tiny_run import tiny_config, write_videos


def trained(cfg: Config, work_dir, hooks: list[dict]) -> Runner:
    cfg = Config(dict(cfg.to_dict(), work_dir=str(work_dir), custom_hooks=hooks))
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def test_changes_the_layout_and_nothing_else(tmp_path):
    write_videos(tmp_path)
    cfg = tiny_config(tmp_path, tmp_path / 'work')
    # AdamW divides rounding by rounding where a gradient is 0.
    cfg.optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01))
    usual = trained(cfg, tmp_path / 'usual', [])
    runner = trained(cfg, tmp_path / 'channels_last', [dict(type='ChannelsLastHook')])

    weights = runner.model.backbone.conv1.conv.weight
    assert weights.is_contiguous(memory_format=channels_last) and not weights.is_contiguous()
    layouts = []
    runner.model.backbone.layer1.register_forward_hook(
        lambda module, args, output: layouts.append(output.is_contiguous(memory_format=channels_last))
    )
    runner.model.eval()
    with torch.no_grad():
        runner.model.backbone(torch.rand(8, 3, 32, 32))
    assert layouts == [True]
    torch.testing.assert_close(
        dict(runner.model.state_dict()), dict(usual.model.state_dict()), rtol=1e-3, atol=1e-4
    )
