"""A Runner that was built in Python, whose pipeline and network disagree about T."""

import pytest
from mmengine.runner import Runner

from mmtin.errors import UserError
from tests.report.tiny_run import tiny_config, write_videos


@pytest.mark.parametrize('mode', ['train', 'val', 'test'])
def test_two_videos_are_not_joined_into_one_clip(mode, tmp_path):
    write_videos(tmp_path)
    cfg = tiny_config(tmp_path, tmp_path / 'work')
    cfg.model.backbone.num_segments = cfg.model.cls_head.num_segments = 8
    with pytest.raises(
        UserError, match=rf'{mode}_dataloader gives clips of 4 frames, but .*num_segments=8'
    ):
        getattr(Runner.from_cfg(cfg), mode)()
