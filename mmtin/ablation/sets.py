"""The sets on which variants are compared, and which runs the comparison asks for."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from mmtin.ablation.variants import VARIANTS


class AblationSet(NamedTuple):
    """Clips in a folder of ``data/``, with the recipe that all variants share.

    Attributes:
        folder: its name in ``data/``.
        label: what tables call it.
        config: file of ``configs/``.
        epochs: of a run.
        frames: T, frames of a clip, that are compared. All variants run with the first one.
        made_by: the command that makes the folder.
    """

    folder: str
    label: str
    config: str
    epochs: int
    frames: tuple[int, ...]
    made_by: str


SETS = {
    'miracl_vc1': AblationSet(
        'miracl_vc1',
        'MIRACL-VC1: words read from the lips of unseen speakers',
        'tin_r18_miracl_vc1.py',
        15,
        (8, 16),
        'tools/prepare_data.py miracl_vc1 --media FOLDER',
    ),
    'far': AblationSet(
        'demo_far',
        'made videos, two events far apart',
        'tin_r18_24f_demo_far.py',
        5,
        (24, 16, 8),
        'tools/make_demo_data.py --difficulty far --clips 1600 --val-clips 640',
    ),
    'hard': AblationSet(
        'demo_hard',
        'made videos, a motion of any pace',
        'tin_r18_demo.py',
        4,
        (8, 16),
        'tools/make_demo_data.py --difficulty hard --clips 1600 --val-clips 640',
    ),
    'miracl_vc1_order': AblationSet(
        'miracl_vc1_order',
        'MIRACL-VC1: which of two words came first',
        'tin_r18_24f_order_miracl_vc1.py',
        15,
        (24, 16),
        'tools/prepare_data.py miracl_vc1_order --media FOLDER',
    ),
}

# What is compared above all, with more seeds, and what is compared for other numbers of frames.
MAIN = ('tsn', 'tsm', 'tin')
MAIN_SEEDS, OTHER_SEEDS = range(5), range(3)
FOR_OTHER_FRAMES = (*MAIN, 'tin_r2')


class Cell(NamedTuple):
    """One run by what it is: a set, T, a variant and a seed."""

    set: str
    frames: int
    variant: str
    seed: int

    def __str__(self) -> str:
        return f'{self.set}, {self.frames} frames, {self.variant}, seed {self.seed}'


def cells(
    sets: Sequence[str],
    frames: Iterable[int] | None = None,
    variants: Iterable[str] | None = None,
    seeds: Iterable[int] | None = None,
) -> list[Cell]:
    """The runs in the order in which they should be done.

    What is not given is what the comparison asks for. Main rows come first, then seed by seed, so that
    one cut short compares all variants on the same seeds.
    """
    planned = []
    for name in sets:
        for rank, count in enumerate(dict.fromkeys(frames or SETS[name].frames)):
            for variant in dict.fromkeys(variants or _variants(SETS[name], count)):
                main = variant in MAIN and count == SETS[name].frames[0]
                for seed in dict.fromkeys(seeds if seeds is not None else _seeds(main)):
                    planned.append((not main, seed, rank, Cell(name, count, variant, seed)))
    return [cell for *_, cell in sorted(planned, key=lambda entry: entry[:3])]


def _variants(of: AblationSet, frames: int) -> Iterator[str]:
    yield from VARIANTS if frames == of.frames[0] else FOR_OTHER_FRAMES


def _seeds(main: bool) -> range:
    return MAIN_SEEDS if main else OTHER_SEEDS
