"""Networks of other papers that no kept library has, for comparison; registered in MMAction2's MODELS."""

from mmtin.peers.bn_inception import BNInception
from mmtin.peers.eco import ECO
from mmtin.peers.eco_head import ECOHead
from mmtin.peers.proposals import LoadRegionProposals
from mmtin.peers.region_graph_head import RegionGraphHead
from mmtin.peers.releases import recognizer_weights

__all__ = [
    'ECO',
    'BNInception',
    'ECOHead',
    'LoadRegionProposals',
    'RegionGraphHead',
    'recognizer_weights',
]
