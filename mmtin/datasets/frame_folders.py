"""Folders of frames: one file a frame, numbered without gaps."""

from collections.abc import Container


def numbered_frames(names: Container[str], template: str, first: int = 1) -> int:
    """How many frames lie in a folder before the first gap.

    Args:
        names: of what is in the folder.
        template: of the name of a frame, such as ``img_{:05}.jpg``.
        first: number of the first frame.
    """
    last = first
    while template.format(last) in names:
        last += 1
    return last - first
