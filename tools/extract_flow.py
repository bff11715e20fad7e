#!/usr/bin/env python
"""Write the optical flow of clips, as images that configs named *_flow_* read.

    tools/extract_flow.py train.txt val.txt --media media --out flow

A clip, a video or a folder of frames, gets a folder with flow_x_00001.jpg and flow_y_00001.jpg, a pair for
each frame. A list of folders of frames serves both; of a list of videos, OUT has one for the flow. Clips
whose folder is there are left alone: after an interruption the same command goes on. The exit status is 1
if there are clips without flow, which OUT/bad.txt names.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
from rich.progress import track

from mmtin.cluster import add_ray, spread
from mmtin.commands.arguments import one_sentence_errors, positive_int
from mmtin.commands.cores import num_cores
from mmtin.commands.terminal import clean_stops
from mmtin.datasets.list_files import read_clip_list
from mmtin.datasets.preparing.flow import METHODS, FlowOf, fault_of_flow, num_fields
from mmtin.datasets.preparing.isolation import find_faults
from mmtin.datasets.preparing.spread_faults import FaultSearch
from mmtin.errors import UserError
from mmtin.files.whole import scratch_removed, write_whole


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
        '--filename-tmpl',
        default=FlowOf.template,
        metavar='TEMPLATE',
        help='name of a frame, as in MMAction2 (default: %(default)s)',
    )
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
        '--workers', type=positive_int, default=num_cores(), help='processes (default: as many as cores)'
    )
    parser.add_argument(
        '--time-limit',
        type=positive_int,
        default=3600,
        help='for one clip, in seconds (default: %(default)s)',
    )
    add_ray(parser)
    return parser.parse_args()


def extract(args: argparse.Namespace) -> bool:
    """Whether all clips have flow."""
    if not args.media.is_dir():
        raise UserError(f'no folder {args.media}: --media takes the folder that paths in LIST start from')
    lists = {path: _wanted(args, path) for path in args.lists}
    wanted = {one.folder: one for clips in lists.values() for one, _ in clips}
    _say_how(args)
    left = [one for one in wanted.values() if not one.folder.is_dir()]
    if args.ray:
        found = spread(FaultSearch(fault_of_flow, args.time_limit), left, args.ray, 1, use_gpus=False)
    else:
        cv2.setNumThreads(
            1
        )  # clips are worked on side by side; a copy of this process has no other threads
        found = find_faults(fault_of_flow, left, args.workers, args.time_limit)
    with scratch_removed([one.folder for one in left]), closing(found):
        faults = dict(track(found, 'Computing flow', total=len(left)))
    bad = [
        f'{one.source.relative_to(args.media)}\t{faults[index]}\n'
        for index, one in enumerate(left)
        if faults[index]
    ]
    write_whole(''.join(bad), args.out / 'bad.txt')
    done, before = len(left) - len(bad), len(wanted) - len(left)
    print(f'{len(wanted)} clips: {done} done now, {before} before, {len(bad)} bad.')
    if bad:
        print(f'The bad ones are in {args.out / "bad.txt"}, with the reason.')
    print(f'Flow: {args.out}')
    for path, clips in lists.items():
        if any(one.num_frames is None for one, _ in clips):
            write_whole(''.join(_lines(args.out, clips)), args.out / path.name)
            print(f'Its list: {args.out / path.name}')
    return not bad


def _wanted(args: argparse.Namespace, path: Path) -> list[tuple[FlowOf, tuple[str, ...]]]:
    """The clips of a list with what is written behind their path and number of frames: their labels."""
    clips = read_clip_list(path)
    there = next((args.media / clip.path for clip in clips if (args.media / clip.path).exists()), None)
    of_videos = there is not None and there.is_file()
    wanted: dict[Path, tuple[FlowOf, tuple[str, ...]]] = {}
    how = args.method, args.bound, args.filename_tmpl
    for clip in clips if of_videos else read_clip_list(path, frames=True):
        source, folder = args.media / clip.path, args.out / clip.path
        if not folder.resolve().is_relative_to(args.out.resolve()):
            raise UserError(f'{clip.path} in {path} is not below --media')
        if not of_videos:
            wanted[folder] = FlowOf(source, folder, int(clip.behind[0]), *how), ()
            continue
        folder = folder.with_suffix('')
        if clip.path.split() != [clip.path]:
            raise UserError(f'{clip.path} in {path} has blanks, which a list of frames cannot; rename it')
        if folder in wanted and wanted[folder][0].source != source:
            raise UserError(f'{wanted[folder][0].source} and {source} have one name; rename one of them')
        wanted[folder] = FlowOf(source, folder, None, *how), clip.behind
    return list(wanted.values())


def _lines(out: Path, clips: list[tuple[FlowOf, tuple[str, ...]]]) -> Iterator[str]:
    """A list of the flow of videos, as of folders of frames, without those that have none."""
    for one, labels in clips:
        if one.folder.is_dir():
            path = one.folder.relative_to(out).as_posix()
            yield ' '.join((path, str(num_fields(one.folder)), *labels)) + '\n'


def _say_how(args: argparse.Namespace) -> None:
    """Write beside the flow how it was made, and let no other stand beside it."""
    how = f'Optical flow by {args.method}, {args.bound} pixels at most'
    path = args.out / 'README.txt'
    if not os.path.isfile(path):
        write_whole(f'{how}\nOpenCV {cv2.__version__}, tools/extract_flow.py\n', path)
    elif path.read_text(encoding='utf-8').partition('\n')[0] != how:
        raise UserError(
            f'{path} says that the flow there was made otherwise; take its --method and --bound, or '
            'another --out'
        )


def main() -> None:
    args = parse_args()
    with one_sentence_errors(), clean_stops():
        sys.exit(0 if extract(args) else 1)


if __name__ == '__main__':
    main()
