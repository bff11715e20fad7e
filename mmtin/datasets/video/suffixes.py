"""Suffixes of video files."""

SUFFIXES = frozenset(
    f'.{kind}'
    for kind in (
        *('3gp', 'avi', 'flv', 'm2ts', 'm4v', 'mkv', 'mov', 'mp4', 'mpeg', 'mpg', 'mts', 'nut', 'ogv'),
        *('ts', 'webm', 'wmv', 'y4m'),
    )
)
