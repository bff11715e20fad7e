"""Check that files are videos before training starts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path

from mmtin.commands.cores import num_cores
from mmtin.datasets.preparing.decoding_faults import Decoding, fault_of
from mmtin.datasets.video.decoding import VideoInit
from mmtin.errors import UserError

Track = Callable[[Iterator[str | None], int], Iterable[str | None]]


def require_videos(media: Path, paths: Sequence[str], track: Track = lambda faults, total: faults) -> None:
    """Open every file and decode its first frame.

    Args:
        media: the folder that paths start from.
        paths: of the videos.
        track: wraps the iterator over the files, with their number, to show progress.

    Raises:
        UserError: names those that are missing, cannot be read or are a picture.
    """
    missing = [path for path in paths if not (media / path).is_file()]
    if missing:
        raise UserError(
            f'{len(missing)} of {len(paths)} videos are not there, such as {media / missing[0]}; paths '
            'of a list start from its folder, or from the folder that finetune.media names'
        )
    with ThreadPool(num_cores()) as pool:
        faults = list(track(pool.imap(lambda path: _fault(media / path), paths), len(paths)))
    bad = [(media / path, fault) for path, fault in zip(paths, faults) if fault]
    if bad:
        named = ', '.join(f'{path} ({fault})' for path, fault in bad[:5])
        others = f', and {len(bad) - 5} others' if len(bad) > 5 else ''
        raise UserError(
            f'no video that can be read: {named}{others}; repair it, or take it out of the folder or list'
        )


def _fault(path: Path) -> str | None:
    fault = fault_of(Decoding(str(path), num_segments=1))
    if fault is None and VideoInit().transform(dict(filename=str(path)))['total_frames'] < 2:
        return 'a picture: it has one frame'
    return fault
