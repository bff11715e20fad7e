#!/usr/bin/env python
"""Try a network on a page in the browser: drop videos, or take the webcam.

    tools/try.py --config configs/tin_r50_kinetics400.py --checkpoint tin.pth
    tools/try.py --config ... --checkpoint ... --labels labels.txt --port 8080

The page plays each video and shows its likeliest classes, their course along the video, and what TIN did:
the frames and where each group of channels moves in a layer that you choose, the offsets of all layers, and
the weights of the frames. One video is predicted at a time, and others wait. Only this machine reaches the
page unless --host says otherwise. It asks nothing from elsewhere. Ctrl-C ends it.

Needs: pip install "mmtin[try]"
"""

import argparse
import tempfile
from pathlib import Path

import torch

from mmtin.commands.arguments import one_sentence_errors, positive_int, positive_number
from mmtin.commands.terminal import clean_stops
from mmtin.errors import UserError


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--config', required=True)
    parser.add_argument('--checkpoint', required=True)
    parser.add_argument('--labels', type=Path, help='class names, one a line (default: beside ann_file)')
    parser.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen on; 0.0.0.0 lets other machines use the page (default: %(default)s)',
    )
    parser.add_argument(
        '--port', type=port, default=7860, help='0 takes one that is free (default: %(default)s)'
    )
    parser.add_argument(
        '--max-size',
        type=positive_number,
        default=200,
        metavar='MB',
        help='of a video (default: %(default)s)',
    )
    parser.add_argument(
        '--max-length',
        type=positive_number,
        default=300,
        metavar='SECONDS',
        help='of a video (default: %(default)s)',
    )
    parser.add_argument(
        '--window',
        type=positive_number,
        default=2.0,
        metavar='SECONDS',
        help='along the video, as in predict.py --stream (default: %(default)s)',
    )
    parser.add_argument(
        '--stride', type=positive_number, default=1.0, metavar='SECONDS', help='default: %(default)s'
    )
    parser.add_argument(
        '--topk', type=positive_int, default=5, help='classes to show (default: %(default)s)'
    )
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    return parser.parse_args()


def port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f'expected a whole number, 0 to 65535, got {text!r}')
    return int(text)


def main() -> None:
    args = parse_args()
    with one_sentence_errors(), clean_stops():
        try:
            from mmtin.tryout.server import is_local, listen, serve
        except ImportError as error:
            raise UserError(f'the page needs {error.name}; pip install "mmtin[try]"') from error
        from mmtin.tryout.trial import Network, Options

        options = Options(args.topk, args.window, args.stride, args.max_length)
        # Before the network is read: a port in use is told at once.
        with listen(args.host, args.port) as listener, tempfile.TemporaryDirectory() as folder:
            network = Network(args.config, args.checkpoint, args.labels, args.device, options)
            local = is_local(args.host)
            host = f'[{args.host}]' if ':' in args.host else args.host
            print(f'The page: http://{host}:{listener.getsockname()[1]}')
            who = (
                'Only this machine reaches it' if local else 'Everybody who reaches this machine can use it'
            )
            print(f'{who}. Ctrl-C ends it.', flush=True)
            serve(network, listener, local, Path(folder), args.max_size)


if __name__ == '__main__':
    main()
