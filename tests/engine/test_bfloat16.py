"""Training in bfloat16 without a GPU is training in float32, up to rounding."""

import torch
from mmengine.runner import Runner

from mmtin.models.offset_nets import OffsetNet
from tests.report.tiny_run import tiny_config, write_videos


def trained(tmp_path, name: str, **wrapper) -> tuple[Runner, list[torch.dtype], list[torch.dtype]]:
    """A trained network, the types of its first features in training and of its offsets."""
    cfg = tiny_config(tmp_path, tmp_path / name)
    cfg.optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01), **wrapper)
    runner = Runner.from_cfg(cfg)
    features, offsets = [], []
    runner.model.backbone.conv1.conv.register_forward_hook(
        lambda module, args, output: features.append(output.dtype) if module.training else None
    )
    for module in runner.model.modules():
        if isinstance(module, OffsetNet):
            module.register_forward_hook(lambda module, args, output: offsets.append(output.dtype))
    runner.train()
    return runner, features, offsets


def test_steps_compute_in_bfloat16_and_weights_stay_float32(tmp_path):
    write_videos(tmp_path)
    usual, features, _ = trained(tmp_path, 'float32')
    assert set(features) == {torch.float32}
    runner, features, offsets = trained(tmp_path, 'bfloat16', type='Bfloat16OptimWrapper')
    assert set(features) == {torch.bfloat16}
    assert offsets and set(offsets) == {torch.float32}
    weights = runner.model.state_dict()
    assert {value.dtype for value in weights.values() if value.is_floating_point()} == {torch.float32}
    torch.testing.assert_close(dict(weights), dict(usual.model.state_dict()), rtol=5e-2, atol=5e-2)
    assert 'bfloat16' in next((tmp_path / 'bfloat16').glob('*/*.log')).read_text()
