"""Clips of one's own on which variants are compared."""

from pathlib import Path

from mmengine.config import Config

from mmtin.ablation.runs import trunk_of
from mmtin.ablation.sets import OTHER_SEEDS, AblationSet
from mmtin.ablation.variants import parts_of


def own_set(data: Path, config: str, epochs: int | None = None) -> AblationSet:
    """The set of all variants that ``config`` trains, on a folder with train.txt, val.txt and labels.txt.

    Args:
        data: the folder.
        config: trunk and recipe.
        epochs: of a run; None means the config's.
    """
    base = Config.fromfile(config)
    trunk = trunk_of(base)
    return AblationSet(
        folder=str(data.resolve()),
        label=f'the clips in {data}, {Path(config).name}',
        config=str(Path(config).resolve()),
        epochs=epochs or base.train_cfg.max_epochs,
        frames=(base.model.cls_head.num_segments,),
        made_by=f'tools/make_demo_data.py --out {data}',
        trunk=trunk,
        main_seeds=OTHER_SEEDS,
        parts=parts_of(trunk),
    )
