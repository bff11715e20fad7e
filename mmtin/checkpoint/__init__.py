"""Read checkpoints, and fit weights from elsewhere into a TINResNet."""

from mmtin.checkpoint.fitting import fit_state_dict
from mmtin.checkpoint.names import backbone_weights
from mmtin.checkpoint.reading import read_checkpoint

__all__ = ['backbone_weights', 'fit_state_dict', 'read_checkpoint']
