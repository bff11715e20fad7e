#!/usr/bin/env python
"""Draw a few test clips with their true and predicted class."""

import argparse
import random
from pathlib import Path

import torch
from mmaction.apis import init_recognizer
from mmaction.registry import DATASETS
from mmengine.config import Config

from mmtin.commands import one_sentence_errors
from mmtin.visualization import draw_contact_sheet, predict_clip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', type=Path, default=Path('contact_sheet.png'), help='a .png or .svg file')
    parser.add_argument('--clips', type=int, default=8, help='how many, drawn from the test set')
    parser.add_argument('--labels', type=Path, help='class names, one a line (default: beside ann_file)')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    args = parser.parse_args()

    with one_sentence_errors():
        cfg = Config.fromfile(args.config)
        model = init_recognizer(cfg, args.checkpoint, args.device)
        dataset = DATASETS.build(cfg.test_dataloader.dataset)
        labels = args.labels or Path(dataset.ann_file).with_name('labels.txt')
        names = labels.read_text().splitlines()
        chosen = random.Random(0).sample(range(len(dataset)), min(args.clips, len(dataset)))
        predictions = [predict_clip(model, dataset[index], names) for index in chosen]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    draw_contact_sheet(predictions, title=Path(args.config).stem).savefig(args.out, dpi=150)
    print(f'Contact sheet: {args.out}')


if __name__ == '__main__':
    main()
