"""Weights laid out as ``channels_last``, with which 2D convolutions are faster on most CPUs and GPUs."""

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from torch import channels_last, nn


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Lay the weights of 2D convolutions out as ``channels_last`` before training or a test.

    That is behind the random start, whose order would follow the layout. The frames follow the weights:
    from the first convolution on they have this layout, too. Values change by rounding alone, and a
    checkpoint fits networks of either layout.

    A network that is trained by several processes keeps its layout: when it was wrapped, its gradients were
    given places by the layout that it had then. A change behind that mixes them up in
    DistributedDataParallel and fails in FullyShardedDataParallel (torch 2.13).

    Source: PyTorch's "Channels last memory format" tutorial. mmengine 0.10 has no setting for it.
    """

    def before_train(self, runner) -> None:
        if is_model_wrapper(runner.model):
            return
        for module in runner.model.modules():
            if isinstance(module, nn.Conv2d):
                module.to(memory_format=channels_last)

    before_test = before_train
