#!/usr/bin/env python
"""Train variants of the network over several seeds and write what each is worth.

Every run is a training and a test in a process of its own. Finished runs are not done again
and an interrupted one goes on from its last epoch: give the same command again. With --ray they
are spread over a cluster, one at a time on each GPU or core.

With --sets it does the runs of the comparison in docs/ablation.md and keeps a record of each in
--results, from which a later call goes on without the work directories.
"""

import argparse
import signal
import sys
from pathlib import Path

from mmengine.config import Config
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft

from mmtin.ablation import campaign, comparison, results_table, runs
from mmtin.ablation.records import read_records
from mmtin.ablation.run_process import train_and_test
from mmtin.ablation.sets import SETS, cells
from mmtin.ablation.spread_runs import Training
from mmtin.ablation.variants import VARIANTS, variants_of
from mmtin.cluster import add_ray, spread
from mmtin.commands.arguments import one_sentence_errors, positive_int
from mmtin.commands.cores import num_cores
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
        help='folder of tools/make_demo_data.py (default: data/demo_hard)',
    )
    parser.add_argument(
        '--variants',
        nargs='+',
        choices=VARIANTS,
        metavar='NAME',
        help="which of those below (default: all of the recipe's trunk)",
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
    parser.add_argument('--work-dir', type=Path, help='where runs go (default: work_dirs/ablation_{data})')
    parser.add_argument('--keep-checkpoints', action='store_true', help='keep the weights of every run')
    parser.add_argument('--report', action='store_true', help='train nothing, report on what is finished')
    parser.add_argument(
        '--sets',
        nargs='+',
        choices=SETS,
        metavar='NAME',
        help='in place of --data, --config and --epochs: those below, in this order, found in data/',
    )
    parser.add_argument(
        '--frames', nargs='+', type=positive_int, help='of a clip, with --sets (default: those of each set)'
    )
    parser.add_argument(
        '--results',
        type=Path,
        help='with --sets: the records of finished runs (default: docs/ablation/runs.jsonl)',
    )
    parser.add_argument(
        '--jobs',
        type=positive_int,
        help='with --sets: runs at a time, which share the cores (default: 1)',
    )
    add_ray(parser)
    parser.add_argument('--left', action='store_true', help='with --sets: train nothing, show what is left')
    args = parser.parse_args()
    for name in ('data', 'config', 'epochs') if args.sets else ('frames', 'results', 'jobs', 'left'):
        if getattr(args, name):
            parser.error(f'--sets brings its own --{name}' if args.sets else f'--{name} needs --sets')
    if args.ray and args.jobs:
        parser.error('--ray goes without --jobs: the cluster says how many runs go at a time')
    args.data = args.data or Path('data/demo_hard')
    args.config = args.config or str(ROOT / 'configs/tin_r18_demo_hard.py')
    args.results = args.results or Path('docs/ablation/runs.jsonl')
    args.jobs = args.jobs or 1
    args.work_dir = args.work_dir or Path(
        'work_dirs', 'ablation' if args.sets else f'ablation_{args.data.name}'
    )
    return args


def train_all(args: argparse.Namespace) -> None:
    args.config = find_config(args.config)
    base, data = Config.fromfile(args.config), args.data.resolve()
    epochs = args.epochs or base.train_cfg.max_epochs
    described = runs.describe_data(data)
    runs.claim(args.work_dir, dict(config=Path(args.config).name, epochs=epochs, data=described))
    variants, seeds = variants_of(runs.trunk_of(base), args.variants), args.seeds or (0, 1, 2)
    planned = runs.plan(args.work_dir.resolve(), variants, dict.fromkeys(seeds))
    entries = [(run, runs.run_config(base, run, data, described['classes'], epochs)) for run in planned]
    for run, cfg in entries:
        runs.require_same(run, cfg)
    left = [(run, cfg) for run, cfg in entries if not run.result_file.exists()]
    print(f'{len(planned)} runs, {len(planned) - len(left)} of them finished already.')
    steps = [runs.num_steps(cfg, described['train_clips']) for _, cfg in left]

    if args.ray:
        with progress_bar('runs') as progress:
            task = progress.add_task('', total=len(left))
            trained = spread(Training(args.keep_checkpoints), left, args.ray, 1)
            for index, result in trained:
                progress.update(task, advance=1)
                progress.print(said(left[index][0], result))
        return
    with progress_bar() as progress:
        task = progress.add_task('', total=sum(steps))
        for index, ((run, cfg), num_steps) in enumerate(zip(left, steps, strict=True)):
            done = sum(steps[:index])
            progress.update(task, description=f'run {index + 1} of {len(left)}: {run}', completed=done)
            result = train_and_test(
                run,
                cfg,
                lambda step, done=done: progress.update(  # type: ignore[misc]
                    task, completed=done + step
                ),
                args.keep_checkpoints,
            )
            progress.update(task, completed=done + num_steps)
            progress.print(said(run, result))


def said(run: runs.AblationRun, result: dict) -> str:
    """What is said of a finished run."""
    top1 = 100 * result['metrics'][results_table.METRIC]
    return f'{run}: top-1 {top1:.1f} %, {result["minutes"]:.1f} minutes'


def train_sets(args: argparse.Namespace) -> None:
    asked = cells(args.sets, args.frames, args.variants, args.seeds)
    planned = campaign.plan(asked, ROOT / 'configs', Path('data'), args.work_dir, args.results)
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


def progress_bar(unit: str = 'steps') -> Progress:
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    # Runs differ in speed, so that the time left is judged by many of them.
    return Progress(*columns, TimeElapsedColumn(), TimeLeft(), speed_estimate_period=1800)


def report_sets(args: argparse.Namespace) -> None:
    records = read_records(args.results)
    asked = cells(args.sets, args.frames, args.variants, args.seeds)
    if not args.left:
        found = [record for cell, record in records.items() if cell in asked]
        if not found:
            raise UserError(f'no finished run of these in {args.results}; train with --sets first')
        print(comparison.report(found))
    unfinished = [cell for cell in asked if cell not in records]
    if unfinished:
        print(comparison.left(asked, records))
    print(f'{len(asked) - len(unfinished)} of {len(asked)} runs are done; the records: {args.results}')


def main() -> None:
    args = parse_args()
    # `kill` stops the tool as Ctrl-C does: a run must not outlive the command that watches it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with one_sentence_errors():
        if not (args.report or args.left):
            try:
                train_sets(args) if args.sets else train_all(args)
            except KeyboardInterrupt:
                sys.exit('stopped; the same command goes on from here')
        print()
        if args.sets:
            report_sets(args)
            return
        print(results_table.write_report(args.work_dir))
        print(f'Table, numbers and chart: {args.work_dir}/ablation.{{md,csv,png,svg}}')


if __name__ == '__main__':
    main()
