"""Check the weights that a training starts from."""

import logging

from mmengine.config import Config
from mmengine.logging import print_log


def warn_of_frozen_noise(cfg: Config) -> None:
    """Warn if BatchNorm is frozen in a network that starts from random weights.

    Its statistics then stay 0 and 1: the activations grow from layer to layer, and the loss starts far
    above the logarithm of the number of classes.
    """
    backbone = (cfg.get('model') or {}).get('backbone') or {}
    remedies = []  # a norm_cfg that is not stated freezes nothing, and has no type to be built by
    if backbone.get('norm_eval'):
        remedies.append('model.backbone.norm_eval=False')
    if (backbone.get('norm_cfg') or {}).get('requires_grad') is False:
        remedies.append('model.backbone.norm_cfg.requires_grad=True')
    initialised = backbone.get('init_cfg') or backbone.get('pretrained')
    if remedies and not (initialised or cfg.get('load_from') or cfg.get('resume')):
        print_log(
            'BatchNorm is frozen and there are no pretrained weights (load_from=None): either set '
            f'load_from, or train BatchNorm with {" ".join(remedies)}.',
            'current',
            logging.WARNING,
        )
