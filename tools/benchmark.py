#!/usr/bin/env python
"""Measure what TIN costs, after checking that it gives the right answer.

Subjects take turns in every round. Tables show the median in milliseconds, its quartiles, and `x NAME`: the
median over the rounds of the ratio to NAME in the same round, for the same memory layout.
"""

import argparse
from collections.abc import Iterable
from operator import sub
from pathlib import Path
from statistics import median

import torch
from rich.progress import Progress, track

from mmtin.benchmarking import alternate, compare, environment, model, network, table, write_csv
from mmtin.benchmarking.output import record, refuse_to_overwrite
from mmtin.commands.arguments import one_sentence_errors, positive_int
from mmtin.errors import UserError
from mmtin.models import TINResNet
from mmtin.prediction.spread_timing import Spread

DTYPES = {'float32': torch.float32, 'float16': torch.float16, 'bfloat16': torch.bfloat16}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument('--device', default='cpu', help='cpu, cuda or cuda:1, ... (default: %(default)s)')
    common.add_argument('--threads', type=positive_int, help="of the CPU (default: PyTorch's own choice)")
    common.add_argument('--csv', type=Path, metavar='FILE', help='also write every figure to this file')
    common.add_argument('--force', action='store_true', help='replace that file')
    rounds = argparse.ArgumentParser(add_help=False)
    rounds.add_argument('--repeats', type=positive_int, default=10, help='rounds (default: %(default)s)')
    rounds.add_argument(
        '--warmup', type=positive_int, default=2, help='rounds before, not counted (default: %(default)s)'
    )
    dtype = argparse.ArgumentParser(add_help=False)
    dtype.add_argument('--dtype', choices=DTYPES, default='float32', help='default: %(default)s')

    commands = parser.add_subparsers(
        dest='command', required=True, metavar='op|model|backbones|memory|stream|loading|cluster'
    )
    add_op(commands, [common, rounds, dtype])
    add_model(commands, [common, rounds, dtype])
    add_backbones(commands, [common, rounds])
    add_memory(commands, [common, dtype])
    add_stream(commands, [common, rounds])
    add_loading(commands, [common, rounds])
    add_cluster(commands, [common])
    return parser.parse_args()


def add_op(commands, parents: list[argparse.ArgumentParser]) -> None:
    op = commands.add_parser(
        'op',
        parents=parents,
        help='the operator by each backend',
        description='The operator by each backend against a copy of the same clips: x.clone() forward, '
        'grad_output.clone() backward. GB/s counts the least bytes: forward reads x and writes the '
        'output; backward reads grad_output and x and writes the gradient of x. `of copy %` is that rate '
        "as a share of the copy's.",
    )
    op.add_argument('--clips', type=positive_int, default=4, help='default: %(default)s')
    add_clip(op, size=56)
    op.add_argument('--channels', type=positive_int, default=64, help='that move (default: %(default)s)')
    op.add_argument('--layout', choices=network.LAYOUTS, default='nchw', help='default: %(default)s')
    op.add_argument('--against', type=names('mmaction2'), default=['mmaction2'], help=AGAINST)


