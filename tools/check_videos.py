#!/usr/bin/env python
"""Decode every clip of a list the way training does, and name those that fail.

8 frames of each clip are decoded (--num-segments), the first and the last included. A clip that crashes the
decoder or takes too long is named like any other. The exit status is 0 if all clips are good, 1 if some are
bad. The same command with --resume goes on where an interrupted run was.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from pathlib import Path

from rich.progress import track

from mmtin.cluster import add_ray, spread
from mmtin.commands.arguments import add_begin, one_sentence_errors, positive_int
from mmtin.commands.cores import num_cores
from mmtin.commands.terminal import clean_stops
from mmtin.datasets.list_files import ListedClip, read_clip_list
from mmtin.datasets.preparing.decoding_faults import Decoding, fault_of
from mmtin.datasets.preparing.isolation import find_faults
from mmtin.datasets.preparing.spread_faults import FaultSearch
from mmtin.errors import UserError
from mmtin.files.journal import Journal
from mmtin.files.whole import require_free, write_whole

BATCH_SIZE = 16  # clips that a worker of a cluster gets at once


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('list', type=Path, metavar='LIST', help='such as tools/prepare_data.py writes')
    parser.add_argument('--media', type=Path, required=True, help='folder that the paths start from')
    parser.add_argument('--frames', action='store_true', help='the clips are folders of frames')
    parser.add_argument(
        '--filename-tmpl',
        default='{:05}.jpg',
        metavar='TEMPLATE',
        help='name of a frame, as in MMAction2 (default: %(default)s)',
    )
    parser.add_argument(
        '--num-segments',
        type=positive_int,
        default=8,
        help='frames of a clip (default: %(default)s)',
    )
    parser.add_argument(
        '--workers',
        type=positive_int,
        default=num_cores(),
        help='processes (default: as many as cores)',
    )
    parser.add_argument(
        '--time-limit',
        type=positive_int,
        default=60,
        help='for one clip, in seconds (default: %(default)s)',
    )
    parser.add_argument(
        '--bad', type=Path, help='file for the bad clips, path<TAB>why (default: LIST with .bad.txt)'
    )
    parser.add_argument('--write-list', type=Path, metavar='OUT', help='list to make of the good clips')
    add_begin(parser)
    add_ray(parser)
    return parser.parse_args()


def write_lines(path: Path, lines: Iterable[str]) -> None:
    write_whole(''.join(f'{line}\n' for line in lines), path)


def check(args: argparse.Namespace) -> bool:
    """Whether all clips are good."""
    bad_file = args.bad or args.list.with_suffix('.bad.txt')
    files = [path.resolve() for path in (args.list, bad_file, args.write_list) if path]
    if len(set(files)) < len(files):
        raise UserError('LIST, --bad and --write-list must be different files')
    if not args.media.is_dir():
        raise UserError(f'no folder {args.media}: --media takes the folder that paths in LIST start from')
    clips = read_clip_list(args.list, args.frames)
    decodings = [
        Decoding(
            str(args.media / clip.path),
            args.num_segments,
            clip.numbers[0] if args.frames and clip.numbers else None,
            args.filename_tmpl,
        )
        for clip in clips
    ]
    settings = {
        'list': [clip.line for clip in clips],
        '--media, --num-segments or name of a frame': [astuple(decoding) for decoding in decodings],
        '--time-limit': args.time_limit,
    }
    journal = Journal(bad_file, settings, args.force, args.resume)
    if args.write_list:
        require_free(args.write_list, force=args.force or journal.resumes)
    with journal:
        left = journal.left(len(clips))
        found = faults_of(args, [decodings[index] for index in left])
        for place, fault in track(found, 'Decoding clips', total=len(left)):
            journal.add(left[place], dict(fault=fault))
        good = write(args, clips, [entry['fault'] for entry in journal.entries()], bad_file)
        journal.remove()
    return good


def faults_of(args: argparse.Namespace, decodings: list[Decoding]) -> Iterator[tuple[int, str | None]]:
    """The index of each clip and what is wrong with it, here or on a cluster."""
    if args.ray:
        work = FaultSearch(fault_of, args.time_limit)
        return spread(work, decodings, args.ray, BATCH_SIZE, use_gpus=False)
    return find_faults(fault_of, decodings, args.workers, args.time_limit)


def write(
    args: argparse.Namespace, clips: list[ListedClip], faults: list[str | None], bad_file: Path
) -> bool:
    """Write the lists, say where they are, and tell whether all clips are good."""
    bad = [f'{clip.path}\t{faults[index]}' for index, clip in enumerate(clips) if faults[index]]
    good = [clip.line for index, clip in enumerate(clips) if not faults[index]]
    write_lines(bad_file, bad)
    print(f'{len(clips)} clips: {len(good)} good, {len(bad)} bad.')
    print(f'The bad ones are in {bad_file}, with the reason.' if bad else f'{bad_file} is empty.')
    if args.write_list:
        write_lines(args.write_list, good)
        print(f'The list of the good ones is {args.write_list}.')
    return not bad


def main() -> None:
    args = parse_args()
    with one_sentence_errors(), clean_stops():
        sys.exit(0 if check(args) else 1)


if __name__ == '__main__':
    main()
