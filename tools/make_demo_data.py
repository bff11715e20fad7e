#!/usr/bin/env python
"""Make videos of eight classes in pairs that differ only in the arrow of time.

The easy set is the demo's. In the hard one speed, frame rate and the extent of the motion vary from clip
to clip, with feints before and after it. In the far one two short events, far apart, tell the class by
their order. These two are the ablations' sets.
"""

import argparse
from pathlib import Path

from rich.progress import track

from mmtin.commands.arguments import one_sentence_errors
from mmtin.datasets.synthetic import DIFFICULTIES, write_dataset


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--difficulty', choices=DIFFICULTIES, default='easy', help='which set (default: %(default)s)'
    )
    parser.add_argument(
        '--out',
        type=Path,
        help='folder to make (default: data/demo, data/demo_hard or data/demo_far, by the difficulty)',
    )
    parser.add_argument(
        '--clips', type=int, default=720, help='clips in all, a multiple of 8 (default: %(default)s)'
    )
    parser.add_argument(
        '--val-clips',
        type=int,
        default=240,
        help='how many of them are held out, a multiple of 8 (default: %(default)s)',
    )
    parser.add_argument('--seed', type=int, default=0, help='of everything random (default: %(default)s)')
    parser.add_argument('--force', action='store_true', help='replace the folder and all that it holds')
    args = parser.parse_args()
    args.out = args.out or Path('data', 'demo' if args.difficulty == 'easy' else f'demo_{args.difficulty}')
    return args


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
            args.difficulty,
        )
    print(f'{args.clips} clips are in {args.out}' + ('.' if made else ' already; nothing to do.'))


if __name__ == '__main__':
    main()
