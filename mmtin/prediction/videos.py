"""List the videos of a command, and the paths of its output for each."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from mmtin.commands.cores import num_cores
from mmtin.datasets.list_files import read_clip_list
from mmtin.datasets.video.suffixes import SUFFIXES
from mmtin.errors import UserError


class Video(NamedTuple):
    """A video file; ``name`` is its path as given, or relative to the folder that was given."""

    name: str
    path: Path


class Fault(NamedTuple):
    """Why a video has no prediction, in a few words."""

    reason: str

    @classmethod
    def of(cls, error: Exception) -> 'Fault':
        # FFmpeg puts a number before its message and the file's name after it.
        text = str(getattr(error, 'strerror', None) or error).strip()
        return cls((text or type(error).__name__).splitlines()[0])


NOT_FINITE = Fault(
    'what the network computes is NaN or infinite, by such weights in its checkpoint or by an overflow in '
    'bfloat16 or float16; give another checkpoint, or compute in float32'
)


def list_videos(source: str, media: Path | None = None) -> list[Video]:
    """The videos of a file, a folder with its sub-folders, or a list.

    A list is a ``.txt`` file with one path per line, with or without labels as in the lists of a data set.
    Its files need not be there until they are opened.

    Args:
        source: path of one of these.
        media: folder that the paths of a list start from; None is the current one.

    Raises:
        UserError: if there is no such file, or no video in the folder or list.
    """
    path = Path(source)
    if path.is_dir():
        found = sorted(p for p in path.rglob('*') if p.suffix.lower() in SUFFIXES and p.is_file())
        if not found:
            raise UserError(
                f'no video in the folder {path}; their names end in {" ".join(sorted(SUFFIXES))}'
            )
        return [Video(p.relative_to(path).as_posix(), p) for p in found]
    if not path.is_file():
        raise UserError(f'no video, folder or list at {path}; check the path')
    if path.suffix.lower() != '.txt':
        return [Video(path.name, path)]
    videos = [Video(clip.path, (media or Path()) / clip.path) for clip in read_clip_list(path)]
    if not any(video.path.exists() for video in videos):
        raise UserError(
            f'none of the {len(videos)} videos of {path} is there, such as {videos[0].path}; '
            '--media takes the folder that its paths start from'
        )
    return videos


def output_paths(videos: Sequence[Video], suffix: str | None) -> list[PurePath]:
    """A relative path for each video, all different, none of which leaves the folder that it is joined to.

    Sub-folders stay; ``..`` and the root of absolute names are dropped. The suffix replaces the video's; if
    two names would be equal, it is appended to it. None leaves names as they are.
    """
    inside = [_inside(PurePath(video.name)) for video in videos]
    times = Counter(inside if suffix is None else (path.with_suffix(suffix) for path in inside))
    taken, paths = set(), []
    for path in inside:
        wanted = path if suffix is None else path.with_suffix(suffix)
        if times[wanted] > 1 and suffix is not None:
            wanted = path.with_name(path.name + suffix)
        number, free = 2, wanted
        while free in taken:
            free = wanted.with_stem(f'{wanted.stem}_{number}')
            number += 1
        taken.add(free)
        paths.append(free)
    return paths


def _inside(path: PurePath) -> PurePath:
    return PurePath(*(part for part in path.parts if part not in (path.anchor, '..')))


def default_workers(num_videos: int) -> int:
    """Number of processes that decode: none for one video, which would only wait for them, else one per
    core, up to 8."""
    return 0 if num_videos == 1 else min(8, num_videos, num_cores())


def short_video(num_frames: int, num_segments: int) -> str:
    """The note on a video with fewer frames than the network takes."""
    if num_frames == 1:
        return f'one frame, as of a picture, for clips of {num_segments}: nothing moves in it'
    return f'{num_frames} frames for clips of {num_segments}: some are repeated'
