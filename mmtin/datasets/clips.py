"""MMAction2's video and frame-folder datasets, with faults that name the clip and the remedy."""

import os.path
import re

from mmaction.datasets import RawframeDataset, VideoDataset
from mmaction.registry import DATASETS
from mmengine.fileio import list_from_file

from mmtin.errors import UserError


class _NamedFaults:
    """Names what is missing, a malformed line of the list, and a clip that cannot be read."""

    # What a line holds after the path, when a clip has one label.
    numbers: tuple[str, ...]

    def load_data_list(self) -> list[dict]:
        for path in (self.ann_file, *self.data_prefix.values()):
            if path and not os.path.exists(path):
                raise UserError(
                    f'no data at {path}: see the section "Data" of README.md for how it gets there, or '
                    'set ann_file and data_prefix of the data loaders with --cfg-options'
                )
        self._check_lines()
        return super().load_data_list()

    def _check_lines(self) -> None:
        lines = list_from_file(self.ann_file)
        if not lines:
            raise UserError(f'the list {self.ann_file} is empty; it needs one line a clip')
        delimiter = getattr(self, 'delimiter', None)
        for index, line in enumerate(lines, 1):
            path, *numbers = line.strip().split(delimiter) or ['']
            whole = all(re.fullmatch(r'-?\d+', number) for number in numbers)
            too_many = not self.multi_class and len(numbers) > len(self.numbers)
            if not path or not whole or too_many:
                expected = ' '.join(('path', *self.numbers))
                raise UserError(
                    f'{self.ann_file}, line {index}: expected "{expected}", got {line!r}; '
                    "paths with blanks need a TAB behind them and delimiter='\\t' in the dataset"
                )

    def prepare_data(self, idx: int) -> dict:
        """The clip ``idx`` after the pipeline.

        Raises:
            UserError: if the pipeline fails; names the clip.
        """
        try:
            return super().prepare_data(idx)
        except UserError:
            raise
        except Exception as error:
            info = self.get_data_info(idx)
            clip = info.get('filename') or info.get('frame_dir')
            reason = f'{type(error).__name__}: {error}'.strip().splitlines()[0]
            raise UserError(
                f'cannot read the clip {clip} ({reason}); repair it or take it out of {self.ann_file}, '
                'or mend the pipeline if every clip fails'
            ) from error


@DATASETS.register_module()
class VideoClipDataset(_NamedFaults, VideoDataset):
    """MMAction2's VideoDataset: a list with ``path label`` per line, video files."""

    numbers = ('label',)


@DATASETS.register_module()
class RawframeClipDataset(_NamedFaults, RawframeDataset):
    """MMAction2's RawframeDataset: a list with ``folder frames label`` per line, frames as images."""

    @property
    def numbers(self) -> tuple[str, ...]:
        return (*(('first_frame',) if self.with_offset else ()), 'number_of_frames', 'label')
