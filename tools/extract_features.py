#!/usr/bin/env python
"""Extract features of the windows of videos, for temporal localisation.

    tools/extract_features.py videos/ --num-windows 100 --format csv --out features \\
        --config configs/tin_r50_kinetics400.py --checkpoint tin.pth
    tools/extract_features.py match.mkv --window 2 --stride 1 --format h5 --out match.h5 ...

Each video gives [windows, channels], float32: the backbone's features averaged over height, width and the
frames of the window. `npy` and `csv` write a file per video and keep sub-folders; MMAction2's BSN and BMN
read the csv (--num-windows 100), which begins with a header line. `h5` writes one file with a data set per
video, with the attribute `seconds`. With npy and csv, index.json holds the seconds of each window. The exit
status is 0 if all videos were read, 3 if some were not, 1 if none was. The same command with --resume goes
on where an interrupted run was.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import torch

from mmtin.cluster import add_ray, spread
from mmtin.commands.arguments import (
    DTYPES,
    add_begin,
    add_dtype,
    one_sentence_errors,
    positive_int,
    positive_number,
)
from mmtin.commands.memory import keep_freed_memory
from mmtin.commands.terminal import SOME_FAILED, VideoProgress, clean_stops
from mmtin.config import find_config, read_config
from mmtin.errors import UserError
from mmtin.prediction import Fault, Video, extract_features, list_videos, load_recognizer
from mmtin.prediction.feature_files import FORMATS
from mmtin.prediction.features import Features, Windows
from mmtin.prediction.settings import run_settings
from mmtin.prediction.spread_work import Extraction
from mmtin.prediction.videos import default_workers

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'videos',
        metavar='VIDEO',
        help='a file, a folder, or a list: a .txt file with one path a line, labels behind it or not',
    )
    parser.add_argument('--config', required=True)
    parser.add_argument('--checkpoint', required=True)
    parser.add_argument('--out', type=Path, required=True, help='a folder; with --format h5 a file')
    parser.add_argument('--format', choices=FORMATS, default='npy', help='default: %(default)s')
    parser.add_argument('--media', type=Path, help='folder that paths in a list start from (default: here)')
    parser.add_argument('--num-windows', type=positive_int, help='windows that divide each video')
    parser.add_argument('--window', type=positive_number, metavar='SECONDS', help='default: 2')
    parser.add_argument(
        '--stride', type=positive_number, metavar='SECONDS', help='default: that of --window'
    )
    parser.add_argument('--batch-size', type=positive_int, default=8, help='windows (default: %(default)s)')
    parser.add_argument('--workers', type=int, help='processes that decode (default: by cores and videos)')
    parser.add_argument('--device', help='default: cuda where there is one, else cpu')
    add_dtype(parser)
    add_begin(parser)
    add_ray(parser)
    args = parser.parse_args()
    if args.num_windows and (args.window or args.stride):
        parser.error('--num-windows goes without --window and --stride')
    if args.workers is not None and args.workers < 0:
        parser.error('--workers must be 0 or more')
    return args


def extract(args: argparse.Namespace) -> int:
    """Write the features of all videos and return the exit status."""
    videos = list_videos(args.videos, args.media)
    if args.num_windows:
        windows = Windows(count=args.num_windows)
    else:
        length = args.window or 2.0
        windows = Windows(length=length, stride=args.stride or length)
    options = {
        '--format': args.format,
        'division into windows': astuple(windows),
        '--dtype': args.dtype,
    }
    cfg = read_config(find_config(args.config))
    settings = run_settings(cfg, args.checkpoint, videos, **options)
    files = FORMATS[args.format](args.out, settings, args.force, args.resume)
    # On a cluster it goes on from the CPU to the workers.
    device = 'cpu' if args.ray else args.device or DEVICE
    if device == 'cpu':
        keep_freed_memory()
    model = load_recognizer(cfg, args.checkpoint, device, DTYPES[args.dtype])

    paths, results = files.paths(videos), files.results
    with files, VideoProgress('Extracting', len(left := results.left(len(videos)))) as bar:
        waiting = [videos[index] for index in left]
        for place, result in features(args, model, waiting, windows):
            bar.step()
            index, video = left[place], waiting[place]
            if isinstance(result, Fault):
                results.pass_over(index, video.name, result.reason)
            else:
                files.add(index, paths[index], video.name, result)
        faults = results.faults()
        if len(faults) == len(videos):
            results.discard()
            raise UserError(f'no video could be read; {faults[0]}')
    for fault in faults:
        print(f'passed over {fault}', file=sys.stderr)
    read = len(videos) - len(faults)
    print(f'{read} of {len(videos)} videos, {bar.rate:.1f} a second. Features: {args.out}')
    return SOME_FAILED if faults else 0


def features(
    args: argparse.Namespace, model: torch.nn.Module, videos: list[Video], windows: Windows
) -> Iterator[tuple[int, Features | Fault]]:
    """The index of each video and its features, here or on a cluster."""
    if args.ray:
        work = Extraction(model, windows, args.batch_size, args.workers)
        return spread(work, videos, args.ray, batch_size=1, gpu_batch_size=8, use_gpus=args.device != 'cpu')
    workers = default_workers(len(videos)) if args.workers is None else args.workers
    return extract_features(model, videos, windows, args.batch_size, workers)


def main() -> None:
    args = parse_args()
    with one_sentence_errors(), clean_stops():
        status = extract(args)
    if status:
        sys.exit(status)


if __name__ == '__main__':
    main()
