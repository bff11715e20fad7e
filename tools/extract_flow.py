#!/usr/bin/env python
"""Write the optical flow of clips that are folders of frames, as images that configs named *_flow_* read.

    tools/extract_flow.py train.txt val.txt --media media --out flow

A clip gets a folder with flow_x_00001.jpg and flow_y_00001.jpg, a pair for each frame, so that its list
serves both. Clips whose folder is there are left alone: after an interruption the same command goes on. The
exit status is 1 if there are clips without flow, which OUT/bad.txt names.
"""

import argparse
import os
import sys
from pathlib import Path

import cv2
from rich.progress import track

from mmtin.commands.arguments import one_sentence_errors, positive_int
from mmtin.datasets.list_files import read_clip_list
from mmtin.datasets.preparing.flow import METHODS, FlowOf, fault_of_flow
from mmtin.datasets.preparing.isolation import find_faults
from mmtin.errors import UserError
from mmtin.files.whole import write_whole


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'lists', type=Path, nargs='+', metavar='LIST', help='such as tools/prepare_data.py writes'
    )
    parser.add_argument('--media', type=Path, required=True, help='folder that the paths start from')
    parser.add_argument('--out', type=Path, required=True, help='folder for the flow')
    parser.add_argument(
        '--method',
        choices=METHODS,
        default='tvl1',
        help='TV-L1, which TSN used, or DIS, which is far quicker and some pixels apart from it'
        ' (default: %(default)s)',
    )
    parser.add_argument(
        '--bound',
        type=positive_int,
        default=20,
        help='pixels that the darkest and the brightest grey stand for (default: %(default)s)',
    )
    parser.add_argument(
        '--workers', type=positive_int, default=os.cpu_count(), help='processes (default: as many as cores)'
    )
    parser.add_argument(
        '--time-limit',
        type=positive_int,
        default=3600,
        help='for one clip, in seconds (default: %(default)s)',
    )
    return parser.parse_args()


def extract(args: argparse.Namespace) -> bool:
    """Whether all clips have flow."""
    if not args.media.is_dir():
        raise UserError(f'no folder {args.media}: --media takes the folder that paths in LIST start from')
    clips = {clip.path: clip for path in args.lists for clip in read_clip_list(path, True)}
    wanted = {path: _wanted(args, path, clip.numbers) for path, clip in clips.items()}
    _say_how(args)
    left = {path: one for path, one in wanted.items() if not one.folder.is_dir()}
    cv2.setNumThreads(1)  # clips are worked on side by side; a copy of this process has no other threads
    found = find_faults(fault_of_flow, left.values(), args.workers, args.time_limit)
    faults = dict(track(found, 'Computing flow', total=len(left)))
    bad = [f'{path}\t{faults[index]}\n' for index, path in enumerate(left) if faults[index]]
    write_whole(''.join(bad), args.out / 'bad.txt')
    done, before = len(left) - len(bad), len(clips) - len(left)
    print(f'{len(clips)} clips: {done} done now, {before} before, {len(bad)} bad.')
    if bad:
        print(f'The bad ones are in {args.out / "bad.txt"}, with the reason.')
    print(f'Flow: {args.out}')
    return not bad


def _wanted(args: argparse.Namespace, path: str, numbers: tuple[int, ...] | None) -> FlowOf:
    folder = args.out / path
    if not numbers or not folder.resolve().is_relative_to(args.out.resolve()):
        raise UserError(
            f'{path} in the list is no folder of frames below --media with their number behind it; '
            'give a list of frames, such as tools/prepare_data.py writes of Something-Something V1'
        )
    return FlowOf(args.media / path, folder, numbers[0], args.method, args.bound)


def _say_how(args: argparse.Namespace) -> None:
    """Write beside the flow how it was made, and let no other stand beside it."""
    how = f'Optical flow by {args.method}, {args.bound} pixels at most'
    path = args.out / 'README.txt'
    if not path.is_file():
        args.out.mkdir(parents=True, exist_ok=True)
        write_whole(f'{how}\nOpenCV {cv2.__version__}, tools/extract_flow.py\n', path)
    elif path.read_text(encoding='utf-8').partition('\n')[0] != how:
        raise UserError(
            f'{path} says that the flow there was made otherwise; take its --method and --bound, or '
            'another --out'
        )


def main() -> None:
    args = parse_args()
    with one_sentence_errors():
        sys.exit(0 if extract(args) else 1)


if __name__ == '__main__':
    main()
