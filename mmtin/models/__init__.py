"""Modules of the Temporal Interlacing Network, registered in MMAction2's MODELS."""

from mmtin.models.framewise import FramewiseBackbone
from mmtin.models.interlace_blocks import interlace_
from mmtin.models.interlaced_backbone import InterlacedBackbone
from mmtin.models.multi_label_head import MultiLabelTSMHead
from mmtin.models.offset_nets import FrameOffsetNet, OffsetNet, WeightNet
from mmtin.models.rtcn_resnet import RTCNResNet, TemporalConvolution
from mmtin.models.stream import StreamState, restart_streams, stream_step
from mmtin.models.temporal_interlace import TemporalInterlace, TINShift
from mmtin.models.tin_mobilenet import TINMobileNetV2
from mmtin.models.tin_mobileone import TINMobileOne
from mmtin.models.tin_resnet import TINResNet

__all__ = [
    'FrameOffsetNet',
    'FramewiseBackbone',
    'InterlacedBackbone',
    'MultiLabelTSMHead',
    'OffsetNet',
    'RTCNResNet',
    'StreamState',
    'TINMobileNetV2',
    'TINMobileOne',
    'TINResNet',
    'TINShift',
    'TemporalConvolution',
    'TemporalInterlace',
    'WeightNet',
    'interlace_',
    'restart_streams',
    'stream_step',
]
