"""A run that is resumed for more epochs has the schedule of the longer run."""

from mmengine.config import Config
from mmengine.runner import Runner

from tests.report.tiny_run import tiny_config, write_videos


def trained(cfg: Config, max_epochs: int, **options) -> Runner:
    cfg.train_cfg.update(max_epochs=max_epochs, val_interval=9)
    cfg.param_scheduler = [
        dict(
            type='OneCycleLR',
            eta_max=2e-3,
            by_epoch=True,
            total_steps=max_epochs,
            convert_to_iter_based=True,
        )
    ]
    cfg.update(options)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def test_one_cycle_is_resumed_to_last_longer(tmp_path):
    write_videos(tmp_path)
    cfg = tiny_config(tmp_path, tmp_path / 'work')
    trained(cfg, 2)
    resumed = trained(cfg, 3, resume=True, load_from=str(tmp_path / 'work/epoch_2.pth'))
    whole = trained(cfg, 3, resume=False, load_from=None)
    assert resumed.param_schedulers[0].total_steps == 6  # of 2 batches an epoch
    assert resumed.optim_wrapper.get_lr() == whole.optim_wrapper.get_lr()
