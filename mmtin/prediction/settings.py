"""What the results of a run depend on, so that another run does not go on with them."""

import os
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from mmtin.files.digest import digest_of_file
from mmtin.prediction.videos import Video


def run_settings(
    cfg: Config,
    checkpoint: str | Path,
    videos: Sequence[Video],
    labels: Path | None = None,
    **options: object,
) -> dict[str, object]:
    """What a journal is to know of a run: the contents of its files, its videos and its options."""
    return {
        'config': cfg.to_dict(),
        'checkpoint': digest_of_file(checkpoint),
        'list of videos': [(video.name, os.path.abspath(video.path)) for video in videos],
        '--labels': labels and digest_of_file(labels),
        **options,
    }
