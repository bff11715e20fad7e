#!/usr/bin/env python
"""Predict the classes of videos: of one, a folder, a list, or along a long or live stream.

    tools/predict.py clip.mp4 --config configs/tin_r50_kinetics400.py --checkpoint tin.pth
    tools/predict.py videos/ --config ... --checkpoint ... --out results.json --save-video
    tools/predict.py match.mkv --stream --window 2 --stride 1 --config ... --checkpoint ... > match.jsonl
    tools/predict.py match.mkv --stream --online --window 2 --config CAUSAL --checkpoint ... > match.jsonl
    ffmpeg -i rtsp://... -c copy -f mpegts - | tools/predict.py - --stream --config ... --checkpoint ...
    ffmpeg -i ... -f rawvideo -pix_fmt rgb24 - | tools/predict.py - --stream --size 320x240 --fps 25 ...

Files go through the test pipeline of the config. Results are a JSON file with the classes of highest
probability for each video; a video that cannot be read is named there with the reason, and on stderr. The
exit status is 0 if all were predicted, 3 if some were not, 1 if none was. The same command with --resume
goes on where an interrupted run was: results.json.journal has what it did.

With --stream a window slides over the video, and each gives a line of JSON: start and end in seconds from
the first frame that the network could see, its classes, and the classes of an exponential average over the
windows so far. If a live source (a camera, rtsp, rtmp, rtp, srt or udp) is faster than the network, its
oldest frames are dropped and counted; other sources lose none. Ctrl-C ends it after a whole line.

With --online a causal network (causal=True in its backbone) sees each frame once, as many a second as there
are in a window, and each gives a line: its time in seconds, its classes, and those of the average.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import av
import torch
from tabulate import tabulate

from mmtin.cluster import spread
from mmtin.commands.arguments import one_sentence_errors, positive_int, positive_number
from mmtin.commands.terminal import VideoProgress, clean_stops, logs_on_stderr, write_line
from mmtin.config import find_config, read_config, stated_num_segments
from mmtin.errors import UserError
from mmtin.files.strict_json import to_json
from mmtin.files.whole import making, require_free
from mmtin.prediction import (
    Fault,
    Video,
    class_names,
    list_videos,
    many_videos,
    predict_online,
    predict_videos,
    predict_windows,
    top_classes,
    write_annotated_video,
)
from mmtin.prediction.frames import Frame, open_source
from mmtin.prediction.live import LiveFrames
from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.predict import Scores
from mmtin.prediction.results_file import ResultsFile
from mmtin.prediction.settings import run_settings
from mmtin.prediction.spread_work import Prediction
from mmtin.prediction.videos import output_paths, short_video
from mmtin.prediction.windows import cut_windows, sliding_spans

LONGEST_TABLE = 20  # rows
WINDOW, STRIDE = 2.0, 1.0  # seconds


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'videos',
        metavar='VIDEO',
        help='a file, a folder, or a list: a .txt file with one path a line, labels behind it or not; '
        'with --stream a file, - for standard input, the number of a camera, or an address',
    )
    many_videos.add_network(parser)
    parser.add_argument('--labels', type=Path, help='class names, one a line (default: beside ann_file)')
    parser.add_argument(
        '--out',
        type=Path,
        help='a .json file (default: results.json); with --stream lines of JSON (default: standard output)',
    )
    parser.add_argument(
        '--save-video', action='store_true', help='copy videos with the prediction on them, beside --out'
    )
    parser.add_argument(
        '--topk', type=positive_int, default=5, help='classes to name (default: %(default)s)'
    )
    many_videos.add_work(parser, batch_of='videos')
    stream = parser.add_argument_group('stream')
    stream.add_argument('--stream', action='store_true', help='predict along the video')
    stream.add_argument('--online', action='store_true', help='frame by frame, by a causal network')
    stream.add_argument(
        '--every', type=positive_int, default=1, metavar='N', help='with --online: a line every N frames'
    )
    stream.add_argument('--window', type=positive_number, metavar='SECONDS', help=f'default: {WINDOW}')
    stream.add_argument('--stride', type=positive_number, metavar='SECONDS', help=f'default: {STRIDE}')
    stream.add_argument(
        '--smoothing',
        type=positive_number,
        metavar='A',
        help='share of the newest window or frame in the average, 1 for none (default: 0.5; with --online '
        '2 / (T + 1), about the mean of T frames)',
    )
    stream.add_argument('--size', type=size, metavar='WxH', help='of raw rgb24 frames on standard input')
    stream.add_argument(
        '--fps', type=positive_number, help='of raw frames, or instead of what the video says'
    )
    args = parser.parse_args()
    if args.smoothing and args.smoothing > 1:
        parser.error('--smoothing must lie above 0 and not above 1')
    if not args.stream and (args.window or args.stride or args.smoothing or args.size or args.fps):
        parser.error('--window, --stride, --smoothing, --size and --fps go with --stream')
    if not args.stream and args.out and args.out.suffix.lower() != '.json':
        parser.error(f'--out {args.out}: the results are JSON; give a name that ends in .json')
    if args.online and not args.stream:
        parser.error('--online goes with --stream')
    if args.every > 1 and not args.online:
        parser.error('--every goes with --online')
    if args.stride and args.online:
        parser.error('--stride goes without --online; --every says how often a line is wanted')
    if args.stream and (args.save_video or args.media or args.resume or args.ray):
        parser.error('--save-video, --media, --resume and --ray go without --stream')
    return args


def size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r'([1-9]\d*)x([1-9]\d*)', text)
    if not match:
        raise argparse.ArgumentTypeError(f'expected WIDTHxHEIGHT in pixels, got {text!r}')
    return int(match[1]), int(match[2])


def predict_files(args: argparse.Namespace) -> int:
    """Write the results of all videos, print them, and return the exit status."""
    out = args.out or Path('results.json')
    videos = list_videos(args.videos, args.media)
    few = len(videos) <= LONGEST_TABLE
    folder = out.with_name(f'{out.stem}_videos')
    with logs_on_stderr():
        faults, told, rate = write_results(args, videos, out, folder, few)
    # Only now, since the reader of a pipe may go at any line.
    if few:
        print_table(told, shown=args.topk if len(videos) == 1 else 1)
    for entry in told:
        if 'note' in entry:
            print(f'note on {entry["video"]}: {entry["note"]}', file=sys.stderr)
    status = many_videos.conclude(videos, faults, rate, f'Results: {out}')
    if args.save_video:
        print(f'Videos with their predictions: {folder}')
    return status


def write_results(
    args: argparse.Namespace, videos: list[Video], out: Path, folder: Path, few: bool
) -> tuple[list[str], list[dict], float]:
    """Predict and write ``out``, and copies in ``folder`` if asked for.

    Returns:
        the faults; the results if they are ``few``, else those with a note; videos per second.
    """
    options = {'--topk': args.topk, '--save-video': args.save_video, '--dtype': args.dtype}
    cfg = read_config(find_config(args.config))
    settings = run_settings(cfg, args.checkpoint, videos, args.labels, **options)
    head = dict(config=args.config, checkpoint=args.checkpoint)
    results = ResultsFile(out, settings, args.force, args.resume, **head)
    copies = [folder / path for path in output_paths(videos, '.mp4')] if args.save_video else []
    sources = {video.path.resolve() for video in videos}
    for copy in copies:
        if copy.resolve() in sources:
            raise UserError(
                f'{copy} is one of the videos, and its copy would replace it; name another --out'
            )
        require_free(copy, force=args.force or results.resumes)
    model = many_videos.load_network(args, cfg)
    names, num_segments = class_names(model.cfg, args.labels), stated_num_segments(model.cfg) or 1

    with results, VideoProgress('Predicting', len(results.left(len(videos)))) as bar:
        for index, video, result in many_videos.each_result(
            videos, results, bar, partial(predictions, args, model)
        ):
            best = top_classes(result.scores, names, args.topk)
            entry = dict(video=video.name, predictions=best)
            if result.num_frames < num_segments:
                entry['note'] = short_video(result.num_frames, num_segments)
            if copies:
                lines = [f'{found["name"]}  {found["score"]:.1%}' for found in best]
                try:
                    lost = write_annotated_video(video.path, copies[index], lines)
                    if lost:
                        bar.note(f'{video.name}: no sound in its copy: {lost}')
                except UserError:  # of the disk or the folder
                    raise
                except (av.error.FFmpegError, ValueError) as error:
                    failed = f'no copy with its prediction: {Fault.of(error).reason}'
                    entry['note'] = f'{entry["note"]}; {failed}' if 'note' in entry else failed
            results.add(index, **entry)
        faults = many_videos.require_some(videos, results, 'predicted')
        told = [entry for entry in results.entries() if few or 'note' in entry]
        results.finish(videos=len(videos), failed=len(faults), videos_per_second=round(bar.rate, 2))
    return faults, told, bar.rate


def predictions(
    args: argparse.Namespace, model: torch.nn.Module, videos: list[Video]
) -> Iterator[tuple[int, Scores | Fault]]:
    """The index of each video and its prediction, here or on a cluster."""
    if args.ray:
        work = Prediction(model, args.batch_size, args.workers)
        # The processes that decode for a GPU start anew for each batch that it gets.
        for_gpu = 8 * args.batch_size
        return spread(work, videos, args.ray, args.batch_size, for_gpu, args.device != 'cpu')
    found = predict_videos(model, videos, args.batch_size, many_videos.num_workers(args, videos))
    return enumerate(result for _, result in found)


def print_table(entries: Iterable[dict], shown: int) -> None:
    """Print the likeliest classes of each video, so many as ``shown``."""
    rows = [
        (entry['video'], found['name'], f'{found["score"]:.1%}')
        for entry in entries
        for found in entry.get('predictions', ())[:shown]
    ]
    print(tabulate(rows, headers=('video', 'class', 'confidence')))


def lines_of(
    args: argparse.Namespace, model: torch.nn.Module, names: list[str], frames: Iterable[Frame], fps: float
) -> Iterator[dict]:
    """What is said along a video of ``fps``, by windows or online."""
    window = args.window or WINDOW
    if args.online:
        num_segments = stated_num_segments(model.cfg)
        smoothing = args.smoothing or 2 / (num_segments + 1)
        rate = num_segments / window
        return predict_online(model, frames, rate, names, args.topk, args.every, smoothing)
    spans = sliding_spans(window, args.stride or STRIDE, fps)
    windows = cut_windows(frames, fps, spans, TestPipeline(model.cfg))
    return predict_windows(model, windows, fps, names, args.topk, args.smoothing or 0.5)


def predict_stream(args: argparse.Namespace) -> int:
    """Write a line of JSON for each window or frame and return the exit status."""
    if args.out:
        require_free(args.out, force=args.force)
    with ExitStack() as stack:
        out = sys.stdout
        stack.enter_context(logs_on_stderr())
        model = many_videos.load_network(args, args.config)
        names = class_names(model.cfg, args.labels)
        source = stack.enter_context(open_source(args.videos, args.size, args.fps))
        frames = stack.enter_context(LiveFrames(source)) if source.live else source.frames
        # On a terminal the lines themselves show the progress.
        shows_lines = not args.out and out.isatty()
        unit = 'frames' if args.online else 'windows'
        bar = None if shows_lines else stack.enter_context(VideoProgress('Streaming', unit=unit))
        end = 0.0
        for number, line in enumerate(lines_of(args, model, names, frames, source.fps)):
            if args.out and not number:
                with making(args.out):
                    out = stack.enter_context(args.out.open('w', encoding='utf-8'))
            if source.live:
                line['dropped_frames'] = frames.dropped
            write_line(out, to_json(line, ensure_ascii=False))
            end = line.get('end', end)
            if bar:
                bar.step()
    num_frames, num_segments = round(end * source.fps), stated_num_segments(model.cfg) or 1
    if 0 < num_frames < num_segments:
        print(f'note on {args.videos}: {short_video(num_frames, num_segments)}', file=sys.stderr)
    if args.out:
        print(f'Predictions: {args.out}')
    return 0


def main() -> None:
    args = parse_args()
    with one_sentence_errors(), clean_stops():
        status = predict_stream(args) if args.stream else predict_files(args)
    if status:
        sys.exit(status)


if __name__ == '__main__':
    main()
