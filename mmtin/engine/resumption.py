"""Find the checkpoint from which a stopped training goes on."""

import logging
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmtin.checkpoint import read_checkpoint
from mmtin.checkpoint.archive import read_archive
from mmtin.checkpoint.unpickling import NamesCodeError
from mmtin.commands.arguments import require_file
from mmtin.errors import NO_SPACE, UserError
from mmtin.work_dirs import last_checkpoint


def resume(cfg: Config, load_from: str | None, seed: int | None = None) -> str | None:
    """Find the checkpoint that a config with ``resume`` goes on from; :func:`go_on_from` takes it.

    It is the one of the config's ``load_from``, or else the last whole one in its work directory. In place,
    the config becomes that of a run from ``load_from``, as the stopped run was: so a run starts that has no
    checkpoint yet, and so does a new run from the config that a resumed one saves. The seed is that of the
    run, unless the command names one: ``seed``.

    Raises:
        UserError: if there are checkpoints but none is whole, or if the named one is not whole.
    """
    if not cfg.get('resume'):
        return None
    checkpoint = cfg.get('load_from')
    if checkpoint:
        require_file(checkpoint, 'checkpoint')
        if Path(checkpoint).is_file() and not is_whole(checkpoint):
            raise UserError(
                f'{checkpoint} is damaged or cut off; --resume without a path goes on from the last '
                'whole checkpoint'
            )
    else:
        checkpoint = whole_checkpoint(cfg.work_dir)
        if checkpoint is None:
            print_log(f'Nothing to resume in {cfg.work_dir} yet: the run starts anew.', 'current')
    cfg.resume, cfg.load_from = False, load_from
    if seed is None and checkpoint and Path(checkpoint).is_file():
        of_run = read_checkpoint(checkpoint).get('meta', {}).get('seed')
        if of_run is not None:
            cfg.setdefault('randomness', {})['seed'] = of_run
    return str(checkpoint) if checkpoint else None


def go_on_from(runner: Runner, checkpoint: str | None) -> None:
    """Let a Runner that has not started resume a checkpoint, if there is one, that its config does not
    name."""
    if checkpoint:
        runner._resume, runner._load_from = True, checkpoint


def whole_checkpoint(work_dir: str | Path) -> Path | None:
    """The newest checkpoint that a run can be resumed from, None if it has not written any.

    Damaged ones, which a full disk or a kill leaves if mmtin did not write them, are named and skipped.

    Raises:
        UserError: if none is whole.
    """
    candidates = _checkpoints(Path(work_dir))
    for path in candidates:
        if is_whole(path):
            return path
        print_log(f'{path} is damaged or cut off; looking for another.', 'current', logging.WARNING)
    if candidates:
        raise UserError(
            f'every checkpoint in {work_dir} is damaged or cut off, {candidates[0].name} too; '
            'start again, without --resume'
        )
    return None


def is_whole(path: str | Path) -> bool:
    """Whether every byte of a checkpoint is as written, by the checksums in the file.

    Its table of contents has no checksum; it counts as whole if it can be read.
    """
    try:
        with zipfile.ZipFile(path) as file:
            if file.testzip() is not None:
                return False
        read_archive(Path(path), 'meta')
    except NamesCodeError:
        return True  # loading it will tell
    except Exception:  # a damaged file can raise anything
        return False
    return True


def _checkpoints(work_dir: Path) -> list[Path]:
    """The one that was written last, then the others that hold a whole training, newest first."""
    paths, folder = [], work_dir
    with suppress(UserError):
        paths.append(last_checkpoint(work_dir))
        folder = paths[0].parent
    # Not the shorter ones of ``published_keys``, such as epoch_3-0b1c2d3e.pth.
    others = [path for path in folder.glob('*.pth') if re.fullmatch(r'(epoch|iter)_\d+', path.stem)]
    paths += sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)
    return list(dict.fromkeys(paths))


@contextmanager
def saying_how_to_resume(work_dir: str | Path) -> Iterator[None]:
    """Say where ``--resume`` goes on after Ctrl-C, and which checkpoint a full disk left whole.

    Raises:
        KeyboardInterrupt: with that text.
        UserError: in place of the OSError of a full disk.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        stop.args = (_where_it_goes_on(work_dir),)
        raise
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        path = whole_checkpoint(work_dir)
        raise UserError(
            f'cannot write {error.filename or f"to {work_dir}"} ({error.strerror}); '
            + (f'{path} is whole: ' if path else 'there is no checkpoint yet: ')
            + 'make room and repeat the command with --resume'
        ) from error


def _where_it_goes_on(work_dir: str | Path) -> str:
    path = whole_checkpoint(work_dir)
    if path is None:
        return 'there is no checkpoint yet: the same command starts anew'
    meta = read_checkpoint(path)['meta']
    place = f'epoch {meta["epoch"]}, iteration {meta["iter"]}'
    return f'the same command with --resume goes on after {place}: {path}'
