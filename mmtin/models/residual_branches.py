"""Where the residual branches of 2D networks begin: found by what blocks have, whatever their class."""

from collections.abc import Iterator

from torch import nn

from mmtin.errors import UserError

# What the residual blocks of each family have. If the last is False or None, this block adds no shortcut.
_FAMILIES = (
    ('downsample', 'conv1'),  # ResNets and their kin, timm's RegNet
    ('proj', 'activation', 'f'),  # torchvision's RegNet
    ('use_res_connect',),  # torchvision's MobileNets and EfficientNet, MMAction2's MobileNetV2
    ('has_skip',),  # timm's MobileNets and EfficientNet
    ('layers', 'apply_residual'),  # torchvision's MNASNet
    ('layer_scale', 'block'),  # torchvision's ConvNeXt
    ('conv_dw', 'mlp', 'shortcut'),  # timm's ConvNeXt
    ('conv2_kxk', 'shortcut'),  # timm's networks of configurable blocks, such as RegNetZ
)
# Blocks that deployment folds into a single convolution, shortcut and all: the block is the convolution.
_FOLDED_FAMILIES = (
    ('branch_scale', 'branch_norm'),  # MMPretrain's MobileOne
    ('conv_scale', 'identity'),  # timm's MobileOne
)
# What lies beside the residual branch, and attention, within which several convolutions see its input.
_APART = {'downsample', 'proj', 'shortcut', 'attn'}


def first_convolutions(model: nn.Module) -> dict[str, nn.Module]:
    """The first convolution of the residual branch of each block with a shortcut, by its name in ``model``.

    Of MobileOne it is each 3 x 3 block with a shortcut, as a whole.

    Raises:
        UserError: if that of a block is not an ``nn.Conv2d``.
    """
    found = {}
    for name, block in model.named_modules():
        if _adds_a_shortcut(block):
            found.update(_first_convolution(name, block))
        elif _is_a_folded_block(block):
            found[name] = block
    return found


def input_channels(first: nn.Module) -> int:
    """C that one of :func:`first_convolutions` sees."""
    return next(module.in_channels for module in first.modules() if isinstance(module, nn.Conv2d))


def _adds_a_shortcut(module: nn.Module) -> bool:
    for signs in _FAMILIES:
        if all(hasattr(module, sign) for sign in signs):
            last = getattr(module, signs[-1])
            return last is not None and last is not False
    return False


def _is_a_folded_block(module: nn.Module) -> bool:
    """Whether it is a 3 x 3 block with a shortcut: one of 1 x 1 has no branch of the first name."""
    return any(all(getattr(module, sign, None) is not None for sign in signs) for signs in _FOLDED_FAMILIES)


def _first_convolution(prefix: str, block: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The first layer that convolves, if any: blocks hold their layers in the order of their work."""
    for name, module in block.named_modules(prefix=prefix):
        apart = name.removeprefix(prefix).lstrip('.').partition('.')[0] in _APART
        if apart or not hasattr(module, 'in_channels') or any(True for _ in module.children()):
            continue
        if not isinstance(module, nn.Conv2d):
            raise UserError(
                f'{name} is a {type(module).__name__}, and interlace_ wants an nn.Conv2d at the start of '
                'every residual branch; take a network that has one'
            )
        yield name, module
        return
