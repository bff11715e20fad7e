"""What a work directory of mmengine's Runner holds."""

from pathlib import Path

from mmtin.errors import UserError


def config_file(work_dir: str | Path) -> Path:
    """The config that the Runner last wrote into a work directory.

    Raises:
        UserError: if there is none.
    """
    files = sorted(Path(work_dir).glob('*.py'), key=lambda path: path.stat().st_mtime)
    if not files:
        raise UserError(
            f'no config in {work_dir}: it must be a work directory that `mim train` or `mim test` filled'
        )
    return files[-1]


def last_checkpoint(work_dir: str | Path) -> Path:
    """The newest checkpoint of a training, also where its work directory was moved.

    Raises:
        UserError: if there is none.
    """
    work_dir = Path(work_dir)
    note = work_dir / 'last_checkpoint'
    if note.is_file():
        path = Path(note.read_text().strip())
        for candidate in (work_dir / path.name, path):
            if candidate.is_file():
                return candidate
    raise UserError(f'no checkpoint in {work_dir}; name one with its config instead of the work directory')
