"""MMAction2's video and frame-folder datasets, whose faults have names and whose samples have seeds."""

import os.path

from mmaction.datasets import BaseActionDataset, RawframeDataset, VideoDataset
from mmaction.registry import DATASETS

from mmtin.datasets.bad_clips import ToleratesBadClips
from mmtin.datasets.list_files import malformed_line, read_clip_list
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


class _CheckedList(BaseActionDataset):
    """Names what is missing, and a malformed line of the list."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """What a line holds after the path, when a clip has one label."""
        return ('label',)

    def load_data_list(self) -> list[dict]:
        require_data(self.ann_file, *self.data_prefix.values())
        delimiter = getattr(self, 'delimiter', None)
        for number, clip in enumerate(read_clip_list(self.ann_file, delimiter=delimiter), 1):
            blanks = delimiter is None and len(clip.path.split()) > 1
            too_many = not self.multi_class and len(clip.numbers or ()) > len(self.numbers)
            if blanks or clip.numbers is None or too_many:
                raise malformed_line(self.ann_file, number, clip, ' '.join(('path', *self.numbers)))
        return super().load_data_list()


@DATASETS.register_module()
class VideoClipDataset(SeededSamples, ToleratesBadClips, _CheckedList, VideoDataset):
    """MMAction2's VideoDataset: a list with ``path label`` per line, video files.

    Takes its arguments and those of :class:`ToleratesBadClips`.
    """


@DATASETS.register_module()
class RawframeClipDataset(SeededSamples, ToleratesBadClips, _CheckedList, RawframeDataset):
    """MMAction2's RawframeDataset: a list with ``folder frames label`` per line, frames as images.

    Takes its arguments and those of :class:`ToleratesBadClips`.
    """

    @property
    def numbers(self) -> tuple[str, ...]:
        """What a line holds after the path, when a clip has one label."""
        return (*(('first_frame',) if self.with_offset else ()), 'number_of_frames', 'label')
