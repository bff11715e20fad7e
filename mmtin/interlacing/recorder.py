"""Record the predictions of the TIN layers of a network while it runs."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import torch
from mmaction.apis import init_recognizer
from mmengine.config import Config
from mmengine.model import is_model_wrapper
from torch import Tensor, nn

from mmtin.checkpoint import read_checkpoint
from mmtin.checkpoint.filling import fill
from mmtin.checkpoint.names import state_of
from mmtin.commands.arguments import require_device
from mmtin.errors import UserError
from mmtin.interlacing.record import InterlacingRecord, LayerRecord, Moments
from mmtin.models.temporal_interlace import TemporalInterlace


class InterlacingRecorder:
    """Records the predictions of every TIN layer of a network within a ``with`` block.

    Attributes:
        layers: by name, such as ``layer1.0``.
    """

    def __init__(self, model: nn.Module) -> None:
        self.layers = interlacing_layers(model)
        self._outputs = {name: ([], []) for name in self.layers}
        self._handles = []

    def __enter__(self) -> 'InterlacingRecorder':
        for name, layer in self.layers.items():
            for net, outputs in zip((layer.offset_net, layer.weight_net), self._outputs[name]):
                self._handles.append(net.register_forward_hook(partial(_keep, outputs)))
        return self

    def __exit__(self, *error: object) -> None:
        while self._handles:
            self._handles.pop().remove()

    def take(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Offsets ``[N, G]`` or ``[N, T, G]`` and weights ``[N, T, G]`` by layer since the last call.

        Until this call they stay on their device, so that recording never makes a GPU wait. Layers that did
        not run, or ran compiled, are missing.
        """
        taken = {}
        for name, (offsets, weights) in self._outputs.items():
            if offsets and weights:
                taken[name] = (torch.cat(offsets).cpu(), torch.cat(weights).cpu())
            offsets.clear()
            weights.clear()
        return taken


def _keep(outputs: list[Tensor], module: nn.Module, inputs: tuple, output: Tensor) -> None:
    outputs.append(output.detach())


class InterlacingStatistics:
    """Statistics over all clips that a recorder sees in a test."""

    def __init__(self) -> None:
        self.moments: dict[str, tuple[Moments, Moments]] = {}

    def add(self, taken: dict[str, tuple[Tensor, Tensor]]) -> None:
        """Add the result of :meth:`InterlacingRecorder.take`."""
        self.merge(
            {
                name: (Moments.of(offset_of_clips(offset)), Moments.of(weight))
                for name, (offset, weight) in taken.items()
            }
        )

    def merge(self, moments: dict[str, tuple[Moments, Moments]]) -> None:
        """Add the moments of other clips, such as those of another process."""
        for name, (offset, weight) in moments.items():
            if name in self.moments:
                offset, weight = self.moments[name][0] + offset, self.moments[name][1] + weight
            self.moments[name] = (offset, weight)

    def record(self, layers: dict[str, TemporalInterlace]) -> InterlacingRecord:
        """The statistics of ``layers``."""
        return InterlacingRecord(
            num_clips=max((offset.count for offset, _ in self.moments.values()), default=0),
            layers=[
                LayerRecord(
                    name,
                    layer.offset_net.max_offset,
                    layer.reverse,
                    *(moments.spread() for moments in self.moments[name]),
                )
                for name, layer in layers.items()
                if name in self.moments
            ],
        )


def offset_of_clips(offset: Tensor) -> Tensor:
    """Offsets of clips ``[N, G]``; where each frame has its own, ``[N, T, G]``, their mean."""
    return offset.mean(1) if offset.dim() == 3 else offset


def interlacing_layers(model: nn.Module) -> dict[str, TemporalInterlace]:
    """The TIN layers of a network by name, from the input on; empty if it has none."""
    network = model.module if is_model_wrapper(model) else model
    return {
        name.removeprefix('backbone.').removesuffix('.conv1.conv.net1'): module
        for name, module in network.named_modules()
        if isinstance(module, TemporalInterlace)
    }


def load_tin(cfg: Config, checkpoint: str | Path, device: str) -> nn.Module:
    """A recognizer with TIN layers in eval mode, all its weights from the checkpoint.

    Raises:
        UserError: if checkpoint or device is not available, one of checkpoint and config has no TIN layers,
            or the weights are of another network.
    """
    content = read_checkpoint(checkpoint)
    if not any('.offset_net.' in name for name in state_of(content)):
        raise UserError(
            f'{checkpoint} has no TIN layers, so there is nothing to draw; name one of a TINResNet'
        )
    require_device(device)
    model = init_recognizer(cfg, None, device)
    if not interlacing_layers(model):
        raise UserError('the config builds a network without TIN layers; name the one of the checkpoint')
    fill(model, content, checkpoint)
    return model


@torch.inference_mode()
def record_interlacing(model: nn.Module, batches: Iterable[dict]) -> InterlacingRecord:
    """Record the TIN layers of a recognizer in eval mode over the batches of a test data loader."""
    statistics = InterlacingStatistics()
    with InterlacingRecorder(model) as recorder:
        for batch in batches:
            model.test_step(batch)
            statistics.add(recorder.take())
    return statistics.record(recorder.layers)
