"""Graphs whose nodes are boxes in the frames of a clip (Wang and Gupta 2018), and reasoning on them."""

import torch
from torch import Tensor, nn


def overlap(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of boxes ``[..., n, 4]`` and ``[..., m, 4]`` -> ``[..., n, m]``."""
    first, second = first[..., :, None, :], second[..., None, :, :]
    low, high = (
        torch.maximum(first[..., :2], second[..., :2]),
        torch.minimum(first[..., 2:], second[..., 2:]),
    )
    common = (high - low).clamp(min=0).prod(-1)
    areas = (first[..., 2:] - first[..., :2]).prod(-1) + (second[..., 2:] - second[..., :2]).prod(-1)
    return common / (areas - common).clamp(min=torch.finfo(first.dtype).eps)


def neighbour_graphs(boxes: Tensor) -> tuple[Tensor, Tensor]:
    """The forward and the backward graph (section "Graphs of spatial-temporal relations").

    A box is joined to those that it overlaps in the next frame, or the one before, by their shares of
    its overlap with all of them.

    Args:
        boxes: ``[N, T, n, 4]``.

    Returns:
        Two ``[N, T*n, T*n]``, whose rows sum to 1, or to 0 where nothing overlaps.
    """
    frames, count = boxes.shape[1:3]
    forward = boxes.new_zeros(len(boxes), frames, count, frames, count)
    backward = torch.zeros_like(forward)
    for t in range(frames - 1):
        common = overlap(boxes[:, t], boxes[:, t + 1])
        forward[:, t, :, t + 1] = _shares(common)
        backward[:, t + 1, :, t] = _shares(common.transpose(1, 2))
    return forward.flatten(3).flatten(1, 2), backward.flatten(3).flatten(1, 2)


def _shares(common: Tensor) -> Tensor:
    return common / common.sum(-1, keepdim=True).clamp(min=torch.finfo(common.dtype).eps)


class GraphConvolution(nn.Module):
    """``sum_k G_k X W_k`` for graphs ``G_k``, which nothing but their number is known of.

    Args:
        channels: of a node.
        graphs: how many.
    """

    def __init__(self, channels: int, graphs: int) -> None:
        super().__init__()
        self.weights = nn.ModuleList([nn.Linear(channels, channels, bias=False) for _ in range(graphs)])

    def forward(self, x: Tensor, graphs: tuple[Tensor, ...]) -> Tensor:
        """Nodes ``[N, nodes, C]``, graphs ``[N, nodes, nodes]`` each -> nodes."""
        return sum(graph @ weight(x) for graph, weight in zip(graphs, self.weights))


class GraphBranch(nn.Module):
    """Graph convolutions in a row, with LayerNorm and ReLU between them; the last starts at 0.

    Args:
        channels: of a node.
        graphs: of each convolution.
        layers: how many convolutions.
    """

    def __init__(self, channels: int, graphs: int, layers: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList([GraphConvolution(channels, graphs) for _ in range(layers)])
        self.norms = nn.ModuleList([nn.LayerNorm(channels) for _ in range(layers - 1)])

    def init_weights(self, std: float) -> None:
        """Small weights, and none in the last convolution."""
        for weight in (weight for conv in self.convs for weight in conv.weights):
            nn.init.normal_(weight.weight, std=std)
        for weight in self.convs[-1].weights:
            nn.init.zeros_(weight.weight)

    def forward(self, x: Tensor, *graphs: Tensor) -> Tensor:
        """Nodes ``[N, nodes, C]`` -> nodes."""
        for conv, norm in zip(self.convs, self.norms):
            x = norm(conv(x, graphs)).relu()
        return self.convs[-1](x, graphs)