def add_model(commands, parents: list[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        'model',
        parents=[*parents, network_options()],
        help='whole recognizers: inference and training steps',
        description='Recognizers on frames that are on the device already. Inference is eval mode without '
        'gradients, weights in --dtype; a training step is forward, loss, backward and SGD, autocast to '
        "--dtype. `tin fast` is TINResNet.fuse_for_inference on NCHW frames, set against MMAction2's "
        'networks as their users run them.',
    )
    command.add_argument(
        '--mode', choices=('inference', 'train', 'both'), default='both', help='default: %(default)s'
    )
    command.add_argument(
        '--sweep',
        action='store_true',
        help='also 1, 4 and 16 clips, 8, 16 and 32 frames, and depth 18, 50 and 101, one at a time',
    )
    command.add_argument(
        '--max-minutes',
        type=float,
        default=float('inf'),
        help='leave out sizes that would take longer; the table says which',
    )


def add_backbones(commands, parents: list[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        'backbones',
        parents=parents,
        help='inference of other networks, against the same without interlacing',
        description='Blocks that are interlaced, parameters, those that interlacing adds, and the time of '
        'a clip in eval mode.',
    )
    command.add_argument(
        'networks', nargs='+', metavar='NETWORK', help='backbone of MMAction2, such as timm.regnety_004'
    )
    add_clip(command)


def add_memory(commands, parents: list[argparse.ArgumentParser]) -> None:
    commands.add_parser(
        'memory',
        parents=[*parents, network_options()],
        help='peak memory of a training step',
        description='The most that a training step holds at once, model and optimiser included, each '
        "subject in a process of its own. MB counts PyTorch's allocator and is the same in every run; "
        'resident MB, on the CPU, is what the operating system saw.',
    )


def add_stream(commands, parents: list[argparse.ArgumentParser]) -> None:
    stream = commands.add_parser(
        'stream',
        parents=parents,
        help='a causal network frame by frame',
        description='A step of a causal TINResNet against the same trunk on one frame without interlacing, '
        'each as built and after fuse_for_inference; the size of its state, and by how much the memory of '
        'the process grows in many steps.',
    )
    stream.add_argument('--depth', type=int, choices=TINResNet.arch_settings, default=50)
    stream.add_argument('--streams', type=positive_int, default=1, help='side by side (default: 1)')
    stream.add_argument('--size', type=positive_int, default=224, help='pixels (default: %(default)s)')
    stream.add_argument(
        '--steps', type=positive_int, default=1000, help='to watch memory (default: %(default)s)'
    )
    stream.add_argument(
        '--frames',
        type=positive_int,
        default=12,
        help='of the clip that is compared (default: %(default)s)',
    )


def add_loading(commands, parents: list[argparse.ArgumentParser]) -> None:
    loading = commands.add_parser(
        'loading',
        parents=parents,
        help='clips a second from compressed video',
        description="From compressed video to tensor, against MMAction2's stock pipeline.",
    )
    loading.add_argument('--videos', type=Path, metavar='DIR', help='default: videos made for it')
    loading.add_argument('--frames', type=positive_int, default=8, help='per clip (default: %(default)s)')


def add_cluster(commands, parents: list[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        'cluster',
        parents=parents,
        help='prediction spread over nodes of Ray',
        description="Prediction of the demo's videos, a TIN of ResNet-18 with random weights: by one "
        'process, and spread over one and two nodes of one core each on this machine. The times are whole, '
        'from the start of the workers to the last result; `first s` is when the first results are there, '
        '`videos/s` is the rate from then on; both are medians.',
    )
    command.add_argument('--repeats', type=positive_int, default=3, help='rounds (default: %(default)s)')
    command.add_argument(
        '--num-videos', type=positive_int, default=240, help='a multiple of 8 (default: %(default)s)'
    )


def add_clip(parser: argparse.ArgumentParser, size: int = 224) -> None:
    parser.add_argument('--frames', type=positive_int, default=8, help='per clip (default: %(default)s)')
    parser.add_argument(
        '--size', type=positive_int, default=size, help='pixels, height and width (default: %(default)s)'
    )


def network_options() -> argparse.ArgumentParser:
    """Options of the benchmarks of whole networks."""
    parser = argparse.ArgumentParser(add_help=False)
    depths = TINResNet.arch_settings
    parser.add_argument('--depth', type=int, choices=depths, default=50, help='default: %(default)s')
    add_clip(parser)
    parser.add_argument('--clips', type=positive_int, default=1, help='in a batch (default: %(default)s)')
    parser.add_argument(
        '--layout', choices=(*network.LAYOUTS, 'both'), default='both', help='default: %(default)s'
    )
    parser.add_argument(
        '--train-norm',
        action='store_true',
        help="train BatchNorm too, which mmtin's configs freeze",
    )
    known = [name for name in network.BACKBONES if name != 'tin']
    parser.add_argument('--against', type=names(*known), default=known, help=AGAINST)
    return parser


AGAINST = 'subjects to compare with, separated by commas (default: all of them)'


def names(*known: str):
    """The type of an argument that lists some of ``known``."""

    def parse(text: str) -> list[str]:
        chosen = text.split(',')
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(
                f'expected some of {",".join(known)}, separated by commas, got {",".join(unknown)!r}'
            )
        return chosen

    return parse


def require_device(name: str) -> None:
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise UserError(
            f'no device {name} here ({str(error).splitlines()[0]}); '
            'name another with --device, or run on a machine that has it'
        ) from None


def setting_of(args: argparse.Namespace) -> network.Setting:
    layouts = tuple(network.LAYOUTS) if args.layout == 'both' else (args.layout,)
    return network.Setting(layouts, args.size, DTYPES[args.dtype], args.device, not args.train_norm)


def bar(description: str):
    return lambda rounds: track(rounds, description)


def run_op(args: argparse.Namespace) -> Iterable[dict]:
    from mmtin.benchmarking import op

    inputs = op.make_inputs(
        args.clips, args.frames, args.channels, args.size, args.layout, DTYPES[args.dtype], args.device
    )
    return op.measure(inputs, args.repeats, args.against, args.warmup, bar('Timing'))


def run_model(args: argparse.Namespace) -> Iterable[dict]:
    cases = []
    for mode in ('inference', 'train') if args.mode == 'both' else (args.mode,):
        case = network.Case(mode, args.depth, args.frames, args.clips)
        cases += [case, *(network.sweep(case) if args.sweep else ())]
    return model.measure(
        list(dict.fromkeys(cases)), setting_of(args), args.against, args.repeats, args.warmup,
        args.max_minutes, track,
    )  # fmt: skip


def run_backbones(args: argparse.Namespace) -> Iterable[dict]:
    from mmtin.benchmarking import backbones

    with Progress() as progress:  # which ends before an error is printed
        networks = progress.track(args.networks, description='Timing')
        return backbones.measure(networks, args.frames, args.size, args.device, args.repeats, args.warmup)


def run_memory(args: argparse.Namespace) -> Iterable[dict]:
    from mmtin.benchmarking import memory

    case = network.Case('train', args.depth, args.frames, args.clips)
    return memory.measure(case, setting_of(args), args.against, bar('Training steps'))


def run_stream(args: argparse.Namespace) -> Iterable[dict]:
    from mmtin.benchmarking import stream

    return stream.measure(
        args.depth, args.streams, args.size, args.device, args.repeats, args.warmup, args.steps,
        args.frames, track,
    )  # fmt: skip


def run_loading(args: argparse.Namespace) -> Iterable[dict]:
    from mmtin.benchmarking.loading import loading_subjects

    subjects = loading_subjects(args.videos, args.frames)
    clips = {name: call() for name, call in subjects.items()}
    seconds = alternate(subjects, args.repeats, args.warmup, track=bar('Loading'))
    # 'train, fast' is compared with 'train, stock'.
    stock = {name: f'{name.rpartition(", ")[0]}, stock' for name in subjects}
    rows = compare(seconds, {name: {'stock': other} for name, other in stock.items() if other in subjects})
    return [record({}, row, **{'clips/s': clips[row.name] / row.median}) for row in rows]


def run_cluster(args: argparse.Namespace) -> Iterable[dict]:
    timing = Spread(args.num_videos)
    with timing.ready():
        seconds = alternate(timing.subjects, args.repeats, 0, track=bar('Predicting'))
    later = args.num_videos - timing.batch_size
    return [
        record(
            {},
            row,
            **{
                'first s': median(timing.first[row.name]),
                'videos/s': later / median(map(sub, seconds[row.name], timing.first[row.name])),
            },
        )
        for row in compare(seconds, {name: {'plain': 'plain'} for name in timing.subjects})
    ]


RUN = {
    'op': run_op,
    'model': run_model,
    'backbones': run_backbones,
    'memory': run_memory,
    'stream': run_stream,
    'loading': run_loading,
    'cluster': run_cluster,
}
SIZES = ('clips', 'num_videos', 'frames', 'streams', 'channels', 'size', 'layout', 'dtype', 'train_norm')


def main() -> None:
    args = parse_args()
    with one_sentence_errors():
        require_device(args.device)
        if args.csv:
            refuse_to_overwrite(args.csv, args.force)
        if args.threads:
            torch.set_num_threads(args.threads)
        found = environment(args.device)
        sizes = {name: str(getattr(args, name)) for name in SIZES if hasattr(args, name)}
        for each in (found, sizes):
            print(', '.join(f'{name} {value}' for name, value in each.items()))
        records = RUN[args.command](args)
        print(table(records))
        if args.csv:
            write_csv(args.csv, records, {**found, **{f'--{name}': value for name, value in sizes.items()}})
            print(f'Every figure is in {args.csv}.')


if __name__ == '__main__':
    main()
