"""Videos of a person, a folder for each class."""

from pathlib import Path

from tests.datasets.video.video_files import encode


def make_folders(root: Path, **counts: int) -> Path:
    """``root/NAME/0.mp4``, ``1.mp4``, ...: so many videos for each name."""
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            encode(root / name / f'{number}.mp4', num_frames=10)
    return root
