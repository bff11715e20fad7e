"""The arguments of ``tools/benchmark.py``: what all benchmarks take, and what each takes besides."""

import argparse
from pathlib import Path

from mmtin.benchmarking import network
from mmtin.commands.arguments import DTYPES, positive_int
from mmtin.models import TINResNet

_AGAINST = 'subjects to compare with, separated by commas (default: all of them)'


def parse_args(description: str | None) -> argparse.Namespace:
    """The arguments of the command line.

    Args:
        description: of the command.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
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
    _add_op(commands, [common, rounds, dtype])
    _add_model(commands, [common, rounds, dtype])
    _add_backbones(commands, [common, rounds])
    _add_memory(commands, [common, dtype])
    _add_stream(commands, [common, rounds])
    _add_loading(commands, [common, rounds])
    _add_cluster(commands, [common])
    return parser.parse_args()


def _add_op(commands, parents: list[argparse.ArgumentParser]) -> None:
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
    _add_clip(op, size=56)
    op.add_argument('--channels', type=positive_int, default=64, help='that move (default: %(default)s)')
    op.add_argument('--layout', choices=network.LAYOUTS, default='nchw', help='default: %(default)s')
    op.add_argument('--against', type=_names('mmaction2'), default=['mmaction2'], help=_AGAINST)


def _add_model(commands, parents: list[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        'model',
        parents=[*parents, _network_options()],
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


def _add_backbones(commands, parents: list[argparse.ArgumentParser]) -> None:
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
    _add_clip(command)


def _add_memory(commands, parents: list[argparse.ArgumentParser]) -> None:
    commands.add_parser(
        'memory',
        parents=[*parents, _network_options()],
        help='peak memory of a training step',
        description='The most that a training step holds at once, model and optimiser included, each '
        "subject in a process of its own. MB counts PyTorch's allocator and is the same in every run; "
        'resident MB, on the CPU, is what the operating system saw.',
    )


def _add_stream(commands, parents: list[argparse.ArgumentParser]) -> None:
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


def _add_loading(commands, parents: list[argparse.ArgumentParser]) -> None:
    loading = commands.add_parser(
        'loading',
        parents=parents,
        help='clips a second from compressed video',
        description="From compressed video to tensor, against MMAction2's stock pipeline.",
    )
    loading.add_argument('--videos', type=Path, metavar='DIR', help='default: videos made for it')
    loading.add_argument('--frames', type=positive_int, default=8, help='per clip (default: %(default)s)')
    loading.add_argument(
        '--against',
        type=_names('torchcodec'),
        default=[],
        metavar='torchcodec',
        help='another decoder, which is installed; for decord2 install it in the place of decord',
    )


def _add_cluster(commands, parents: list[argparse.ArgumentParser]) -> None:
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


def _add_clip(parser: argparse.ArgumentParser, size: int = 224) -> None:
    parser.add_argument('--frames', type=positive_int, default=8, help='per clip (default: %(default)s)')
    parser.add_argument(
        '--size', type=positive_int, default=size, help='pixels, height and width (default: %(default)s)'
    )


def _network_options() -> argparse.ArgumentParser:
    """Options of the benchmarks of whole networks."""
    parser = argparse.ArgumentParser(add_help=False)
    depths = TINResNet.arch_settings
    parser.add_argument('--depth', type=int, choices=depths, default=50, help='default: %(default)s')
    _add_clip(parser)
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
    parser.add_argument('--against', type=_names(*known), default=known, help=_AGAINST)
    return parser


def _names(*known: str):
    """The type of an argument that lists some of ``known``."""

    def parse(text: str) -> list[str]:
        chosen = text.split(',')
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(
                f'expected some of {",".join(known)}, separated by commas, got {",".join(unknown)!r}'
            )
        return chosen

    return parse
