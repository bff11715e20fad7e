"""Folders of frames that are numbered without gaps, made of links to frames that are not."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmtin.errors import UserError
from mmtin.files.whole import whole_folder


def link_frames(folder: Path, clips: Mapping[str, Sequence[Path]], template: str) -> None:
    """Let ``folder`` hold a folder of links for each clip, whole or not at all; it replaces what was there.

    Args:
        folder: to make.
        clips: by its name, the frames of each clip in order. A frame may stand there more than once.
        template: of the names of the links, counted from 1.

    Raises:
        UserError: if the folder holds something else than folders of links.
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
    """Whether nothing is lost with the folder; an empty one passes."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    clips = list(folder.iterdir())
    return all(
        clip.is_dir() and not clip.is_symlink() and all(frame.is_symlink() for frame in clip.iterdir())
        for clip in clips
    )
