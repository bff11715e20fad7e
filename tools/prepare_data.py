#!/usr/bin/env python
"""Write the lists of a data set from its owner's files (see data/README.md).

DATASET folder takes videos of your own, a folder for each class, and divides them:
tools/prepare_data.py folder --media my_videos
"""

import argparse
import shlex
import sys
from pathlib import Path

from rich.progress import track
from tabulate import tabulate

from mmtin.commands.arguments import one_sentence_errors, positive_int
from mmtin.datasets.annotations import DATA_SETS
from mmtin.datasets.own.preparing import PreparedFolder, prepare_folder
from mmtin.datasets.preparing.prepare import Preparation, prepare

FOLDER = 'folder'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'data_set', choices=(*DATA_SETS, FOLDER), metavar='DATASET', help=', '.join((*DATA_SETS, FOLDER))
    )
    parser.add_argument(
        '--annotations', type=Path, help="folder with the owner's files; not with folder or miracl_vc1"
    )
    parser.add_argument('--media', type=Path, required=True, help='folder with the clips')
    parser.add_argument(
        '--out',
        type=Path,
        help='folder of the data set (default: data/DATASET; with folder: data/NAME, as --media is named)',
    )
    parser.add_argument(
        '--split', type=int, default=1, help='of UCF101 and HMDB51: 1, 2 or 3 (default: %(default)s)'
    )
    parser.add_argument(
        '--workers',
        type=positive_int,
        default=8,
        help='threads that look at the clips (default: %(default)s)',
    )
    parser.add_argument(
        '--allow-missing', action='store_true', help='list clips that are missing or cannot be read too'
    )
    parser.add_argument(
        '--val-share',
        type=float,
        default=0.2,
        help='of folder: share to validate on (default: %(default)s)',
    )
    parser.add_argument('--seed', type=int, default=0, help='of folder: of the division (default: 0)')
    parser.add_argument('--force', action='store_true', help='replace lists that are there')
    args = parser.parse_args()
    data_set = DATA_SETS.get(args.data_set)
    if data_set and not data_set.frame_files and args.annotations is None:
        parser.error('the following arguments are required: --annotations')
    return args


def summary(done: Preparation) -> str:
    """The counts of each split as a table, where the lists are, and what to do next."""
    owners = done.annotations
    headers = ('split', 'listed', 'missing', 'unreadable')
    table = [(split, *(count[key] for key in headers[1:])) for split, count in done.counts.items()]
    script = Path(sys.argv[0]).with_name('check_videos.py')
    first = done.folder / f'{next(iter(done.counts))}.txt'
    check = ['python', str(script), str(first), '--media', str(done.media)]
    check += ['--frames'] if done.data_set.frame_template else []
    return '\n'.join(
        [
            f'{done.data_set.title}: {len(owners.classes)} classes; their order is {owners.label_order}.',
            *(f'warning: {warning}' for warning in done.warnings),
            tabulate(table, headers, tablefmt='github'),
            f'The lists are in {done.folder}; missing.txt there names what is missing or unreadable.',
            f'Next: {shlex.join(check)}',
        ]
    )


def own_lists(args: argparse.Namespace) -> PreparedFolder:
    return prepare_folder(
        args.media,
        args.out or Path('data', args.media.resolve().name),
        args.val_share,
        args.seed,
        args.force,
        lambda faults, total: track(faults, 'Looking at the videos', total),
    )


def folder_summary(done: PreparedFolder) -> str:
    """The videos of each class as a table, where the lists are, and what to do next."""
    return '\n'.join(
        [
            tabulate(done.counts(), ('class', 'train', 'val'), tablefmt='github'),
            f'The lists are in {done.folder}; their paths start from {done.media}.',
            f'Next: mim train mmtin tin_r50_finetune.py --cfg-options data={shlex.quote(str(done.folder))}',
        ]
    )


def main() -> None:
    args = parse_args()
    with one_sentence_errors():
        if args.data_set == FOLDER:
            print(folder_summary(own_lists(args)))
            return
        done = prepare(
            args.data_set,
            args.annotations,
            args.media,
            args.out or Path('data', args.data_set),
            args.split,
            args.workers,
            args.allow_missing,
            args.force,
            lambda clips, total: track(clips, 'Looking at clips', total),
        )
        print(summary(done))


if __name__ == '__main__':
    main()
