"""Statistics over clips of the offsets and weights that TIN layers predict, and their file.

The paper's Figure 5 shows them: how far each group of channels moves in each layer, and the weight of each
frame.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from mmtin.errors import UserError
from mmtin.files.strict_json import to_json
from mmtin.files.whole import WholeFileBackend
from mmtin.scores.results import tested_checkpoint
from mmtin.work_dirs import last_checkpoint

RECORD_FILE = 'interlacing.json'


@dataclass(frozen=True)
class Moments:
    """Sums over clips that give mean and spread; the sums of two sets of clips can be added."""

    count: int
    total: np.ndarray
    squares: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, values: Tensor) -> 'Moments':
        """The moments of ``[N, *]`` over N."""
        array = values.double().cpu().numpy()
        return cls(len(array), array.sum(0), (array**2).sum(0), array.min(0), array.max(0))

    def __add__(self, other: 'Moments') -> 'Moments':
        return Moments(
            self.count + other.count,
            self.total + other.total,
            self.squares + other.squares,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
        )

    def spread(self) -> 'Spread':
        mean = self.total / self.count
        std = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0))
        return Spread(mean, std, self.low, self.high)


@dataclass(frozen=True)
class Spread:
    """Mean, standard deviation and range over clips; arrays of one shape."""

    mean: np.ndarray
    std: np.ndarray
    min: np.ndarray
    max: np.ndarray


@dataclass(frozen=True)
class LayerRecord:
    """One layer: offsets ``[G]`` in frames, of clips, and weights ``[T, G]`` of its learned groups.

    ``max_offset`` is R in frames. With ``reverse``, each group has a twin with the opposite offset.
    """

    name: str
    max_offset: float
    reverse: bool
    offset: Spread
    weight: Spread


@dataclass(frozen=True)
class InterlacingRecord:
    """Every TIN layer of a network, from the input on, and the number of clips (each view counts)."""

    num_clips: int
    layers: list[LayerRecord]


def farthest_layer(record: InterlacingRecord) -> str:
    """The layer with the largest mean offset, in either direction."""
    return max(record.layers, key=lambda layer: np.abs(layer.offset.mean).max()).name


def write_record(record: InterlacingRecord, path: str | Path) -> None:
    """Write a record as JSON; an existing file is replaced in one step."""
    text = to_json(asdict(record), default=np.ndarray.tolist, indent=1)
    WholeFileBackend().put_text(text, path)


def read_record(path: str | Path) -> InterlacingRecord:
    """Read a file of :func:`write_record`.

    Raises:
        UserError: if the file is damaged or holds something else.
    """
    try:
        data = json.loads(Path(path).read_text())
        layers = [
            LayerRecord(
                name=layer['name'],
                max_offset=layer['max_offset'],
                reverse=layer['reverse'],
                **{
                    key: Spread(**{name: np.array(rows, float) for name, rows in layer[key].items()})
                    for key in ('offset', 'weight')
                },
            )
            for layer in data['layers']
        ]
        return InterlacingRecord(data['num_clips'], layers)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f'{path} is no record of offsets and weights, or was cut off; test the network again'
        ) from error


def latest_record(work_dir: str | Path) -> InterlacingRecord:
    """The newest record in a work directory of mmengine's Runner.

    Raises:
        UserError: if there is none, or it is damaged.
    """
    return read_record(_latest_file(work_dir))


def checkpoint_of_latest_record(work_dir: str | Path) -> Path:
    """The checkpoint that made the newest record: the one that a test loaded, or the last of a training.

    Raises:
        UserError: if there is no record, or no such checkpoint any more.
    """
    file = _latest_file(work_dir)
    tested = tested_checkpoint(file.with_name(f'{file.parent.name}.log'))
    if tested is None:
        return last_checkpoint(work_dir)
    if tested.is_file():
        return tested
    raise UserError(
        f'the newest offsets in {work_dir} are those of {tested}, which is not there; name the checkpoint '
        'with its config instead of the work directory'
    )


def _latest_file(work_dir: str | Path) -> Path:
    files = sorted(Path(work_dir).glob(f'*/{RECORD_FILE}'))
    if not files:
        raise UserError(
            f'no offsets and weights in {work_dir}: expected <timestamp>/{RECORD_FILE}, which '
            'InterlacingHook writes when a network with TIN layers is validated or tested; test again with '
            "custom_hooks=[dict(type='InterlacingHook')]"
        )
    return files[-1]
