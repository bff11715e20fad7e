"""Any 2D network that MMAction2 can have as a backbone, timm's and torchvision's too, as a TIN."""

from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from mmtin.errors import UserError
from mmtin.models.interlace_blocks import interlace_


@MODELS.register_module()
class InterlacedBackbone(BaseModule):
    """A 2D backbone that interlaces frames: :func:`mmtin.models.interlace_` in a config.

    A checkpoint of the 2D network, or of a recognizer that has it as its backbone, loads as it is.

    Args:
        backbone: what MMAction2 takes as the ``backbone`` of a recognizer, such as
            ``dict(type='timm.mobilenetv3_large_100', pretrained=True)``.
        num_segments: T, frames in a clip.
        init_cfg: weights to start from, if they are not those that ``backbone`` names.
        interlacing: other arguments of :func:`mmtin.models.interlace_`.

    Raises:
        UserError: if the network cannot be built or has no residual block, or an argument does not fit.
    """

    def __init__(
        self, backbone: dict, num_segments: int = 8, init_cfg: dict | None = None, **interlacing
    ) -> None:
        super().__init__(init_cfg)
        try:
            # Within a recognizer MMAction2 builds other libraries' networks, without their classifiers.
            recognizer = MODELS.build(
                dict(type='Recognizer2D', _scope_='mmaction', backbone=dict(backbone))
            )
        except (ImportError, KeyError, RuntimeError, TypeError) as error:
            raise UserError(
                f'no backbone {backbone.get("type")} can be built ({error}); check its name and that its '
                'library is installed'
            ) from error
        self.origin = recognizer.backbone_from
        self.backbone = interlace_(recognizer.backbone, num_segments, **interlacing)
        self.num_segments = num_segments
        self.max_offset = interlacing.get('max_offset')
        self.causal = interlacing.get('causal', False)

    def forward(self, x: Tensor) -> Tensor:
        """``[N*T, 3, H, W]`` -> features ``[N*T, C, h, w]``, pooled where the network pools them itself."""
        if self.origin == 'timm':
            return self.backbone.forward_features(x)
        features = getattr(self.backbone, 'features', None) if self.origin == 'torchvision' else None
        x = (features or self.backbone)(x)
        if isinstance(x, tuple) and len(x) == 1:  # MMPretrain's
            x = x[0]
        return x[..., None, None] if isinstance(x, Tensor) and x.dim() == 2 else x

    def init_weights(self) -> None:
        """Load ``init_cfg``; networks of timm and torchvision come initialised."""
        if self.init_cfg or self.origin not in ('timm', 'torchvision'):
            super().init_weights()

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        """Let every way of loading accept the 2D network's own names."""
        own = f'{prefix}backbone.'
        if not any(key.startswith(own) for key in state_dict):
            for key in [key for key in state_dict if key.startswith(prefix)]:
                state_dict[own + key.removeprefix(prefix)] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args)
