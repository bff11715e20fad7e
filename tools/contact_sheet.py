#!/usr/bin/env python
"""Draw a few test clips of different classes, with their true and predicted class."""

import argparse
from pathlib import Path

import torch
from mmengine.config import Config

from mmtin.commands.arguments import one_sentence_errors, positive_int
from mmtin.datasets.building import clips_dataset
from mmtin.datasets.list_files import names_of_classes, read_class_list
from mmtin.errors import UserError
from mmtin.files.whole import require_free, whole_file
from mmtin.prediction import load_recognizer
from mmtin.prediction.contact_sheet import draw_contact_sheet, predict_clip, spread_over_classes


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', type=Path, default=Path('contact_sheet.png'), help='a .png or .svg file')
    parser.add_argument(
        '--clips', type=positive_int, default=8, help='how many, of different classes as far as there are'
    )
    parser.add_argument('--labels', type=Path, help='class names, one a line (default: beside ann_file)')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--force', action='store_true', help='replace the picture if it is there')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with one_sentence_errors():
        if args.out.suffix not in ('.png', '.svg'):
            raise UserError(f'--out must end in .png or .svg, got {args.out}')
        require_free(args.out, force=args.force)
        model = load_recognizer(args.config, args.checkpoint, args.device)
        cfg: Config = model.cfg
        num_classes = cfg.model.cls_head.num_classes
        names = read_class_list(args.labels, num_classes) if args.labels else names_of_classes(cfg)
        if names is None or len(names) != num_classes:
            raise UserError(
                f'neither the config nor labels.txt beside its test list names {num_classes} classes; name '
                'the file with --labels'
            )
        dataset = clips_dataset(cfg)
        labels = [dataset.get_data_info(index).get('label') for index in range(len(dataset))]
        chosen = spread_over_classes(labels, args.clips)
        predictions = [predict_clip(model, dataset[index], names) for index in chosen]
        with whole_file(args.out) as part:
            sheet = draw_contact_sheet(predictions, title=Path(cfg.filename).stem)
            sheet.savefig(part, format=args.out.suffix[1:], dpi=150)
    print(f'Contact sheet: {args.out}')


if __name__ == '__main__':
    main()
