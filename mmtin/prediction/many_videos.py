"""What the commands share that take many videos through a network: arguments, network, progress, faults."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from mmengine.config import Config
from torch import nn

from mmtin.cluster import add_ray
from mmtin.commands.arguments import DTYPES, add_begin, add_dtype, positive_int, whole_number
from mmtin.commands.memory import keep_freed_memory
from mmtin.commands.terminal import SOME_FAILED, VideoProgress
from mmtin.datasets.video.suffixes import SUFFIXES
from mmtin.errors import UserError
from mmtin.prediction.recognizer import load_recognizer
from mmtin.prediction.results_file import ResultsFile
from mmtin.prediction.videos import Fault, Video, default_workers

Result = TypeVar('Result')


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name the network."""
    parser.add_argument('--config', required=True)
    parser.add_argument('--checkpoint', required=True)


def add_work(parser: argparse.ArgumentParser, batch_of: str) -> None:
    """Add the arguments that say where the videos are, how the work is done and where it begins.

    Args:
        batch_of: what ``--batch-size`` counts.
    """
    parser.add_argument('--media', type=Path, help='folder that paths in a list start from (default: here)')
    parser.add_argument(
        '--batch-size', type=positive_int, default=8, help=f'{batch_of} (default: %(default)s)'
    )
    parser.add_argument(
        '--workers', type=whole_number, help='processes that decode (default: by cores and videos)'
    )
    parser.add_argument('--device', help='default: cuda where there is one, else cpu')
    add_dtype(parser)
    add_begin(parser)
    add_ray(parser)


def load_network(args: argparse.Namespace, config: str | Config) -> nn.Module:
    """The recognizer of a config with the checkpoint, device and type of ``args``."""
    # On a cluster it goes on from the CPU to the workers.
    here = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    device = 'cpu' if args.ray else here
    if device == 'cpu':
        keep_freed_memory()
    return load_recognizer(config, args.checkpoint, device, DTYPES[args.dtype])


def num_workers(args: argparse.Namespace, videos: Sequence[Video]) -> int:
    """Processes that decode: as ``args`` say, or by cores and videos."""
    return default_workers(len(videos)) if args.workers is None else args.workers


def each_result(
    videos: Sequence[Video],
    results: ResultsFile,
    bar: VideoProgress,
    find: Callable[[list[Video]], Iterable[tuple[int, Result | Fault]]],
) -> Iterator[tuple[int, Video, Result]]:
    """Yield index, video and result of each video that has none yet; note those that cannot be read.

    Args:
        videos: all of them.
        results: what is there, and where faults are noted.
        bar: steps with each video.
        find: the result, or the fault, of each of some videos, by its place among them.
    """
    left = results.left(len(videos))
    for place, result in find([videos[index] for index in left]):
        bar.step()
        index = left[place]
        if isinstance(result, Fault):
            results.pass_over(index, videos[index].name, result.reason)
        else:
            yield index, videos[index], result


def require_some(videos: Sequence[Video], results: ResultsFile, done: str) -> list[str]:
    """The faults of the videos.

    Args:
        videos: all of them.
        results: discarded if not one has a result.
        done: what should have been done with them, such as ``read``.

    Raises:
        UserError: if nothing could be done with any.
    """
    faults = results.faults()
    if len(faults) == len(videos):
        results.discard()
        hint = '' if videos[0].path.suffix.lower() in SUFFIXES else '; a list of videos ends in .txt'
        raise UserError(f'no video could be {done}; {faults[0]}{hint}')
    return faults


def conclude(videos: Sequence[Video], faults: Sequence[str], rate: float, where: str) -> int:
    """Print what became of the videos, and return the exit status."""
    for fault in faults:
        print(f'passed over {fault}', file=sys.stderr)
    print(f'{len(videos) - len(faults)} of {len(videos)} videos, {rate:.1f} a second. {where}')
    return SOME_FAILED if faults else 0
