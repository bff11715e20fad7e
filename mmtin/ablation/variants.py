"""The networks that are compared: one table, each row a backbone over the same trunk and recipe."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mmtin.errors import UserError


class Variant(NamedTuple):
    """A row of an ablation.

    Attributes:
        label: what tables and charts call it.
        backbone: entries of the backbone's config that differ from the trunk's, such as its depth.
        imports: modules that register the backbone, other than mmtin.
        is_temporal: whether it is told how many frames a clip has.
        trunk: the 2D network that it is a variant of.
        offset_rate: of its offset networks, as part of the rate of the rest; None means the recipe's.
        bfloat16: whether a step computes in bfloat16, whatever the recipe does.
    """

    label: str
    backbone: Mapping[str, Any]
    imports: tuple[str, ...] = ()
    is_temporal: bool = True
    trunk: str = 'ResNet'
    offset_rate: float | None = None
    bfloat16: bool = False


def _tin(**backbone: Any) -> dict[str, Any]:
    return dict(type='TINResNet', **backbone)


# R is the largest offset in frames, T / 2 unless stated. Offsets start from 1 frame; where R = 2, as in the
# public releases, from 0.5 as there. "rev" as in Table 5 of the paper.
VARIANTS: dict[str, Variant] = {
    'tsn': Variant('TSN: no temporal module', dict(type='ResNet'), is_temporal=False, offset_rate=1.0),
    # Without weights to convert ResNetTSM fails in init_weights.
    'tsm': Variant(
        'TSM: fixed shifts by one frame',
        dict(type='ResNetTSM', shift_div=8, pretrained2d=False),
        offset_rate=1.0,
    ),
    'rtcn': Variant('r-TCN: full 3 x 1 x 1 convolutions', dict(type='RTCNResNet'), offset_rate=1.0),
    'tin': Variant('TIN: 2 groups, reversed, R = T/2', _tin()),
    'tin_full_rate': Variant('TIN, offsets learned at the full rate', _tin(), offset_rate=1.0),
    'tin_slow': Variant('TIN, offsets learned at a tenth of the rate', _tin(), offset_rate=0.1),
    'tin_bfloat16': Variant('TIN, computed in bfloat16', _tin(), bfloat16=True),
    'tin_from_half': Variant('TIN, R = T/2, started from 0.5 frames', _tin(initial_offset=0.5)),
    'tin_r2': Variant('TIN, R = 2', _tin(max_offset=2.0, initial_offset=0.5)),
    'tin_r2_from_1': Variant('TIN, R = 2, started from 1 frame', _tin(max_offset=2.0, initial_offset=1.0)),
    'tin_r2_from_1.3': Variant(
        'TIN, R = 2, started from 1.3 frames', _tin(max_offset=2.0, initial_offset=1.3)
    ),
    'tin_g1': Variant('TIN, 1 group, reversed', _tin(groups=1)),
    'tin_g2_plain': Variant('TIN, 2 groups, not reversed', _tin(groups=2, reverse=False)),
    'tin_g4': Variant('TIN, 4 groups, reversed', _tin(groups=4)),
    'tin_g4_plain': Variant('TIN, 4 groups, not reversed', _tin(groups=4, reverse=False)),
    'tin_frame': Variant('TIN, offsets of each frame, R = 4', _tin(offsets_per='frame')),
    'tin_causal': Variant(
        'TIN, causal: 4 groups, to later frames, R = 4',
        _tin(offsets_per='frame', causal=True, groups=4, reverse=False),
    ),
    'tin_fixed': Variant(
        'TIN, offsets fixed where they start',
        dict(type='FixedOffsetTINResNet'),
        ('mmtin.ablation.fixed_offsets',),
        offset_rate=1.0,
    ),
    'tin_mmcv': Variant(
        "TIN with mmcv's gradient", dict(type='MMCVGradientTINResNet'), ('mmtin.ablation.mmcv_gradient',)
    ),
    'tin_r2_mmcv': Variant(
        "TIN, R = 2, with mmcv's gradient",
        dict(type='MMCVGradientTINResNet', max_offset=2.0, initial_offset=0.5),
        ('mmtin.ablation.mmcv_gradient',),
    ),
    'light_tsn': Variant(
        'TSN: MobileNetV2',
        dict(type='TINMobileNetV2', is_tin=False),
        is_temporal=False,
        trunk='MobileNetV2',
    ),
    'light_tsm': Variant(
        'TSM: MobileNetV2, fixed shifts by one frame',
        dict(type='TSMMobileNetV2', shift_div=8),
        ('mmtin.ablation.tsm_mobilenet',),
        trunk='MobileNetV2',
    ),
    'light_tin': Variant(
        'TIN: MobileNetV2, 2 groups, reversed, R = T/2', dict(type='TINMobileNetV2'), trunk='MobileNetV2'
    ),
}

# What is compared above all: TSN, TSM and TIN of each trunk. The second is what differences are taken to.
MAIN = {'ResNet': ('tsn', 'tsm', 'tin'), 'MobileNetV2': ('light_tsn', 'light_tsm', 'light_tin')}


def parts_of(trunk: str) -> tuple[str, ...]:
    """The variants of a trunk other than its main ones."""
    return tuple(name for name in variants_of(trunk) if name not in MAIN[trunk])


def variants_of(trunk: str, wanted: Iterable[str] | None = None) -> tuple[str, ...]:
    """The variants of a trunk, of ``wanted`` if given.

    Raises:
        UserError: if a wanted one is of another trunk.
    """
    own = tuple(name for name, variant in VARIANTS.items() if variant.trunk == trunk)
    if wanted is None:
        return own
    wanted = tuple(dict.fromkeys(wanted))
    for name in wanted:
        if name not in own:
            raise UserError(
                f'{name} is a variant of {VARIANTS[name].trunk} and this recipe trains {trunk}s; choose of '
                f'{", ".join(own)}'
            )
    return wanted
