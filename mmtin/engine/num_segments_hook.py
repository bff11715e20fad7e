"""Clips of as many frames as the network was built for."""

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmtin.errors import UserError


@HOOKS.register_module()
class NumSegmentsHook(Hook):
    """Look at the first batch of each loop: its clips must have the T frames of the backbone.

    A recognizer puts all frames of a batch in a row, and the backbone takes each T of them for a clip: with
    a pipeline of 4 frames and T = 8 it would join two videos into one. ``mim train`` compares pipelines and
    backbone before; this is for a Runner that was built in Python.

    Raises:
        UserError: if a training clip has another number of frames, or one of a test no multiple of it:
            several views of a video come together there.
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        if batch_idx == 0:
            self._check(runner, data_batch, 'train')

    def before_val_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        if batch_idx == 0:
            self._check(runner, data_batch, 'val')

    def before_test_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        if batch_idx == 0:
            self._check(runner, data_batch, 'test')

    def _check(self, runner, data_batch, mode: str) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        num_segments = getattr(getattr(model, 'backbone', None), 'num_segments', None)
        inputs = data_batch.get('inputs') if isinstance(data_batch, dict) else None
        if num_segments is None or inputs is None or not len(inputs) or getattr(inputs[0], 'ndim', 0) != 4:
            return  # detectors and networks of other packages count frames in other ways
        frames = len(inputs[0])
        if frames % num_segments or (mode == 'train' and frames != num_segments):
            raise UserError(
                f'the pipeline of {mode}_dataloader gives clips of {frames} frames, but '
                f'model.backbone.num_segments={num_segments}; set both to the same number, or call '
                'mmtin.config.match_num_segments(cfg) before the Runner is built'
            )
