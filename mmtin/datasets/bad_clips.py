"""Clips that cannot be read: in training another takes their place, in a test they count as wrong.

The workers of a data loader are processes: what they find travels in the meta information of the samples
to the main process, where :class:`mmtin.engine.BadClipsHook` counts, names and judges it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from mmaction.datasets import BaseActionDataset
from mmaction.structures import ActionDataSample
from mmengine.logging import MessageHub
from torch import Tensor

from mmtin.errors import UserError

# Key of a sample's meta information: a list of BadClip as plain tuples.
BAD_CLIPS = 'bad_clips'

# Key in the message hub of a Runner while it is built: whether a hook of it reports bad clips.
REPORTED = 'bad_clips_reported'

# Errors of the program or the machine, which no damaged file causes.
_NOT_OF_THE_CLIP = (
    AttributeError,
    ImportError,
    KeyError,
    MemoryError,
    NameError,
    NotImplementedError,
    RecursionError,
    TypeError,
    UserError,
)

# The score of classes that the clip does not show, above the 0 of those that it shows. Small, so that a
# clip of several labels does not precede readable ones in the average precision of a class that it lacks.
_WRONG = 1e-6


class BadClip(NamedTuple):
    """Path of a video or a folder of frames, and in one line why it cannot be read."""

    path: str
    reason: str


def bad_clips_of(data_batch: dict) -> list[BadClip]:
    """What the dataset noted in the samples of a batch."""
    samples = data_batch.get('data_samples', ())
    return [BadClip(*bad) for sample in samples for bad in sample.get(BAD_CLIPS, ())]


class WrongPrediction(ActionDataSample):
    """A data sample that is scored as wrong, whatever the network says.

    The classes that the clip shows get the lowest score, all others the same higher one. Every metric and
    every dump of scores then counts it as wrong, except top-5 among five classes or fewer.
    """

    def set_pred_score(self, value: Tensor) -> 'WrongPrediction':
        scores = torch.full_like(value, _WRONG)  # [classes], or [clips, classes] if they are not averaged
        if len(self.gt_label) == scores.shape[-1] > 1:
            scores[..., self.gt_label.bool()] = 0
        else:
            scores[..., self.gt_label[self.gt_label >= 0]] = 0
        return super().set_pred_score(scores)

    def set_pred_label(self, value: Tensor) -> 'WrongPrediction':
        return super().set_pred_label(self.pred_score.argmax(dim=-1, keepdim=True))


class ToleratesBadClips(BaseActionDataset):
    """Mixin for datasets of MMAction2 whose pipeline ends in PackActionInputs.

    Args:
        tolerate_bad_clips: in training, a random other clip replaces one that cannot be read; in a test,
            black frames with the score of :class:`WrongPrediction` do. Takes effect where the Runner has
            ``default_hooks.bad_clips=dict(type='BadClipsHook')``, which reports them and stops the run when
            there are too many; anywhere else such a clip is an error.
        max_refetch: how many other clips are tried, before the pipeline is held to be at fault.

    Attributes:
        reported: whether a hook reports bad clips; where none does, a bad clip is an error.
    """

    def __init__(self, *args, tolerate_bad_clips: bool = False, max_refetch: int = 10, **kwargs) -> None:
        self.tolerate_bad_clips = tolerate_bad_clips
        # Set by the Runner that this dataset is built for. The workers of a loop by iteration copy the
        # dataset before any hook runs.
        self.reported = MessageHub.get_current_instance().get_info(REPORTED, False)
        super().__init__(*args, max_refetch=max_refetch, **kwargs)

    def prepare_data(self, idx: int) -> dict | None:
        """The clip ``idx`` after the pipeline, or what stands in for it.

        Raises:
            UserError: if neither it nor any clip tried in its place can be read; names it. Errors that no
                clip causes are raised as they are.
        """
        bad_clips, tried = [], idx
        while True:
            try:
                sample = super().prepare_data(tried)
                break
            except _NOT_OF_THE_CLIP:
                raise
            except Exception as error:
                bad_clips.append(BadClip(self._path(tried), _reason(error)))
                if not (self.tolerate_bad_clips and self.reported) or len(bad_clips) > self.max_refetch:
                    raise UserError(self._sentence(bad_clips)) from error
            tried = self._rand_another()
        if bad_clips and sample is not None:
            if self.test_mode:
                del bad_clips[1:]  # the others have their own turn
                sample = self._scored_wrong(sample, idx)
            sample['data_samples'].set_metainfo({BAD_CLIPS: [tuple(bad) for bad in bad_clips]})
        return sample

    def _scored_wrong(self, sample: dict, idx: int) -> dict:
        """A sample in the form of ``sample`` that counts as a wrong prediction of clip ``idx``."""
        info = self.get_data_info(idx)
        meta = sample['data_samples'].metainfo
        wrong = WrongPrediction(metainfo={key: info.get(key, value) for key, value in meta.items()})
        return dict(
            sample,
            inputs=torch.zeros_like(sample['inputs']),
            data_samples=wrong.set_gt_label(info['label']),
        )

    def _path(self, idx: int) -> str:
        info = self.get_data_info(idx)
        return info.get('filename') or info.get('frame_dir')

    def _sentence(self, bad_clips: list[BadClip]) -> str:
        path, reason = bad_clips[0]
        others = f', nor {len(bad_clips) - 1} others tried in its place' * (len(bad_clips) > 1)
        return (
            f'cannot read the clip {path} ({reason}){others}; repair it or take it out of '
            f'{self.ann_file}, or mend the pipeline if every clip fails'
        )


def clip_datasets(dataset) -> Iterator[ToleratesBadClips]:
    """The datasets that tolerate bad clips: a dataset itself, or those that it wraps."""
    if isinstance(dataset, ToleratesBadClips):
        yield dataset
    attributes = getattr(dataset, '__dict__', {})
    for wrapped in ('dataset', '_dataset', 'datasets'):
        inner = attributes.get(wrapped, ())
        for each in inner if isinstance(inner, list | tuple) else [inner]:
            yield from clip_datasets(each)


def _reason(error: Exception) -> str:
    return f'{type(error).__name__}: {error}'.strip().splitlines()[0]
