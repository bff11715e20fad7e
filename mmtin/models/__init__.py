"""Modules of the Temporal Interlacing Network, registered in MMAction2's MODELS."""

from mmtin.models.framewise import FramewiseBackbone
from mmtin.models.interlace_blocks import interlace_
from mmtin.models.multi_label_head import MultiLabelTSMHead
from mmtin.models.rtcn_resnet import RTCNResNet, TemporalConvolution
from mmtin.models.temporal_interlace import OffsetNet, TemporalInterlace, TINShift, WeightNet
from mmtin.models.tin_resnet import TINResNet

__all__ = [
    'FramewiseBackbone',
    'MultiLabelTSMHead',
    'OffsetNet',
    'RTCNResNet',
    'TINResNet',
    'TINShift',
    'TemporalConvolution',
    'TemporalInterlace',
    'WeightNet',
    'interlace_',
]
