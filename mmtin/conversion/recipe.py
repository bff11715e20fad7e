"""Write the config with which a converted checkpoint predicts and is tested."""

from mmengine.config import Config

_HEAD = """\
# {source}, converted: {num_segments} frames of 224 pixels, offsets of at most {max_offset:g} frames.
# A list of videos with `path<TAB>label` per line is tested with --cfg-options
# test_dataloader.dataset.ann_file=... test_dataloader.dataset.data_prefix.video=...
# and with test_protocol=released on the pixels that the releases of TSM and TIN trained with: Pillow's.
"""

# The resizing of a frame to 224 x 224 pixels, by test protocol.
_CROPS: dict[str, list[dict]] = {
    '1x1': [{'type': 'Resize', 'scale': (-1, 256)}, {'type': 'CenterCrop', 'crop_size': 224}],
    'released': [
        {'type': 'PillowResize', 'scale': (-1, 256)},
        {'type': 'RoundedCenterCrop', 'crop_size': 224},
    ],
}


def recipe(meta: dict) -> str:
    """Python source of a config that stands alone, for a model with a classifier of RGB frames.

    Frames are sampled as in TSN: the middle one of each of T equal parts of the video, scaled to a short
    side of 256 pixels and cropped to the centre of 224 x 224.

    Args:
        meta: that of a checkpoint by :func:`mmtin.conversion.convert.convert_checkpoint`.
    """
    sampling = {
        'type': 'SampleFrames',
        'clip_len': 1,
        'frame_interval': 1,
        'num_clips': meta['num_segments'],
        'keep_tail_frames': True,
        'test_mode': True,
    }
    pack = [{'type': 'FormatShape', 'input_format': 'NCHW'}, {'type': 'PackActionInputs'}]
    protocols = {
        name: [{'type': 'VideoInit'}, sampling, {'type': 'VideoDecode'}, *crop, *pack]
        for name, crop in _CROPS.items()
    }
    pipeline = protocols['1x1']
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
            'test_protocol': '1x1',
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
