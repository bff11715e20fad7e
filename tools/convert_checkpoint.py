#!/usr/bin/env python
"""Convert a checkpoint from elsewhere to one that TINResNet loads, with a config for it.

Checkpoints of deepcs233/TIN, X-Temporal, MMAction2 (TIN, TSM, TSN, 0.x and 1.x), TSM's own release,
torchvision and mmtin are recognised by their keys. No code in the file is run.

  tools/convert_checkpoint.py tin_sthv1.pth.tar released/tin.pth        # and its config, released/tin.py
  tools/convert_checkpoint.py tin_8f.pth tin_16f.pth --num-segments 16  # adapts the networks tied to T
  tools/convert_checkpoint.py tsm.pth tin.pth --fill source             # a TIN that computes as the TSM
"""

import argparse
from collections import Counter
from pathlib import Path

import torch
from rich.console import Console
from tabulate import tabulate

from mmtin.checkpoint import read_checkpoint
from mmtin.commands.arguments import one_sentence_errors, positive_int, positive_number
from mmtin.conversion.convert import Conversion, convert_checkpoint
from mmtin.conversion.recipe import recipe
from mmtin.errors import UserError
from mmtin.files.whole import require_free, whole_files


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', metavar='SRC', help='file, or an address such as torchvision://resnet50')
    parser.add_argument(
        'target', type=Path, metavar='DST', help='checkpoint to write; its config is DST.py'
    )
    parser.add_argument(
        '--num-segments',
        type=positive_int,
        metavar='T',
        help="frames of a clip (default: the source's, 8 if it does not say)",
    )
    parser.add_argument(
        '--max-offset',
        type=positive_number,
        metavar='R',
        help='largest offset of the source, frames (default: 2 for TIN of the releases and MMAction2, what '
        'the config in the file says for that of mmtin, T / 2 for a source without offsets)',
    )
    parser.add_argument(
        '--fill',
        choices=('initial', 'source'),
        help='what the networks for offsets and weights get if the source has none, which is refused '
        'otherwise: start as initialised, or such that the TIN computes what the source does',
    )
    parser.add_argument('--report', action='store_true', help='list where every weight went')
    parser.add_argument('--force', action='store_true', help='replace files that are there')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with one_sentence_errors():
        config = args.target.with_suffix('.py')
        if config == args.target:
            raise UserError(f'{args.target} would be a config; name the checkpoint .pth')
        require_free(args.target, config, force=args.force)
        with Console(stderr=True).status('Converting'):
            done = convert_checkpoint(
                read_checkpoint(args.source), args.num_segments, args.max_offset, args.fill
            )
            model = done.checkpoint['meta']['model']
            can_predict = 'cls_head' in model and 'mean' in model['data_preprocessor']
            with whole_files(args.target, *[config] * can_predict) as parts:
                with parts[0].open('wb') as file:  # given a name, torch would store the temporary one in it
                    torch.save(done.checkpoint, file)
                if can_predict:
                    parts[1].write_text(recipe(done.checkpoint['meta']), encoding='utf-8')
        if args.report:
            print(moves_table(done))
        print(summary(done))
        print(f'Checkpoint: {args.target}' + f'\nConfig: {config}' * can_predict)


def moves_table(done: Conversion) -> str:
    rows = [
        (move.source or '-', move.target or '-', ' x '.join(map(str, move.shape)) or '1', move.action)
        for move in done.moves
    ]
    return tabulate(rows, ('source', 'here', 'shape', 'action'), tablefmt='github') + '\n'


def summary(done: Conversion) -> str:
    meta, counts = done.checkpoint['meta'], Counter(move.action for move in done.moves)
    backbone, head = meta['model']['backbone'], meta['model'].get('cls_head')
    rows = {
        'source': meta['source'],
        'weights': ', '.join(f'{count} {action}' for action, count in counts.items()),
        'network': f'TINResNet, depth {backbone["depth"]}, num_segments {meta["num_segments"]}, '
        f'max_offset {meta["max_offset"]:g}',
        'classes': head['num_classes'] if head else '-',
        'input': 'RGB, mean {mean}, std {std}'.format_map(meta['model']['data_preprocessor'])
        if 'in_channels' not in backbone
        else f'{backbone["in_channels"]} channels',
    }
    table = tabulate(rows.items(), tablefmt='plain', disable_numparse=True)
    return '\n'.join((table, *done.notes))


if __name__ == '__main__':
    main()
