"""Folders of links, numbered without gaps, to frames that are not."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmtin.errors import UserError
from mmtin.files.whole import whole_folder


def link_frames(folder: Path, clips: Mapping[str, Sequence[Path]], template: str) -> None:
    """Make ``folder`` with a folder of links for each clip, whole or not at all; replace what was there.

    Args:
        folder: to make.
        clips: the frames of each clip in order, by its name. A frame may occur more than once.
        template: file name of a link, counted from 1.

    Raises:
        UserError: if the folder holds anything but folders of links.
    """
    if folder.exists() and not _holds_links_alone(folder):
        raise UserError(
            f'{folder} is not a folder of links that prepare_data made; choose another --out, or move the '
            'folder away'
        )
    with whole_folder(folder) as new:
        for name, frames in clips.items():
            (new / name).mkdir()
            for number, frame in enumerate(frames, 1):
                (new / name / template.format(number)).symlink_to(frame.resolve())


def _holds_links_alone(folder: Path) -> bool:
    """Whether the folder holds links alone, so that it can be removed without loss; an empty one passes."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    clips = list(folder.iterdir())
    return all(
        clip.is_dir() and not clip.is_symlink() and all(frame.is_symlink() for frame in clip.iterdir())
        for clip in clips
    )
