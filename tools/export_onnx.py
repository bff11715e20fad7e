#!/usr/bin/env python
"""Export a trained recognizer to one file that runs without MMAction2, and compare it with PyTorch.

    tools/export_onnx.py configs/tin_r50_sthv1.py epoch_25.pth tin.onnx --videos clip1.mp4 clip2.mp4

A name that ends in .onnx gives ONNX with standard operators alone, one that ends in .pt2 a program for
torch.export.load. The input is `clips`, uint8 RGB [N, T, 3, H, W] for any N, resized and cropped as by the
test pipeline of the config; the normalisation is inside. The outputs are `scores` and `probabilities`,
float32 [N, classes]; average those of a video's clips. T, H, W, the kind of resizing and the names of the
classes are in its metadata.

With --stream a causal network (causal=True in its backbone) is written that goes frame by frame: `frames`,
uint8 RGB [N, 3, H, W] of N streams, and their `state`, float32 [N, S], zero before the first frame, give
`scores`, `probabilities` and `next_state`, the state for the next frames.

With --int8 the file computes in 8-bit integers. The videos show the ranges of values; a hundred of the
training set are enough. The accuracy on the config's test set is printed, before and after.
"""

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.status import Status
from tabulate import tabulate

from mmtin.benchmarking.timing import alternate, compare
from mmtin.commands.arguments import one_sentence_errors, positive_int, require_file
from mmtin.engine.preflight import TEST, look_over
from mmtin.errors import UserError
from mmtin.export import (
    ClipClassifier,
    StreamClassifier,
    check,
    check_stream,
    clip_shape,
    describe,
    export_program,
    metrics_on_test_set,
    open_onnx,
    open_program,
    quantize,
    random_clips,
    read_clips,
    require_onnx,
    write_onnx,
    write_program,
)
from mmtin.export.classifier import Network
from mmtin.files.whole import require_free, whole_file
from mmtin.prediction import class_names, list_videos, load_recognizer


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('out', type=Path, metavar='OUT.onnx|OUT.pt2')
    parser.add_argument('--stream', action='store_true', help='frame by frame, by a causal network')
    parser.add_argument('--opset', type=positive_int, default=18, help='of ONNX, 18 or later (default: 18)')
    parser.add_argument(
        '--videos', type=Path, nargs='+', default=[], help='check on these too (default: on random clips)'
    )
    parser.add_argument(
        '--int8', metavar='VIDEOS', help='8-bit integers; a folder or list of videos that show the ranges'
    )
    parser.add_argument('--media', type=Path, help='folder that the paths of the list start from')
    parser.add_argument(
        '--labels', type=Path, help='class names, one a line (default: labels.txt beside the test list)'
    )
    parser.add_argument('--force', action='store_true', help='replace OUT if it is there')
    args = parser.parse_args()
    if args.media and not args.int8:
        parser.error('--media is the folder that the list of --int8 starts from; name that list too')
    if args.stream and args.videos:
        parser.error('--videos goes without --stream, which is checked on 100 random frames')
    return args


def main() -> None:
    args = parse_args()
    with one_sentence_errors():
        if args.out.suffix not in ('.onnx', '.pt2'):
            raise UserError(f'the output must end in .onnx or .pt2, got {args.out}')
        if args.int8 and args.out.suffix != '.onnx':
            raise UserError(f'--int8 makes ONNX files alone; end the output in .onnx, got {args.out}')
        require_free(args.out, force=args.force)
        if args.out.suffix == '.onnx':
            require_onnx(args.opset)
        for video in args.videos:
            require_file(str(video), 'video')
        export(args)


def export(args: argparse.Namespace) -> None:
    recognizer = load_recognizer(args.config, args.checkpoint)
    cfg = recognizer.cfg
    classes, shape = class_names(cfg, args.labels), clip_shape(cfg)
    model = StreamClassifier(recognizer, shape[1:]) if args.stream else ClipClassifier(recognizer, shape)
    clips = {'random clips': [random_clips(count, shape) for count in (1, 3)]}
    if args.videos:
        clips['real clips'] = list(read_clips(cfg, args.videos, shape))
    calibration = []
    if args.int8:
        calibration = [video.path for video in list_videos(args.int8, args.media)]
        look_over(cfg, TEST)
    metadata = describe(cfg, shape, classes, model)
    networks: dict[str, Network] = {'PyTorch': model}
    columns: dict[str, dict[str, str]] = {}
    with whole_file(args.out) as new, Console(stderr=True).status('') as status:
        status.update('Tracing the network')
        program = export_program(model)
        status.update(f'Writing {args.out.suffix}')
        if args.out.suffix == '.onnx':
            write_onnx(program, new, metadata, model, args.opset)
            name, network = f'ONNX Runtime, opset {args.opset}', open_onnx(new)
        else:
            write_program(program, new, metadata)
            name, network = 'torch.export', open_program(new)
        status.update('Checking against PyTorch')
        if isinstance(model, StreamClassifier):
            errors = check_stream(network, model)
        else:
            errors = check(network, model, clips)
        networks[name], columns[name] = network, {'MB': megabytes(new)}
        columns[name] |= {f'relative error, {of}': f'{error:.0e}' for of, error in errors.items()}
        if calibration:
            status.update('Finding the ranges of values, and quantising')
            quantize(new, model, read_clips(cfg, calibration, shape))
            networks['INT8'], columns['INT8'] = open_onnx(new), {'MB': megabytes(new)}
            for of, metrics in metrics_on_test_set(
                networks, model, cfg, shape, partial(clip_by_clip, status)
            ).items():
                columns.setdefault(of, {}).update({key: f'{value:.4f}' for key, value in metrics.items()})
        status.update('Timing')
        inputs = model.example_inputs(1)
        with torch.inference_mode():
            seconds = alternate({of: partial(run, *inputs) for of, run in networks.items()}, 5)
    print_table(seconds, columns, args.stream)
    what, size = ('frame', shape[1:]) if args.stream else ('clip', shape)
    print(
        f'{len(classes)} classes from {what}s of {"x".join(map(str, size))} with '
        f'{torch.get_num_threads()} threads: {args.out}'
    )


def clip_by_clip(status: Status, numbers: Sequence[int]) -> Iterator[int]:
    """The numbers of the clips of a test set, each while it is tested."""
    for number in numbers:
        status.update(f'Testing on the test set of the config, clip {number + 1} of {len(numbers)}')
        yield number


def print_table(
    seconds: dict[str, list[float]], columns: dict[str, dict[str, str]], is_stream: bool
) -> None:
    """Times of each network, in seconds, and its further columns."""
    what = 'frame' if is_stream else 'clip'
    rows = [
        {
            f'one {what} on the CPU': row.name,
            'ms': f'{1000 * row.median:.1f}',
            'of PyTorch': f'{row.ratios["PyTorch"]:.2f}',
            **columns.get(row.name, {}),
        }
        for row in compare(seconds, {subject: {'PyTorch': 'PyTorch'} for subject in seconds})
    ]
    print(tabulate(rows, headers='keys', tablefmt='github', disable_numparse=True))


def megabytes(path: Path) -> str:
    return f'{path.stat().st_size / 1e6:.1f}'


if __name__ == '__main__':
    main()
