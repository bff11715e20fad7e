"""Look in a folder of media for the clips that the owner of a data set lists."""

import os
from pathlib import Path
from typing import NamedTuple

from mmtin.datasets.annotations import LabelledClip
from mmtin.datasets.frame_folders import numbered_frames

MISSING = 'missing'


class Inspection(NamedTuple):
    """What was found of a clip in the media folder.

    ``num_frames`` is None for a video file. ``fault`` is None, MISSING, or why it cannot be read.
    """

    clip: LabelledClip
    path: str
    num_frames: int | None
    fault: str | None


def inspect_video(clip: LabelledClip, media: Path) -> Inspection:
    """Find a clip that is a video file; an empty file cannot be read."""
    for path in (clip.path, *clip.alternatives):
        try:
            size = os.stat(media / path).st_size
        except (FileNotFoundError, NotADirectoryError):
            continue
        return Inspection(clip, path, None, None if size else 'empty file')
    return Inspection(clip, clip.path, None, MISSING)


def inspect_frames(clip: LabelledClip, media: Path, template: str) -> Inspection:
    """Count the frames of a clip that is a folder; if their numbers have a gap, it cannot be read.

    ``num_frames`` counts the frames before the gap, and is 0 if there is no folder.
    """
    try:
        names = set(os.listdir(media / clip.path))
    except (FileNotFoundError, NotADirectoryError):
        return Inspection(clip, clip.path, 0, MISSING)
    num_frames = numbered_frames(names, template)
    fault = None
    if not num_frames or sum(name.endswith(Path(template).suffix) for name in names) > num_frames:
        fault = f'no {template.format(num_frames + 1)}'
    return Inspection(clip, clip.path, num_frames, fault)


def list_line(inspection: Inspection) -> str:
    """``path<TAB>label...`` for a video, since paths hold blanks; ``folder frames label...`` for frames.

    A clip without labels, as in the test set of a challenge, gets the label -1 in MMAction2's datasets.
    """
    labels = map(str, inspection.clip.labels)
    if inspection.num_frames is None:
        return '\t'.join((inspection.path, *labels))
    return ' '.join((inspection.path, str(inspection.num_frames), *labels))
