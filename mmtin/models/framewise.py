"""2D backbones where MMAction2 wants 3D ones: spatio-temporal detection, 3D heads."""

from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from mmtin.errors import UserError


@MODELS.register_module()
class FramewiseBackbone(BaseModule):
    """A 2D backbone that takes and gives clips.

    The frames of all clips go through the backbone as one batch ``[N*T, C, H, W]``, which is what
    TINResNet, ResNetTSM and ResNet take in a Recognizer2D.

    Args:
        backbone: config of the 2D backbone. Weights for it alone go in its own ``init_cfg``, for those of a
            recognizer ``dict(type='Pretrained', checkpoint=..., prefix='backbone.')``.
    """

    def __init__(self, backbone: dict) -> None:
        super().__init__()
        # mmdet's detectors build their parts with mmdet's names.
        self.backbone = MODELS.build(dict(_scope_='mmaction') | backbone)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Clips ``[N, C, T, H, W]`` -> features ``[N, C', T', h, w]``, or a tuple of them.

        Raises:
            UserError: if the backbone was built for another T.
        """
        num_segments = getattr(self.backbone, 'num_segments', None)
        if num_segments is not None and x.shape[2] != num_segments:
            raise UserError(
                f'got clips of {x.shape[2]} frames, the backbone was built for '
                f'num_segments={num_segments}; set both to the same number: num_segments of the backbone, '
                'clip_len of the pipelines'
            )
        features = self.backbone(x.transpose(1, 2).flatten(0, 1))
        if isinstance(features, Tensor):
            return _clips(features, len(x))
        return tuple(_clips(feature, len(x)) for feature in features)


def _clips(frames: Tensor, count: int) -> Tensor:
    """``[N*T, C, H, W]`` -> ``[N, C, T, H, W]``."""
    return frames.unflatten(0, (count, -1)).transpose(1, 2)
