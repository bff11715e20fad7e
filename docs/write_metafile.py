"""Write configs/metafile.yml, which mim reads, from the configs and the published figures of
mmtin/leaderboard/published.yml:

python docs/write_metafile.py
"""

from pathlib import Path

import yaml
from mmengine.config import Config, ConfigDict

from mmtin.leaderboard.published import read_publication

CONFIGS = Path(__file__).parents[1] / 'configs'
METAFILE = CONFIGS / 'metafile.yml'
HEAD = """\
# Made by docs/write_metafile.py from the configs and mmtin/leaderboard/published.yml.
# Metrics are the paper's own, marked so. What was measured here stands in README.md.
"""
COLLECTIONS = {
    'TIN': ('2001.06499', 'Temporal Interlacing Network'),
    'TSM': ('1811.08383', 'TSM: Temporal Shift Module for Efficient Video Understanding'),
    'TSN': ('1608.00859', 'Temporal Segment Networks: Towards Good Practices for Deep Action Recognition'),
    'TRN': ('1711.08496', 'Temporal Relational Reasoning in Videos'),
    'ECO': ('1804.09066', 'ECO: Efficient Convolutional Network for Online Video Understanding'),
    'I3D': ('1705.07750', 'Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset'),
}
# `mim search mmtin --field weight` prints it, `mim download mmtin` stops at it: mim finds no address in it.
# A comma or slash would cut it in two; longer, it would not fit in mim's table.
WEIGHT = 'no weights are published; train or convert with convert_checkpoint.py'
# By the last part of a config's name.
DATA = dict(
    sthv1='SthV1',
    sthv2='SthV2',
    jester='Jester',
    ucf101='UCF101',
    hmdb51='HMDB51',
    kinetics400='Kinetics-400',
    kinetics600='Kinetics-600',
    mmit='MMiT',
    ava21='AVA v2.1',
    demo='mmtin demo',
    far='mmtin demo, events far apart',
    hard='mmtin demo, motions of any pace',
    vc1='MIRACL-VC1',
    surv='Surveillance Camera Fight Dataset',
    finetune='your own',
)
# Whose paper a network is of, where its name does not say so.
COLLECTION = dict(rtcn='TIN', ecolite='ECO')
# Whose rates and epochs the networks of other papers have, by the beginning of a config's name.
RELEASES = {
    'tsn_bninception_': 'zhoubolei/TRN-pytorch',
    'trn_': 'zhoubolei/TRN-pytorch',
    'eco': 'mzolfaghari/ECO-efficient-video-understanding',
    'i3d_': 'MMAction2',
}
METRICS = dict(top1='Top 1 Accuracy (paper)', top5='Top 5 Accuracy (paper)', mean_ap='mAP (paper)')


def published() -> dict[str, dict[str, float]]:
    """The figures of the paper by name of the config."""
    return {
        model.id: {name: value for name in METRICS if (value := getattr(model, name))}
        for model in read_publication().models
        if not model.source
    }


def entry(path: Path, figures: dict[str, float]) -> dict:
    """What the metafile says of one config."""
    cfg, name = Config.fromfile(path), path.stem
    model = name.partition('_')[0]
    backbone = cfg.model.backbone.get('backbone', cfg.model.backbone)  # a detector wraps it
    weights = _weights(cfg, backbone)
    data = DATA[name.rpartition('_')[2]] + (f' split {cfg.split}' if 'split' in cfg else '')
    metadata = {
        'Architecture': _architecture(backbone),
        'Frames': cfg.num_segments,
        'Batch Size': cfg.train_dataloader.batch_size,
        'Epochs': cfg.train_cfg.max_epochs,
        **({'Pretrained': weights} if weights else {}),
        'Recipe': _recipe(name, cfg, weights),
        'Training Data': data,
    }
    task = 'Action Detection' if cfg.model.type == 'FastRCNN' else 'Action Recognition'
    metrics = {METRICS[metric]: value for metric, value in figures.items()}
    return {
        'Name': name,
        'Config': f'configs/{path.name}',
        'In Collection': COLLECTION.get(model, model.upper()),
        'Metadata': metadata,
        'Modality': 'Flow' if '_flow_' in name else 'RGB',
        'Results': [{'Dataset': data, 'Task': task, 'Metrics': metrics}],
    }


def _architecture(backbone: ConfigDict) -> str:
    if 'depth' not in backbone:
        return backbone.type
    return f'{"3D " if backbone.type.endswith("3d") else ""}ResNet{backbone.depth}'


def _weights(cfg: Config, backbone: ConfigDict) -> str | None:
    """What the weights that training starts from were trained on."""
    init = backbone.get('init_cfg') or {}
    address = cfg.load_from or backbone.get('pretrained') or init.get('checkpoint')
    return address and ('Kinetics-400' if 'kinetics400' in address else 'ImageNet')


def _recipe(name: str, cfg: Config, weights: str | None) -> str:
    """Whose rates, epochs and augmentation a config has."""
    if '_authors_' in name:
        return 'deepcs233/TIN'
    for beginning, owner in RELEASES.items():
        if name.startswith(beginning):
            return owner
    if weights is None or 'finetune' in cfg or cfg.optim_wrapper.optimizer.type == 'AdamW':
        return 'mmtin'
    return 'paper' if cfg.load_from else 'MMAction2'


def text() -> str:
    """The metafile."""
    figures = published()
    collections = [
        {
            'Name': name,
            'Metadata': {'Weight': WEIGHT},
            'Paper': {'URL': f'https://arxiv.org/abs/{number}', 'Title': title},
        }
        for name, (number, title) in COLLECTIONS.items()
    ]
    collections[0]['README'] = 'README.md'
    models = [entry(path, figures.get(path.stem, {})) for path in sorted(CONFIGS.glob('*.py'))]
    content = {'Collections': collections, 'Models': models}
    return HEAD + yaml.safe_dump(content, sort_keys=False, width=120)


if __name__ == '__main__':
    METAFILE.write_text(text(), encoding='utf-8')
