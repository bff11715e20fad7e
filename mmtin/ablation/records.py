"""What finished runs leave in the project: one line of JSON each, in a file that later runs go on from.

A record holds no figure that somebody could mistype: top-1 is counted from the held-out clips that were
right, clip for clip, and a seal over the line shows whether a hand has changed it.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from mmtin.ablation.sets import Cell
from mmtin.errors import UserError
from mmtin.files.digest import digest
from mmtin.files.strict_json import to_json


@dataclass(frozen=True)
class Record:
    """One run, trained and tested.

    Args:
        set, frames, variant, seed: which run it is, see :class:`Cell`.
        clips: how many are held out.
        right: the held-out clips that were recognised, in the order of their list: the bits of a number,
            in hexadecimal, the first clip being the highest of ``clips`` bits.
        right_reversed: the same with the frames of every clip in reverse.
        minutes: of the training alone.
        parameters: of the backbone.
        settings: digest of model, pipelines, optimiser and schedule, by ``runs.settings``.
        data: digest of the lists, by ``runs.data_digest``.
        command: that trains this very run.
        versions: of mmtin and torch.
    """

    set: str
    frames: int
    variant: str
    seed: int
    clips: int
    right: str
    right_reversed: str
    minutes: float
    parameters: int
    settings: str
    data: str
    command: str
    versions: str

    @property
    def cell(self) -> Cell:
        """Which run it is of."""
        return Cell(self.set, self.frames, self.variant, self.seed)

    @property
    def top1(self) -> float:
        """In per cent."""
        return 100 * int(self.right, 16).bit_count() / self.clips

    @property
    def top1_reversed(self) -> float:
        """In per cent, of the same clips reversed."""
        return 100 * int(self.right_reversed, 16).bit_count() / self.clips

    @property
    def seal(self) -> str:
        """A digest of all that it says, which shows an edit by hand."""
        return digest(asdict(self))


def as_bits(right: Iterable[bool]) -> str:
    """Clip for clip -> the form of ``Record.right``."""
    return f'{int("".join("01"[bool(value)] for value in right), 2):x}'


def append_record(path: Path, record: Record) -> None:
    """Add a line to the file, which is made if there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('a', encoding='utf-8') as file:
        file.write(to_json(asdict(record) | dict(seal=record.seal)) + '\n')


def read_records(path: Path) -> dict[Cell, Record]:
    """The records of a file by their run; none if there is no file.

    Raises:
        UserError: for a line that is damaged, changed by hand, or stands there twice.
    """
    records: dict[Cell, Record] = {}
    if not path.exists():
        return records
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        try:
            entry = json.loads(line)
            seal = entry.pop('seal')
            record = Record(**entry)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            names = ', '.join(field.name for field in fields(Record))
            raise UserError(
                f'{path}, line {number}: expected a record with {names} and seal as tools/ablate.py writes '
                f'it ({type(error).__name__}); take the line out and train that run again'
            ) from error
        if seal != record.seal or int(record.right, 16).bit_length() > record.clips:
            raise UserError(
                f'{path}, line {number}: this is not what tools/ablate.py wrote of {record.cell}; take the '
                'line out and train that run again'
            )
        if record.cell in records:
            raise UserError(f'{path}, line {number}: {record.cell} stands there twice; take one line out')
        records[record.cell] = record
    return records
