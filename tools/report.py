#!/usr/bin/env python
"""Write an HTML report of a finished run, or of several side by side.

It shows metrics, curves, offsets and weights, confused classes, the best and worst clips, config and
environment, and needs no network. Run it where `mim test` ran, so that the clips are found. Scores of clips
come from `mim test ... --work-dir WORK_DIR --dump WORK_DIR/predictions.pkl`.
"""

import argparse
from pathlib import Path

from rich.progress import track

from mmtin.commands.arguments import one_sentence_errors, positive_int
from mmtin.errors import UserError
from mmtin.files.whole import require_free, write_whole
from mmtin.report import read_run, render_page


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('work_dirs', type=Path, nargs='+', metavar='WORK_DIR')
    parser.add_argument(
        '--dumps', type=Path, nargs='+', help='one a work directory (default: the newest .pkl file in each)'
    )
    parser.add_argument('--labels', type=Path, help='class names, one a line (default: beside ann_file)')
    parser.add_argument(
        '--clips',
        type=positive_int,
        default=6,
        help='how many of the best and worst to show (default: %(default)s)',
    )
    parser.add_argument(
        '--out',
        type=Path,
        help='default: report.html, in WORK_DIR if there is one, here if there are several',
    )
    parser.add_argument('--force', action='store_true', help='replace the report if it is there')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with one_sentence_errors():
        several = len(args.work_dirs) > 1
        out = args.out or (Path() if several else args.work_dirs[0]) / 'report.html'
        require_free(out, force=args.force)
        dumps = args.dumps or [None] * len(args.work_dirs)
        if len(dumps) != len(args.work_dirs):
            raise UserError(f'--dumps names {len(dumps)} files for {len(args.work_dirs)} work directories')
        pairs = track(list(zip(args.work_dirs, dumps)), 'Reading runs', transient=True)
        runs = [read_run(work_dir, dump, args.labels, args.clips) for work_dir, dump in pairs]
        if len({run.name for run in runs}) < len(runs):
            for run, work_dir in zip(runs, args.work_dirs):
                run.name = str(work_dir)
        page = render_page(runs, title=' and '.join(run.name for run in runs))
        write_whole(page, out)
    print(f'Report: {out}')


if __name__ == '__main__':
    main()
