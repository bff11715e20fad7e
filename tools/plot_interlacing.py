#!/usr/bin/env python
"""Draw the offsets and weights that the TIN layers of a network learned, and one interlaced clip.

For a work directory it draws the record of its last validation or test, and one clip by the checkpoint of
that test, or by the last one of the training. A checkpoint is run on the test set of its config, or on the
clips named with --videos. Each figure is a .png and a .svg file.
"""

import argparse
from pathlib import Path

import torch
from matplotlib.figure import Figure
from mmengine.runner import Runner
from rich.progress import track

from mmtin.commands.arguments import one_sentence_errors, require_file
from mmtin.config import find_config, read_config
from mmtin.datasets.building import clips_dataset
from mmtin.datasets.clip_names import clip_name
from mmtin.errors import UserError
from mmtin.files.whole import require_free, whole_files
from mmtin.interlacing.figures import draw_offsets, draw_weights
from mmtin.interlacing.record import checkpoint_of_latest_record, farthest_layer, latest_record
from mmtin.interlacing.recorder import interlacing_layers, load_tin, record_interlacing
from mmtin.interlacing.strip import draw_interlaced_clip, interlace_clip
from mmtin.work_dirs import config_file

NAMES = ('offsets', 'weights', 'clip')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, metavar='WORK_DIR|CHECKPOINT')
    parser.add_argument('--config', type=Path, help='of the checkpoint (default: the one in WORK_DIR)')
    parser.add_argument(
        '--videos',
        type=Path,
        nargs='+',
        default=[],
        help='videos, or folders of frames if the config reads such',
    )
    parser.add_argument('--layer', help='to draw the clip of (default: the one with the largest offset)')
    parser.add_argument(
        '--out', type=Path, help='folder for the figures (default: WORK_DIR/interlacing or ./interlacing)'
    )
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--force', action='store_true', help='replace figures that are there')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with one_sentence_errors():
        is_work_dir = args.source.is_dir()
        out = args.out or (args.source if is_work_dir else Path()) / 'interlacing'
        require_free(*(path for name in NAMES for path in out.glob(f'{name}.*')), force=args.force)
        if not is_work_dir:
            require_file(str(args.source), 'work directory or checkpoint')
            if args.config is None:
                raise UserError('a checkpoint needs its config; name it with --config')
        record = latest_record(args.source) if is_work_dir else None
        config = Path(find_config(args.config or config_file(args.source)))
        cfg = read_config(config)
        checkpoint = checkpoint_of_latest_record(args.source) if is_work_dir else args.source
        model = load_tin(cfg, checkpoint, args.device)
        if args.layer is not None and args.layer not in (layers := interlacing_layers(model)):
            raise UserError(f'no layer {args.layer}; there are {", ".join(layers)}')
        dataset = clips_dataset(cfg, args.videos)
        if record is None:
            loader = Runner.build_dataloader(cfg.test_dataloader | dict(dataset=dataset), seed=0)
            record = record_interlacing(model, track(loader, 'Recording', transient=True))
        layer = args.layer or farthest_layer(record)
        clip = interlace_clip(model, dataset[0], layer)
        figures = (
            draw_offsets(record, config.stem),
            draw_weights(record, config.stem),
            draw_interlaced_clip(clip, f'{config.stem}, {layer}: {clip_name(dataset, 0)}'),
        )
        save(dict(zip(NAMES, figures)), out)


def save(figures: dict[str, Figure], out: Path) -> None:
    kinds = [(name, suffix) for name in figures for suffix in ('png', 'svg')]
    with whole_files(*(out / f'{name}.{suffix}' for name, suffix in kinds)) as parts:
        for part, (name, suffix) in zip(parts, kinds):
            figures[name].savefig(part, format=suffix, dpi=150)
    for name in figures:
        print(f'{name.capitalize()}: {out / name}.png and .svg')


if __name__ == '__main__':
    main()
