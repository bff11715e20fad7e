#!/usr/bin/env python
"""Train variants of the network over several seeds and write what each is worth.

Every run is a training and a test in a process of its own. A finished run leaves a record in
--results and is not done again, and an interrupted one goes on from its last epoch: give the
same command again. With --ray they are spread over a cluster, one at a time on each GPU or core.

With --sets it does the runs of the comparison in docs/ablation.md.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft

from mmtin.ablation import campaign, comparison
from mmtin.ablation.own_set import own_set
from mmtin.ablation.records import read_records
from mmtin.ablation.sets import SETS, AblationSet, Cell, cells
from mmtin.ablation.variants import VARIANTS
from mmtin.cluster import add_ray
from mmtin.commands.arguments import one_sentence_errors, positive_int
from mmtin.commands.cores import num_cores
from mmtin.commands.terminal import clean_stops
from mmtin.config import find_config
from mmtin.errors import UserError

ROOT = Path(__file__).resolve().parents[1]


def parse_args() -> argparse.Namespace:
    names = '\n'.join(f'  {name:15} {variant.label}' for name, variant in VARIANTS.items())
    sets = '\n'.join(f'  {name:20} {each.label}' for name, each in SETS.items())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f'variants:\n{names}\n\nsets:\n{sets}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--data',
        type=Path,
        help='folder of tools/make_demo_data.py or tools/prepare_data.py (default: data/demo_hard)',
    )
    parser.add_argument(
        '--variants',
        nargs='+',
        choices=VARIANTS,
        metavar='NAME',
        help="of those below (default: all of the recipe's trunk; with --sets those of the comparison)",
    )
    parser.add_argument(
        '--seeds',
        nargs='+',
        type=int,
        help='(default: 0 1 2; with --sets as many as the comparison asks for: 5 or 3)',
    )
    parser.add_argument('--epochs', type=positive_int, help="of each run (default: the config's)")
    parser.add_argument(
        '--config',
        help='trunk and recipe (default: tin_r18_demo_hard.py)',
    )
    parser.add_argument(
        '--sets',
        nargs='+',
        choices=SETS,
        metavar='NAME',
        help='in place of --data, --config and --epochs: those below, in this order, found in data/',
    )
    parser.add_argument(
        '--frames',
        nargs='+',
        type=positive_int,
        help="of a clip (default: the config's; those of each set)",
    )
    parser.add_argument(
        '--work-dir', type=Path, default='work_dirs/ablation', help='where runs go (default: %(default)s)'
    )
    parser.add_argument(
        '--results',
        type=Path,
        help='the records of finished runs (default: runs.jsonl in --work-dir; with --sets '
        'docs/ablation/runs.jsonl)',
    )
    parser.add_argument('--keep-checkpoints', action='store_true', help='keep the weights of every run')
    parser.add_argument(
        '--jobs', type=positive_int, help='runs at a time, which share the cores (default: 1)'
    )
    add_ray(parser)
    parser.add_argument('--report', action='store_true', help='train nothing, report on what is finished')
    parser.add_argument('--left', action='store_true', help='train nothing, show what is left')
    args = parser.parse_args()
    for name in ('data', 'config', 'epochs') if args.sets else ():
        if getattr(args, name):
            parser.error(f'--sets brings its own --{name}')
    if args.ray and args.jobs:
        parser.error('--ray goes without --jobs: the cluster says how many runs go at a time')
    args.data = args.data or Path('data/demo_hard')
    args.config = args.config or str(ROOT / 'configs/tin_r18_demo_hard.py')
    args.results = args.results or (
        Path('docs/ablation/runs.jsonl') if args.sets else args.work_dir / 'runs.jsonl'
    )
    args.jobs = args.jobs or 1
    return args


def chosen_sets(args: argparse.Namespace) -> dict[str, AblationSet]:
    """The sets by name: those of the comparison, or one of one's own."""
    if args.sets:
        return {name: SETS[name] for name in args.sets}
    return {args.data.resolve().name: own_set(args.data, find_config(args.config), args.epochs)}


def train(args: argparse.Namespace, sets: Mapping[str, AblationSet], asked: Sequence[Cell]) -> None:
    planned = campaign.plan(asked, sets, ROOT / 'configs', Path('data'), args.work_dir, args.results)
    left = [entry for entry in planned if entry.record is None]
    print(f'{len(planned)} runs, {len(planned) - len(left)} of them finished already.')
    threads = max(1, num_cores() // args.jobs) if args.jobs > 1 else None
    steps = dict.fromkeys((entry.cell for entry in left), 0)
    with progress_bar() as progress:
        task = progress.add_task(f'{len(left)} runs', total=sum(entry.steps for entry in left))

        def on_step(entry: campaign.Planned, step: int) -> None:
            steps[entry.cell] = max(step, steps[entry.cell])
            progress.update(task, completed=sum(steps.values()))

        keep = args.keep_checkpoints
        if args.ray:  # each run is told of when it has finished
            finished = campaign.train_on_cluster(left, args.results, args.ray, keep)
        else:
            finished = campaign.train(left, args.results, args.jobs, threads, on_step, keep)
        for entry, record in finished:
            on_step(entry, entry.steps)
            progress.print(
                f'{entry.cell}: top-1 {record.top1:.1f} %, reversed {record.top1_reversed:.1f} %, '
                f'{record.minutes:.1f} minutes'
            )


def progress_bar() -> Progress:
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TextColumn('steps'))
    # Runs differ in speed, so that the time left is judged by many of them.
    return Progress(*columns, TimeElapsedColumn(), TimeLeft(), speed_estimate_period=1800)


def report(args: argparse.Namespace, sets: Mapping[str, AblationSet], asked: Sequence[Cell]) -> None:
    records = read_records(args.results)
    if not args.left:
        found = [record for cell, record in records.items() if cell in asked]
        if not found:
            raise UserError(f'no finished run of these in {args.results}; train them first')
        print(comparison.write_report(found, sets, args.work_dir))
    unfinished = [cell for cell in asked if cell not in records]
    if unfinished:
        print(comparison.left(asked, records))
    print(f'{len(asked) - len(unfinished)} of {len(asked)} runs are done; the records: {args.results}')
    if not args.left:
        print(f'Tables and chart: {args.work_dir}/ablation.{{md,png,svg}}')


def main() -> None:
    args = parse_args()
    # `kill` stops the tool as Ctrl-C does: a run must not outlive the command that watches it.
    with one_sentence_errors(), clean_stops():
        sets = chosen_sets(args)
        asked = cells(sets, args.frames, args.variants, args.seeds)
        if not (args.report or args.left):
            try:
                train(args, sets, asked)
            except KeyboardInterrupt as stop:
                stop.args = ('the same command goes on from here',)
                raise
        print()
        report(args, sets, asked)


if __name__ == '__main__':
    main()
