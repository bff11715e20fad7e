"""The sets on which variants are compared, and which runs the comparison asks for."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mmtin.ablation.variants import MAIN, parts_of, variants_of


class AblationSet(NamedTuple):
    """Clips in a folder, with the recipe that all variants share.

    Attributes:
        folder: in ``data/``, or anywhere else.
        label: what tables call it.
        config: file of ``configs/``, or any other.
        epochs: of a run.
        frames: T, frames of a clip, that are compared; for all but the first TSM, TIN and, if it is one of
            ``parts``, TIN with fixed offsets.
        made_by: the command that makes the folder.
        trunk: the 2D network whose variants are compared.
        main_seeds: of each of the trunk's main variants.
        parts: other variants that are compared here.
        control: whether the network with no temporal module is compared, too.
    """

    folder: str
    label: str
    config: str
    epochs: int
    frames: tuple[int, ...]
    made_by: str
    trunk: str = 'ResNet'
    main_seeds: int = 5
    parts: tuple[str, ...] = ()
    control: bool = True


TWO_WORDS = AblationSet(
    'miracl_vc1_order',
    'MIRACL-VC1: which of two words came first',
    'tin_r18_24f_order_miracl_vc1.py',
    24,
    (24,),
    'tools/prepare_data.py miracl_vc1_order --media FOLDER',
    main_seeds=3,
    parts=('tin_fixed',),
)

ANY_PACE = AblationSet(
    'demo_hard',
    'made videos, a motion of any pace',
    'tin_r18_demo_hard.py',
    4,
    (8, 16),
    'tools/make_demo_data.py --difficulty hard --clips 1600 --val-clips 640',
    parts=tuple(name for name in parts_of('ResNet') if name != 'tin_slow'),
)

# All parts of TIN are compared on `hard`, where a run takes minutes. Elsewhere there are those for which
# `hard` does not answer: whether to learn offsets at all, R, and the rate where events lie far apart.
# Sets that train twice as long tell whether a variant is better or only learns sooner.
SETS = {
    'miracl_vc1': AblationSet(
        'miracl_vc1',
        'MIRACL-VC1: words read from the lips of unseen speakers',
        'tin_r18_miracl_vc1.py',
        15,
        (8, 16),
        'tools/prepare_data.py miracl_vc1 --media FOLDER',
        parts=('tin_r2', 'tin_fixed'),
    ),
    'miracl_vc1_order': TWO_WORDS,
    'miracl_vc1_order_48e': TWO_WORDS._replace(
        label=f'{TWO_WORDS.label}, trained twice as long', epochs=48, parts=(), control=False
    ),
    'miracl_vc1_imagenet': AblationSet(
        'miracl_vc1',
        "MIRACL-VC1: words read from the lips of unseen speakers, from ImageNet's weights",
        'tin_mobilenetv2_miracl_vc1.py',
        6,
        (8,),
        'tools/prepare_data.py miracl_vc1 --media FOLDER',
        trunk='MobileNetV2',
        main_seeds=3,
    ),
    'far': AblationSet(
        'demo_far',
        'made videos, two events far apart',
        'tin_r18_24f_demo_far.py',
        24,
        (24,),
        'tools/make_demo_data.py --difficulty far --clips 1600 --val-clips 640',
        parts=('tin_slow', 'tin_r2_from_1', 'tin_fixed'),
    ),
    'hard': ANY_PACE,
    'hard_8e': ANY_PACE._replace(
        label=f'{ANY_PACE.label}, trained twice as long',
        epochs=8,
        main_seeds=3,
        parts=('tin_fixed', 'tin_mmcv'),
        control=False,
    ),
    'fight_surv': AblationSet(
        'fight_surv',
        "surveillance cameras: is there a fight, from ImageNet's weights",
        'tin_mobilenetv2_fight_surv.py',
        15,
        (8,),
        'tools/prepare_data.py folder --media FOLDER --out data/fight_surv',
        trunk='MobileNetV2',
        main_seeds=3,
    ),
}

# Seeds of variants that are not main ones, and of all for other numbers of frames than the first.
OTHER_SEEDS = 3


class Cell(NamedTuple):
    """One run by what it is: a set, T, a variant and a seed."""

    set: str
    frames: int
    variant: str
    seed: int

    def __str__(self) -> str:
        return f'{self.set}, {self.frames} frames, {self.variant}, seed {self.seed}'


def cells(
    sets: Mapping[str, AblationSet],
    frames: Iterable[int] | None = None,
    variants: Iterable[str] | None = None,
    seeds: Iterable[int] | None = None,
) -> list[Cell]:
    """The runs in the order in which they should be done.

    What is not given is what the comparison asks for. Main rows come first, then seed by seed, so that
    one cut short compares all variants on the same seeds.

    Raises:
        UserError: if one of ``variants`` is not of the trunk of one of the sets.
    """
    variants = list(variants) if variants is not None else None
    planned = []
    for name, each in sets.items():
        for rank, count in enumerate(dict.fromkeys(frames or each.frames)):
            for variant in _variants(each, count, variants):
                main = variant in MAIN[each.trunk] and count == each.frames[0]
                asked = range(each.main_seeds if main else OTHER_SEEDS)
                for seed in dict.fromkeys(seeds if seeds is not None else asked):
                    planned.append((not main, seed, rank, Cell(name, count, variant, seed)))
    return [cell for *_, cell in sorted(planned, key=lambda entry: entry[:3])]


def _variants(of: AblationSet, frames: int, wanted: Iterable[str] | None) -> Iterable[str]:
    if wanted is not None:
        return variants_of(of.trunk, wanted)
    control, *temporal = MAIN[of.trunk]
    if frames != of.frames[0]:  # a control looks at each frame alone, however many there are
        return (*temporal, *(name for name in of.parts if name == 'tin_fixed'))
    return (*([control] if of.control else []), *temporal, *of.parts)
