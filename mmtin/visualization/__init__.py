"""Pictures of clips and of what a network makes of them."""

from mmtin.visualization.contact_sheet import Prediction, draw_contact_sheet, predict_clip

__all__ = ['Prediction', 'draw_contact_sheet', 'predict_clip']
