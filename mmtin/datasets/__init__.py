"""Datasets and transforms that MMAction2 lacks, registered in its DATASETS and TRANSFORMS."""

from mmtin.datasets.clips import RawframeClipDataset, VideoClipDataset
from mmtin.datasets.decoding import VideoDecode, VideoInit
from mmtin.datasets.flip import FlipWithLabel

__all__ = ['FlipWithLabel', 'RawframeClipDataset', 'VideoClipDataset', 'VideoDecode', 'VideoInit']
