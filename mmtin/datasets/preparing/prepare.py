"""Make the lists that MMAction2's datasets read, from the owner's files and a folder of media."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path

from mmtin.datasets.annotations import DATA_SETS, Annotations, DataSet, LabelledClip
from mmtin.datasets.preparing.linked_frames import link_frames
from mmtin.datasets.preparing.media import MISSING, Inspection, inspect_frames, inspect_video, list_line
from mmtin.errors import UserError
from mmtin.files.whole import require_free, whole_files

FILES = ('labels.txt', 'train.txt', 'val.txt', 'test.txt', 'missing.txt', 'README.txt')


@dataclass(frozen=True)
class Preparation:
    """The result of ``prepare``.

    Args:
        data_set: that was prepared.
        annotations: the content of its owner's files.
        folder: with the lists.
        media: the link to the clips.
        counts: the numbers of clips ``'listed'``, ``'missing'`` and ``'unreadable'``, by split.
        warnings: sentences about what should be looked at.
    """

    data_set: DataSet
    annotations: Annotations
    folder: Path
    media: Path
    counts: dict[str, Counter]
    warnings: list[str]


def prepare(
    name: str,
    annotations: Path | None,
    media: Path,
    out: Path,
    split: int = 1,
    workers: int = 8,
    allow_missing: bool = False,
    force: bool = False,
    track: Callable[[Iterator[Inspection], int], Iterable[Inspection]] = lambda clips, total: clips,
) -> Preparation:
    """Write the lists of a data set, all or none, and make ``out/media`` a link to its media.

    If the data set has ``frame_files``, ``out/media`` is a folder with a folder of links for each clip.

    The lists are written to ``out``, or to ``out/split{split}`` if the owner divides the set in several
    ways: ``labels.txt`` (the names of the classes in label order), ``train.txt``, ``val.txt`` and, if there
    is a test set, ``test.txt`` (see ``list_line``), ``missing.txt`` (``path<TAB>why`` of the clips that are
    missing or cannot be read) and ``README.txt`` (where the order of the labels comes from).

    Args:
        name: of the data set, in DATA_SETS.
        annotations: folder with the owner's files; None for a data set that has none.
        media: folder with the clips.
        out: folder of the data set.
        split: number, from 1, of the owner's division to use.
        workers: threads that look at the clips.
        allow_missing: also list the clips that are missing or cannot be read. A folder of frames that
            is missing is listed with 0 frames, and training stops at it with its name.
        force: replace lists, and a link, that are there.
        track: wraps the iterator over the clips, with their number, to show progress.

    Raises:
        UserError: if the owner's files or all clips are missing, a line is malformed, or files are there
            that ``force`` does not allow to replace.
    """
    data_set = DATA_SETS[name]
    if not media.is_dir():
        raise UserError(f'no folder {media}: --media takes the folder with the clips, see data/README.md')
    folder = out / f'split{split}' if data_set.num_splits > 1 else out
    link = out / 'media'
    if data_set.frame_files:
        require_free(*(folder / file for file in FILES), force=force)
        owners = data_set.read(media, split)
        link_frames(link, data_set.frame_files(media), str(data_set.frame_template))
        media = link
    else:
        require_place([folder / file for file in FILES], link, media, force)
        if annotations is None:
            raise UserError(
                f"{data_set.title} needs the folder with its owner's files: --annotations, "
                'see data/README.md'
            )
        owners = data_set.read(annotations, split)

    splits = {key: [] for key in owners.splits}
    with ThreadPool(workers) as pool:
        order = [(key, clip) for key, clips in owners.splits.items() for clip in clips]
        inspections = pool.imap(_inspector(data_set, media), [clip for _, clip in order], chunksize=16)
        for inspection, (key, _) in zip(track(inspections, len(order)), order):
            splits[key].append(inspection)
    if all(inspection.fault == MISSING for clips in splits.values() for inspection in clips):
        example = order[0][1].path if order else 'a clip'
        raise UserError(
            f'no clip of {data_set.title} in {media}: expected {media / example}, for example; give the '
            'folder above with --media, see data/README.md'
        )

    counts = {key: _count(clips, allow_missing) for key, clips in splits.items()}
    texts: dict[str, Iterable[str]] = {
        f'{key}.txt': [list_line(clip) for clip in clips if allow_missing or not clip.fault]
        for key, clips in splits.items()
    }
    texts['labels.txt'] = owners.classes
    texts['missing.txt'] = [
        f'{clip.path}\t{clip.fault}' for clips in splits.values() for clip in clips if clip.fault
    ]
    warnings = [*_unusual_classes(data_set, owners), *_repeated_clips(owners)]
    texts['README.txt'] = _readme(data_set, owners, counts, warnings)
    _write(folder, texts)
    link_media(link, media)
    return Preparation(data_set, owners, folder, link, counts, warnings)


def _inspector(data_set: DataSet, media: Path) -> Callable[[LabelledClip], Inspection]:
    template = data_set.frame_template
    if template is None:
        return lambda clip: inspect_video(clip, media)
    return lambda clip: inspect_frames(clip, media, template)


def _count(clips: list[Inspection], allow_missing: bool) -> Counter:
    missing = sum(clip.fault == MISSING for clip in clips)
    faults = sum(clip.fault is not None for clip in clips)
    listed = len(clips) if allow_missing else len(clips) - faults
    return Counter(listed=listed, missing=missing, unreadable=faults - missing)


def _unusual_classes(data_set: DataSet, owners: Annotations) -> Iterator[str]:
    if len(owners.classes) in data_set.num_classes:
        return
    published = ' or '.join(map(str, data_set.num_classes))
    yield (
        f'{len(owners.classes)} classes are not the {published} of {data_set.title}: the configs and '
        'published checkpoints do not fit these labels'
    )


def _repeated_clips(owners: Annotations) -> Iterator[str]:
    times = Counter(clip.path for clips in owners.splits.values() for clip in clips)
    repeated = [path for path, count in times.items() if count > 1]
    if repeated:
        yield (
            f"{len(repeated)} clips stand more than once in the owner's files, such as {repeated[0]}: a "
            'clip that is trained on and tested on flatters the model'
        )


def _readme(data_set: DataSet, owners: Annotations, counts: dict, warnings: list[str]) -> list[str]:
    clip = 'path, TAB, labels' if data_set.frame_template is None else 'folder, number of frames, labels'
    return [
        f'{data_set.title}, as tools/prepare_data.py of mmtin lists it.',
        '',
        f'labels.txt: {len(owners.classes)} classes, one a line; the first has label 0.',
        f'The order of the labels is {owners.label_order}.',
        'A checkpoint is valid with the order that it was trained with, and no other.',
        *(f'Note: {warning}.' for warning in warnings),
        '',
        *(f'{split}.txt: {count["listed"]} clips; a line has {clip}.' for split, count in counts.items()),
        'missing.txt: the clips that are missing or cannot be read, and why.',
    ]


def require_place(files: Iterable[Path], link: Path, media: Path, force: bool) -> None:
    """Check that the lists and the link to the media can be written without destroying anything.

    Raises:
        UserError: if something is there that ``force`` does not allow to replace.
    """
    require_free(*files, force=force)
    if link.exists() and not link.samefile(media) and not (force and link.is_symlink()):
        remedy = 'or --force to link anew' if link.is_symlink() else 'or move the folder away'
        raise UserError(f'{link} is not {media}; choose another --out, {remedy}')


def _write(folder: Path, texts: dict[str, Iterable[str]]) -> None:
    with whole_files(*(folder / file for file in texts)) as parts:
        for part, lines in zip(parts, texts.values()):
            part.write_text(''.join(f'{line}\n' for line in lines), encoding='utf-8')
    for file in FILES:
        if file not in texts:
            (folder / file).unlink(missing_ok=True)


def link_media(link: Path, media: Path) -> None:
    """Make ``link`` point to the folder ``media``, unless it does already."""
    if link.exists() and link.samefile(media):
        return
    link.unlink(missing_ok=True)
    link.symlink_to(media.resolve(), target_is_directory=True)
