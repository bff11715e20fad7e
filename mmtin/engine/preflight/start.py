"""What a training starts from."""

import logging

from mmengine.config import Config
from mmengine.logging import print_log


def warn_of_frozen_noise(cfg: Config) -> None:
    """Warn where BatchNorm is frozen in a network that starts from no weights.

    Its statistics then stay 0 and 1, whatever flows through: the activations grow from layer to layer and
    the loss starts far from the logarithm of the number of classes.
    """
    backbone = (cfg.get('model') or {}).get('backbone') or {}
    frozen = backbone.get('norm_eval') or (backbone.get('norm_cfg') or {}).get('requires_grad') is False
    initialised = backbone.get('init_cfg') or backbone.get('pretrained')
    if frozen and not (initialised or cfg.get('load_from') or cfg.get('resume')):
        print_log(
            'BatchNorm is frozen (model.backbone.norm_eval, norm_cfg.requires_grad) and there are no '
            'pretrained weights (load_from=None): either set load_from, or train BatchNorm with '
            'model.backbone.norm_eval=False model.backbone.norm_cfg.requires_grad=True.',
            'current',
            logging.WARNING,
        )
