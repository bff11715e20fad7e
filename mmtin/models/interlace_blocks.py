"""TIN for 2D networks of other libraries: torchvision's, timm's, MMAction2's and those built like them."""

from torch import nn

from mmtin.errors import UserError
from mmtin.models.interlaced_conv import InterlacedConv
from mmtin.models.residual_branches import first_convolutions, input_channels
from mmtin.models.temporal_interlace import TemporalInterlace


def interlace_(
    model: nn.Module,
    num_segments: int = 8,
    shift_div: int = 4,
    groups: int = 2,
    reverse: bool = True,
    max_offset: float | None = None,
    initial_offset: float = 1.0,
    offsets_per: str = 'clip',
    causal: bool = False,
) -> nn.Module:
    """Interlace frames before the first convolution of every residual branch, in place.

    The network then takes clips, frame after frame, as one batch ``[N*T, 3, H, W]`` and scores each
    frame as before, ``[N*T, classes]``. A clip's scores are their mean::

        model = interlace_(torchvision.models.resnet50(weights='DEFAULT'), num_segments=8)
        scores = model(clips.flatten(0, 1)).unflatten(0, (-1, 8)).mean(dim=1)  # clips [N, T, 3, H, W]

    Its weights stay; only the offset and weight networks are new. Where a convolution was, say ``conv1``,
    they are under ``conv1.net1`` and it is ``conv1.net2``; a state dict of the 2D network loads as it is,
    with ``strict=False``. Give the optimizer the parameters after this call, not before.

    Args:
        model: a ResNet or one of its kin, RegNet, MobileNet, MobileOne, EfficientNet, MNASNet or ConvNeXt,
            as torchvision, timm, MMPretrain and MMAction2 build them. Blocks that add no shortcut stay as
            they are.
        num_segments: T, frames in a clip.
        shift_div: one in ``shift_div`` channels is interlaced, rounded down to as many in each group that
            moves as in the others; but at least one in each.
        groups: learned offsets in each block.
        reverse: whether each learned offset also moves a second group of channels the other way.
        max_offset: R, the largest offset in frames; None means ``num_segments / 2`` as in the paper, 4 with
            offsets per frame.
        initial_offset: frames that every group starts with.
        offsets_per: ``'clip'`` as in the paper, or ``'frame'``: weights that fit any number of frames.
        causal: move frames to later ones alone, for :func:`mmtin.models.stream_step`. Needs
            ``offsets_per='frame'`` and ``reverse=False``.

    Returns:
        The same module.

    Raises:
        UserError: if no block is found, the model interlaces already, or an argument does not fit its
            channels; the model is then as it was.
    """
    if any(isinstance(module, TemporalInterlace) for module in model.modules()):
        raise UserError('this network interlaces frames already; build it anew to change how')
    convolutions = first_convolutions(model)
    if not convolutions:
        raise UserError(
            f'{type(model).__name__} has no residual block that interlace_ knows; take a ResNet or '
            'one of its kin, RegNet, MobileNet, MobileOne, EfficientNet, MNASNet or ConvNeXt, of '
            'torchvision, timm, MMPretrain or MMAction2'
        )
    if min(shift_div, groups) < 1:
        raise UserError(f'shift_div and groups must be at least 1, got {shift_div} and {groups}')
    moving_groups = groups * 2 if reverse else groups
    interlaced = {}
    for name, conv in convolutions.items():
        in_channels = input_channels(conv)
        if in_channels < moving_groups:
            raise UserError(
                f'{name} sees {in_channels} channels, too few for {moving_groups} groups that move; '
                'choose fewer groups, or reverse=False'
            )
        interlace = TemporalInterlace(
            in_channels, num_segments, shift_div, groups, reverse, max_offset, initial_offset,
            offsets_per, causal, folded_channels=_folded(in_channels, shift_div, moving_groups),
        )  # fmt: skip
        weight = next(conv.parameters())
        interlaced[name] = InterlacedConv(interlace.to(weight.device, weight.dtype), conv)
    for name, module in interlaced.items():
        parent, _, own_name = name.rpartition('.')
        setattr(model.get_submodule(parent), own_name, module)
    return model


def _folded(in_channels: int, shift_div: int, moving_groups: int) -> int:
    return max(1, in_channels // shift_div // moving_groups) * moving_groups
