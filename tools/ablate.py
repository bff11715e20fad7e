#!/usr/bin/env python
"""Train variants of the network over several seeds and write what each is worth.

Every run is a training and a test in a process of its own. Finished runs are not done again
and an interrupted one goes on from its last epoch: give the same command again.
"""

import argparse
import signal
import sys
from pathlib import Path

from mmengine.config import Config
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft

from mmtin.ablation import results_table, runs
from mmtin.ablation.variants import VARIANTS
from mmtin.commands.arguments import one_sentence_errors, positive_int, require_file

ROOT = Path(__file__).resolve().parents[1]


def parse_args() -> argparse.Namespace:
    names = '\n'.join(f'  {name:13} {variant.label}' for name, variant in VARIANTS.items())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f'variants:\n{names}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--data',
        type=Path,
        default=Path('data/demo_hard'),
        help='folder of tools/make_demo_data.py (default: %(default)s)',
    )
    parser.add_argument(
        '--variants',
        nargs='+',
        choices=VARIANTS,
        default=list(VARIANTS),
        metavar='NAME',
        help='which of those below (default: all)',
    )
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2], help='(default: 0 1 2)')
    parser.add_argument('--epochs', type=positive_int, help="of each run (default: the config's)")
    parser.add_argument(
        '--config',
        default=str(ROOT / 'configs/tin_r18_demo.py'),
        help='trunk and recipe (default: tin_r18_demo.py)',
    )
    parser.add_argument('--work-dir', type=Path, help='where runs go (default: work_dirs/ablation_{data})')
    parser.add_argument('--keep-checkpoints', action='store_true', help='keep the weights of every run')
    parser.add_argument('--report', action='store_true', help='train nothing, report on what is finished')
    args = parser.parse_args()
    args.work_dir = args.work_dir or Path('work_dirs', f'ablation_{args.data.name}')
    return args


def train_all(args: argparse.Namespace) -> None:
    require_file(args.config, 'config')
    base, data = Config.fromfile(args.config), args.data.resolve()
    epochs = args.epochs or base.train_cfg.max_epochs
    described = runs.describe_data(data)
    runs.claim(args.work_dir, dict(config=Path(args.config).name, epochs=epochs, data=described))
    planned = runs.plan(args.work_dir.resolve(), dict.fromkeys(args.variants), dict.fromkeys(args.seeds))
    left = [run for run in planned if not run.result_file.exists()]
    print(f'{len(planned)} runs, {len(planned) - len(left)} of them finished already.')
    configs = [runs.run_config(base, run, data, described['classes'], epochs) for run in left]
    steps = [runs.num_steps(cfg, described['train_clips']) for cfg in configs]

    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TextColumn('steps'))
    # Runs differ in speed, so that the time left is judged by many of them.
    with Progress(*columns, TimeElapsedColumn(), TimeLeft(), speed_estimate_period=1800) as progress:
        task = progress.add_task('', total=sum(steps))
        for index, (run, cfg, num_steps) in enumerate(zip(left, configs, steps, strict=True)):
            done = sum(steps[:index])
            progress.update(task, description=f'run {index + 1} of {len(left)}: {run}', completed=done)
            result = runs.train_and_test(
                run,
                cfg,
                lambda step, done=done: progress.update(  # type: ignore[misc]
                    task, completed=done + step
                ),
                args.keep_checkpoints,
            )
            progress.update(task, completed=done + num_steps)
            top1 = 100 * result['metrics'][results_table.METRIC]
            progress.print(f'{run}: top-1 {top1:.1f} %, {result["minutes"]:.1f} minutes')


def main() -> None:
    args = parse_args()
    # `kill` stops the tool as Ctrl-C does: a run must not outlive the command that watches it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with one_sentence_errors():
        if not args.report:
            try:
                train_all(args)
            except KeyboardInterrupt:
                sys.exit('stopped; the same command goes on from here')
        print()
        print(results_table.write_report(args.work_dir))
        print(f'Table, numbers and chart: {args.work_dir}/ablation.{{md,csv,png,svg}}')


if __name__ == '__main__':
    main()
