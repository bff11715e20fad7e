"""Trainings that start from a backbone's weights alone."""

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmtin.checkpoint.names import backbone_weights, state_of


@HOOKS.register_module()
class BackboneWeightsHook(Hook):
    """Let ``load_from`` name a file of a backbone alone, such as torchvision's of a ResNet.

    mmengine loads it into the recognizer, where a backbone's weights begin with ``backbone.``.
    """

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        weights = backbone_weights(checkpoint)
        if hasattr(model, 'backbone') and weights.keys() == state_of(checkpoint).keys():
            checkpoint['state_dict'] = {f'backbone.{key}': value for key, value in weights.items()}
