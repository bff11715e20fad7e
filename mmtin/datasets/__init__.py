"""Datasets and transforms that MMAction2 lacks, registered in its DATASETS and TRANSFORMS."""

from mmtin.datasets.ava import AVAClipDataset
from mmtin.datasets.balanced import BalancedSampler
from mmtin.datasets.clips import RawframeClipDataset, VideoClipDataset
from mmtin.datasets.decoded_once import DecodedOnce, ReverseFrames
from mmtin.datasets.flip import FlipWithLabel
from mmtin.datasets.randomness import SeededInfiniteSampler, SeededSampler
from mmtin.datasets.released import PillowResize, RoundedCenterCrop
from mmtin.datasets.video.decoding import VideoDecode, VideoInit

__all__ = [
    'AVAClipDataset',
    'BalancedSampler',
    'DecodedOnce',
    'FlipWithLabel',
    'PillowResize',
    'RawframeClipDataset',
    'ReverseFrames',
    'RoundedCenterCrop',
    'SeededInfiniteSampler',
    'SeededSampler',
    'VideoClipDataset',
    'VideoDecode',
    'VideoInit',
]
