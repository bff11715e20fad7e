#!/usr/bin/env python
"""Average the scores of several dumps of one test set, and print the metrics of each and of the average.

`mim test mmtin CONFIG --checkpoint FILE --dump FILE.pkl` writes a dump. TIN-En of the paper is the average
of 8 and 16 frames: tools/ensemble.py tin_8f.pkl tin_16f.pkl --out tin_en.pkl
"""

import argparse
from pathlib import Path

from rich.progress import track
from tabulate import tabulate

from mmtin.commands.arguments import one_sentence_errors
from mmtin.errors import UserError
from mmtin.files.whole import require_free
from mmtin.scores.dumps import read_dump, write_dump
from mmtin.scores.ensemble import average, metrics


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('dumps', nargs='+', metavar='DUMP', help='two or more')
    parser.add_argument(
        '--weights', nargs='+', type=float, metavar='WEIGHT', help='one a dump (default: all equal)'
    )
    parser.add_argument('--out', type=Path, metavar='FILE.pkl', help='dump the averaged scores')
    parser.add_argument('--force', action='store_true', help='replace the file of --out if it is there')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with one_sentence_errors():
        if args.out:
            require_free(args.out, force=args.force)
        if len(set(args.dumps)) < len(args.dumps):
            raise UserError('a dump is named twice; name each once and give it a weight')
        parts = {path: read_dump(path) for path in track(args.dumps, 'Reading dumps', transient=True)}
        together = average(parts, args.weights)
        weights = [*(args.weights or [1.0] * len(parts)), None]
        rows = [
            {'scores': name, 'weight': '' if weight is None else f'{weight:g}'}
            | {metric: f'{100 * value:.2f} %' for metric, value in metrics(clips).items()}
            for (name, clips), weight in zip([*parts.items(), ('ensemble', together)], weights)
        ]
        print(tabulate(rows, headers='keys', tablefmt='github', disable_numparse=True))
        if len(rows[0]) == 2:
            print('The labels of the clips are not known, so there is nothing to measure.')
        if args.out:
            write_dump(args.out, together)
            print(f'Averaged scores of {len(together)} clips: {args.out}')


if __name__ == '__main__':
    main()
