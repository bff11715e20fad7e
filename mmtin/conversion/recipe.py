"""Write the config with which a converted checkpoint predicts and is tested."""

from mmengine.config import Config

from mmtin.compat.mmengine import own_config
from mmtin.recipes import pipelines

_HEAD = """\
# {source}, converted: {num_segments} frames of 224 pixels, offsets of at most {max_offset:g} frames.
# A list of videos with `path<TAB>label` per line is tested with --cfg-options
# test_dataloader.dataset.ann_file=... test_dataloader.dataset.data_prefix.video=...
# and with test_protocol=released on the pixels that the releases of TSM and TIN trained with: Pillow's.
"""


def recipe(meta: dict) -> str:
    """Python source of a config that stands alone, for a model with a classifier of RGB frames.

    It tests by the protocols of ``configs/_base_/rgb_224.py``, as the experiments do: by default on the
    middle frame of each of T equal parts of the video, scaled to a short side of 256 pixels and cropped to
    the centre of 224 x 224.

    Args:
        meta: that of a checkpoint by :func:`mmtin.conversion.convert.convert_checkpoint`.
    """
    clips = Config.fromfile(own_config('_base_/rgb_224.py'))
    video = dict(open_clip=[dict(type='VideoInit')], decode=[dict(type='VideoDecode')])
    _, protocols, pipeline = pipelines(clips, meta['num_segments'], flip=False, **video)
    dataset = {
        'type': 'VideoClipDataset',
        'ann_file': 'data/test.txt',
        'data_prefix': {'video': 'data'},
        'delimiter': '\t',
        'pipeline': pipeline,
        'test_mode': True,
    }
    config = Config(
        {
            'default_scope': 'mmaction',
            'custom_imports': {'imports': ['mmtin'], 'allow_failed_imports': False},
            'model': meta['model'],
            'test_protocols': protocols,
            'test_protocol': clips.test_protocol,
            'test_pipeline': pipeline,
            'test_dataloader': {
                'batch_size': 4,
                'num_workers': 2,
                'sampler': {'type': 'DefaultSampler', 'shuffle': False},
                'dataset': dataset,
            },
            'test_evaluator': {'type': 'AccMetric'},
            'test_cfg': {'type': 'TestLoop'},
        }
    )
    return _HEAD.format(**meta) + config.pretty_text
