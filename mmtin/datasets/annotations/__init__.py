"""The data sets, and readers of their owners' annotation files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmtin.datasets.annotations import kinetics, miracl_vc1, moments, something, ucf_hmdb
from mmtin.datasets.annotations.common import Annotations, LabelledClip
from mmtin.errors import UserError

__all__ = ['DATA_SETS', 'Annotations', 'DataSet', 'LabelledClip']


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Args:
        title: its name in print.
        reader: reads the folder with the owner's files; takes the split too if there are several.
        num_classes: as published, one number per version.
        frame_template: file name of a frame, counted from 1; None if the clips are video files.
        num_splits: the number of ways in which its owner divides it.
        frame_files: for a set without annotation files, whose folders tell everything and whose frames
            are not numbered by ``frame_template``. It returns the frames of each clip in order, by the
            clip's name; preparation makes folders of links to them. It and ``reader`` take the folder with
            the media.
    """

    title: str
    reader: Callable[..., Annotations]
    num_classes: tuple[int, ...]
    frame_template: str | None = None
    num_splits: int = 1
    frame_files: Callable[[Path], dict[str, list[Path]]] | None = None

    def read(self, folder: Path, split: int = 1) -> Annotations:
        """Read the owner's files in ``folder``, by the division of the clips number ``split`` (from 1).

        Raises:
            UserError: if a file is missing, a line malformed, or there is no such split.
        """
        if not 1 <= split <= self.num_splits:
            raise UserError(f'{self.title} has {self.num_splits} split(s), counted from 1; got {split}')
        return self.reader(folder, split) if self.num_splits > 1 else self.reader(folder)


DATA_SETS = {
    'sthv1': DataSet('Something-Something V1', something.read_frames, (174,), '{:05}.jpg'),
    'sthv2': DataSet('Something-Something V2', something.read_videos, (174,)),
    'jester': DataSet('Jester', something.read_frames, (27,), '{:05}.jpg'),
    'kinetics400': DataSet('Kinetics-400', kinetics.read, (400,)),
    'kinetics600': DataSet('Kinetics-600', kinetics.read, (600,)),
    'ucf101': DataSet('UCF101', ucf_hmdb.read_ucf101, (101,), num_splits=3),
    'hmdb51': DataSet('HMDB51', ucf_hmdb.read_hmdb51, (51,), num_splits=3),
    'mmit': DataSet('Multi-Moments in Time', moments.read, (313, 292)),
    'miracl_vc1': DataSet(
        'MIRACL-VC1', miracl_vc1.read_words, (10,), '{:05}.jpg', frame_files=miracl_vc1.word_frames
    ),
    'miracl_vc1_order': DataSet(
        'MIRACL-VC1, two words in either order',
        miracl_vc1.read_order,
        (10,),
        '{:05}.jpg',
        frame_files=miracl_vc1.order_frames,
    ),
}
