"""Weights of images for a network of something else, such as optical flow."""

from torch import Tensor

from mmtin.errors import UserError


def for_channels(weight: Tensor, in_channels: int) -> Tensor:
    """The weight of the first convolution of an RGB network, for ``in_channels`` channels.

    Every channel gets the mean over red, green and blue, as in TSN, whose flow networks start so from
    ImageNet's.

    Args:
        weight: ``[out, 3, *kernel]``; one of ``in_channels`` is left as it is.
        in_channels: channels of what the network takes: 10 for 5 pairs of flow, 2 for one.

    Raises:
        UserError: if the weight is of something else than RGB, such as of flow for a network of RGB.
    """
    given = weight.shape[1]
    if given == in_channels:
        return weight
    if given != 3:
        raise UserError(
            f'the checkpoint is of a network that takes {given} channels, expected one of {in_channels} or '
            f'of RGB; give the checkpoint of the other stream, or set in_channels={given} in the backbone'
        )
    return weight.mean(1, keepdim=True).expand(-1, in_channels, *weight.shape[2:]).contiguous()
