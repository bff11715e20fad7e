#!/usr/bin/env python
"""Write Table 1 of the paper, with the figure counted, timed or tested here beside each published one.

--html also writes a page to open in a browser, --json what others give to their --results.
`tools/leaderboard.py submit` writes predictions for a test set in the format of a challenge.
"""

import argparse
import shlex
import sys
from functools import partial
from pathlib import Path

import torch
from rich.progress import track

from mmtin.benchmarking import environment
from mmtin.commands.arguments import one_sentence_errors, positive_int, require_device
from mmtin.datasets.list_files import read_class_list, read_clip_list
from mmtin.errors import UserError
from mmtin.files.whole import require_free, whole_files, write_whole
from mmtin.leaderboard import costs, document
from mmtin.leaderboard import rows as table
from mmtin.leaderboard.page import render_page
from mmtin.leaderboard.published import read_publication
from mmtin.leaderboard.results import read_results, write_results
from mmtin.scores.dumps import read_dump
from mmtin.scores.submission import FORMATS, submission


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(run=write_leaderboard)
    parser.add_argument(
        '--results',
        nargs='+',
        default=[],
        metavar='[NAME=]PATH',
        help='work directories of `mim test`, folders of them, dumps of `mim test --dump`, and files '
        'that others wrote with --json; one named like a row, such as tin_r50_sthv1, gives its accuracy, '
        'another becomes a row',
    )
    parser.add_argument(
        '--html', type=Path, metavar='FILE', help='also a page that sorts, filters and draws, in one file'
    )
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help="also your results with their costs, for others' boards"
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/leaderboard'),
        help='folder for leaderboard.md, .csv and .png (default: %(default)s)',
    )
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument(
        '--repeats', type=positive_int, default=5, help='rounds of the latency (default: %(default)s)'
    )
    parser.add_argument('--no-latency', action='store_true', help='count, but leave out latency and memory')
    parser.add_argument('--force', action='store_true', help='replace files that are there')
    commands = parser.add_subparsers(title='other command', metavar='')
    submit = commands.add_parser(
        'submit',
        help='predictions for a test set in the form of a challenge',
        description='Write predictions for a test set, dumped with `mim test --dump`, in the form that a '
        'challenge takes.',
    )
    submit.set_defaults(run=write_submission)
    submit.add_argument('dump')
    submit.add_argument('--format', choices=FORMATS, required=True, help='of which challenge')
    submit.add_argument('--out', type=Path, required=True, help='the file to hand in')
    submit.add_argument(
        '--clips', type=Path, metavar='LIST', help='list of the test set, for a dump without names of clips'
    )
    submit.add_argument(
        '--labels', type=Path, metavar='FILE', help='names of the classes in label order, one a line'
    )
    submit.add_argument('--force', action='store_true', help='replace the file if it is there')
    return parser.parse_args()


def write_leaderboard(args: argparse.Namespace) -> None:
    files = [args.out / f'leaderboard.{ending}' for ending in ('md', 'csv', 'png')]
    further = [path for path in (args.html, args.json) if path]
    require_free(*files, *further, force=args.force)
    if args.json and not args.results:
        raise UserError('--json writes the results that --results names, and none is named')
    require_device(args.device)
    publication = read_publication()
    read = map(read_results, track(args.results, 'Reading results', transient=True))
    results = [result for found in read for result in found]
    rows, others = table.join(publication, results)
    subjects = table.buildable(publication, results)
    figures, machine = costs.count(subjects), ''
    if not args.no_latency:
        progress = partial(track, description='Timing all models in turns')
        machine = '; '.join(f'{name} {value}' for name, value in environment(args.device).items())
        for name, timed in costs.time(subjects, args.device, args.repeats, progress).items():
            figures[name] |= timed
    rows, others = (table.fill(part, figures, results, machine) for part in (rows, others))

    text = document.markdown(publication, rows, others, machine)
    with whole_files(*files, *further) as (md, csv, png, *more):
        md.write_text(text, encoding='utf-8')
        document.write_csv(csv, [*rows, *others])
        document.chart(publication, rows, others).savefig(png, format='png', dpi=150)
        if args.html:
            command = shlex.join(['tools/leaderboard.py', *sys.argv[1:]])
            page = render_page(publication, rows, others, machine, command)
            more.pop(0).write_text(page, encoding='utf-8')
        if args.json:
            more.pop(0).write_text(write_results(results, figures, machine), encoding='utf-8')
    print(text)
    print(f'Written: {", ".join(map(str, [*files, *further]))}')


def write_submission(args: argparse.Namespace) -> None:
    require_free(args.out, force=args.force)
    names = [clip.path for clip in read_clip_list(args.clips)] if args.clips else None
    classes = read_class_list(args.labels) if args.labels else ()
    lines = submission(read_dump(args.dump), args.format, names, classes)
    write_whole(''.join(f'{line}\n' for line in lines), args.out)
    print(f'Predictions for {len(lines)} clips in the form of {args.format}: {args.out}')


def main() -> None:
    args = parse_args()
    with one_sentence_errors():
        args.run(args)


if __name__ == '__main__':
    main()
