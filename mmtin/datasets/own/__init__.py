"""Videos of one's own: folders and lists read, divided and checked."""

from mmtin.datasets.own.own_videos import OwnVideos, read_own_videos
from mmtin.datasets.own.written import Split, read_split, write_split

__all__ = ['OwnVideos', 'Split', 'read_own_videos', 'read_split', 'write_split']
