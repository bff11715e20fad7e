#!/usr/bin/env python
"""Make the demo's videos: eight classes in pairs that differ only in the arrow of time."""

import argparse
from pathlib import Path

from rich.progress import track

from mmtin.commands import one_sentence_errors
from mmtin.datasets.synthetic import write_dataset


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument('--out', type=Path, default=Path('data/demo'), help='folder to make')
    parser.add_argument('--clips', type=int, default=960, help='clips in all')
    parser.add_argument('--val-clips', type=int, default=240, help='how many of them are held out')
    parser.add_argument('--seed', type=int, default=0, help='of everything random')
    parser.add_argument('--force', action='store_true', help='replace the folder and all that it holds')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with one_sentence_errors():
        made = write_dataset(
            args.out.resolve(),
            args.clips,
            args.val_clips,
            args.seed,
            args.force,
            lambda clips: track(clips, 'Making videos', total=args.clips),
        )
    print(f'{args.clips} clips are in {args.out}' + ('.' if made else ' already; nothing to do.'))


if __name__ == '__main__':
    main()
