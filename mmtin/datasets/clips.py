"""MMAction2's datasets of videos and of folders of frames, with named faults and seeded samples."""

import os.path
from collections.abc import Iterator, Sequence

from mmaction.datasets import BaseActionDataset, RawframeDataset, VideoDataset
from mmaction.registry import DATASETS

from mmtin.datasets.bad_clips import ToleratesBadClips
from mmtin.datasets.list_files import read_labelled_clips
from mmtin.datasets.randomness import SeededSamples
from mmtin.errors import UserError


def require_data(*paths: str | None) -> None:
    """Check that the files and folders of a dataset are there; None and '' pass.

    Raises:
        UserError: names the first that is not.
    """
    for path in paths:
        if path and not os.path.exists(path):
            raise UserError(
                f'no data at {path}: see the section "Data" of README.md for how it gets there, or set the '
                'paths in the datasets of the data loaders with --cfg-options'
            )


def numbers_behind_paths(*, frames: bool, with_offset: bool = False) -> tuple[str, ...]:
    """The names of the numbers after the path in a line of a list, for clips of one label.

    Args:
        frames: whether the clips are folders of frames.
        with_offset: whether they say where a clip begins.
    """
    return (*(('first_frame',) if with_offset else ()), *(('number_of_frames',) if frames else ()), 'label')


class _CheckedList(BaseActionDataset):
    """Mixin that names missing data and malformed lines, and finds the delimiter of the list."""

    def listed(self, folder: str | None, numbers: tuple[str, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The path of each clip, in ``folder``, and the ``numbers`` after it."""
        require_data(self.ann_file, folder)
        delimiter = getattr(self, 'delimiter', None)
        for clip in read_labelled_clips(self.ann_file, delimiter, numbers, self.multi_class):
            yield os.path.join(folder or '', clip.path), clip.numbers or ()

    def label_of(self, labels: Sequence[int]) -> int | list[int]:
        """The label of a clip; -1 if it has none, as in the test set of a challenge."""
        return list(labels) if self.multi_class else [*labels, -1][0]


@DATASETS.register_module()
class VideoClipDataset(SeededSamples, ToleratesBadClips, _CheckedList, VideoDataset):
    """MMAction2's VideoDataset: a list with ``path label`` per line, video files.

    Takes its arguments and those of :class:`ToleratesBadClips`. Lines may be divided by a TAB, a comma or
    blanks, whatever ``delimiter`` is; paths may hold blanks.
    """

    def load_data_list(self) -> list[dict]:
        clips = self.listed(self.data_prefix['video'], numbers_behind_paths(frames=False))
        return [dict(filename=path, label=self.label_of(labels)) for path, labels in clips]


@DATASETS.register_module()
class RawframeClipDataset(SeededSamples, ToleratesBadClips, _CheckedList, RawframeDataset):
    """MMAction2's RawframeDataset: a list with ``folder frames label`` per line, frames as images.

    Takes its arguments and those of :class:`ToleratesBadClips`.
    """

    def load_data_list(self) -> list[dict]:
        numbers = numbers_behind_paths(frames=True, with_offset=self.with_offset)
        named = ('offset', 'total_frames')[-len(numbers) + 1 :]
        return [
            dict(zip(named, behind), frame_dir=path, label=self.label_of(behind[len(named) :]))
            for path, behind in self.listed(self.data_prefix['img'], numbers)
        ]
