"""One's own videos: read, divide and check folders and lists."""

from mmtin.datasets.own.own_videos import OwnVideos, read_own_videos
from mmtin.datasets.own.written import Split, read_split, write_split

__all__ = ['OwnVideos', 'Split', 'read_own_videos', 'read_split', 'write_split']
