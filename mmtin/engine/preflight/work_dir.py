"""Check the folder that a run writes to."""

import tempfile
from pathlib import Path

from mmengine.config import Config

from mmtin.errors import UserError


def require_writable_work_dir(cfg: Config) -> None:
    """Make the work directory, and write and remove a file in it.

    Raises:
        UserError: if that fails.
    """
    folder = Path(cfg.work_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f'cannot write to the work directory {folder} ({error.strerror or error}); name another with '
            '--work-dir'
        ) from error
