"""Write lists of one's own videos, for any config."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmtin.datasets.annotations import LabelledClip
from mmtin.datasets.own.checking import Track
from mmtin.datasets.own.own_videos import OwnVideos, read_own_videos
from mmtin.datasets.own.written import list_texts
from mmtin.datasets.preparing.prepare import link_media, require_place
from mmtin.errors import UserError
from mmtin.files.whole import whole_files


@dataclass(frozen=True)
class PreparedFolder:
    """The result of ``prepare_folder``.

    Args:
        videos: as they were divided.
        folder: with the lists.
        media: the link to the videos.
    """

    videos: OwnVideos
    folder: Path
    media: Path

    def counts(self) -> list[tuple[str, int, int]]:
        """For each class, its name and its numbers of videos to train on and to validate on."""
        train, val = (_frequency(clips) for clips in (self.videos.train, self.videos.val))
        return [(name, train[label], val[label]) for label, name in enumerate(self.videos.classes)]


def prepare_folder(
    media: Path,
    out: Path,
    val_share: float = 0.2,
    seed: int = 0,
    force: bool = False,
    track: Track = lambda faults, total: faults,
) -> PreparedFolder:
    """Write ``labels.txt``, ``train.txt`` and ``val.txt`` (``path<TAB>label``), and link ``out/media``.

    Args:
        media: a folder with a folder for each class, or with such folders in ``train`` and ``val``.
        out: folder of the lists, another than ``media``.
        val_share: of the videos of each class, to validate on.
        seed: of the division.
        force: replace lists, and a link, that are there.
        track: wraps the iterator over the files while each is opened.

    Raises:
        UserError: if the videos cannot be used, or files are there that ``force`` does not allow to
            replace.
    """
    names = ('labels.txt', 'train.txt', 'val.txt')
    link = out / 'media'
    listed = media / 'train.txt'
    if listed.exists() or (out.exists() and out.samefile(media)):
        raise UserError(f'{listed} would be read in place of the folders; choose a folder of videos alone')
    require_place([out / name for name in names], link, media, force)
    videos = read_own_videos(media, val_share=val_share, seed=seed, track=track)
    texts = list_texts(videos)
    with whole_files(*(out / name for name in names)) as parts:
        for part, name in zip(parts, names):
            part.write_text(''.join(f'{line}\n' for line in texts[name]), encoding='utf-8')
    link_media(link, videos.media)
    return PreparedFolder(videos, out, link)


def _frequency(clips: Sequence[LabelledClip]) -> Counter:
    return Counter(label for clip in clips for label in clip.labels)
