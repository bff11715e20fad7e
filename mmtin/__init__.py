"""Temporal Interlacing Network for MMAction2. Importing it registers everything."""

import sys
from pathlib import Path

from mmtin.commands.noise import upstream_warnings_ignored
from mmtin.version import __version__


def _is_examined() -> bool:
    """Whether the command is ``doctor``, which must run where importing the rest fails."""
    package = Path(__file__).resolve().parent
    scripts = package / '.mim/tools/doctor.py', package.parent / 'tools/doctor.py'
    return sys.argv[:2] == ['-m', 'doctor'] or Path(sys.argv[0]).resolve() in scripts


if not _is_examined():
    with upstream_warnings_ignored():
        from mmtin import compat

        compat.apply()

        from mmtin.checkpoint import read_checkpoint
        from mmtin.compat.mmengine import read_checkpoints_by, write_files_by
        from mmtin.files.whole import WholeFileBackend

        read_checkpoints_by(read_checkpoint)
        write_files_by(WholeFileBackend)

        from mmtin import datasets, engine, interlacing, models, ops, peers, registry

__all__ = ['__version__', 'datasets', 'engine', 'interlacing', 'models', 'ops', 'peers', 'registry']
