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
from functools import partial
from pathlib import Path

import torch

from mmtin.cluster import spread
from mmtin.commands.arguments import one_sentence_errors, positive_int, positive_number
from mmtin.commands.terminal import VideoProgress, clean_stops
from mmtin.config import find_config, read_config
from mmtin.prediction import Fault, Video, extract_features, list_videos, many_videos
from mmtin.prediction.feature_files import FORMATS
from mmtin.prediction.features import Features, Windows
from mmtin.prediction.settings import run_settings
from mmtin.prediction.spread_work import Extraction


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'videos',
        metavar='VIDEO',
        help='a file, a folder, or a list: a .txt file with one path a line, labels behind it or not',
    )
    many_videos.add_network(parser)
    parser.add_argument('--out', type=Path, required=True, help='a folder; with --format h5 a file')
    parser.add_argument('--format', choices=FORMATS, default='npy', help='default: %(default)s')
    parser.add_argument('--num-windows', type=positive_int, help='windows that divide each video')
    parser.add_argument('--window', type=positive_number, metavar='SECONDS', help='default: 2')
    parser.add_argument(
        '--stride', type=positive_number, metavar='SECONDS', help='default: that of --window'
    )
    many_videos.add_work(parser, batch_of='windows')
    args = parser.parse_args()
    if args.num_windows and (args.window or args.stride):
        parser.error('--num-windows goes without --window and --stride')
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
    find = partial(features, args, many_videos.load_network(args, cfg), windows)

    paths, results = files.paths(videos), files.results
    with files, VideoProgress('Extracting', len(results.left(len(videos)))) as bar:
        for index, video, result in many_videos.each_result(videos, results, bar, find):
            files.add(index, paths[index], video.name, result)
        faults = many_videos.require_some(videos, results, 'read')
    return many_videos.conclude(videos, faults, bar.rate, f'Features: {args.out}')


def features(
    args: argparse.Namespace, model: torch.nn.Module, windows: Windows, videos: list[Video]
) -> Iterator[tuple[int, Features | Fault]]:
    """The index of each video and its features, here or on a cluster."""
    if args.ray:
        work = Extraction(model, windows, args.batch_size, args.workers)
        return spread(work, videos, args.ray, batch_size=1, gpu_batch_size=8, use_gpus=args.device != 'cpu')
    return extract_features(model, videos, windows, args.batch_size, many_videos.num_workers(args, videos))


def main() -> None:
    args = parse_args()
    with one_sentence_errors(), clean_stops():
        status = extract(args)
    if status:
        sys.exit(status)


if __name__ == '__main__':
    main()
