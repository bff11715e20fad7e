"""Datasets and transforms that MMAction2 lacks, registered in its DATASETS and TRANSFORMS."""

from mmtin.datasets.clips import RawframeClipDataset, VideoClipDataset

__all__ = ['RawframeClipDataset', 'VideoClipDataset']
