"""The classifier of ECO."""

import torch
from mmaction.models.heads import BaseHead
from mmaction.registry import MODELS
from mmengine.model.weight_init import normal_init
from torch import Tensor, nn


@MODELS.register_module()
class ECOHead(BaseHead):
    """Classifies what :class:`ECO` gives.

    Args:
        num_classes: of the classifier.
        in_channels: 1536 of the full network, 512 of ECO Lite.
        dropout_ratio: of the clip's features.
        frame_dropout_ratio: of the frames' features, which the full network has.
        init_std: of the classifier's weights.
        kwargs: of MMAction2's BaseHead.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        dropout_ratio: float = 0.3,
        frame_dropout_ratio: float = 0.5,
        init_std: float = 0.001,
        **kwargs,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.dropout = nn.Dropout(dropout_ratio)
        self.frame_dropout = nn.Dropout(frame_dropout_ratio)
        self.init_std = init_std
        self.fc_cls = nn.Linear(in_channels, num_classes)

    def init_weights(self) -> None:
        """The classifier anew."""
        normal_init(self.fc_cls, std=self.init_std)

    def forward(self, x: Tensor | tuple[Tensor, Tensor], num_segs: int | None = None, **kwargs) -> Tensor:
        """What ECO gives -> logits ``[N, classes]``."""
        frames, clips = (None, x) if isinstance(x, Tensor) else x
        features = self.dropout(clips.mean((2, 3, 4)))
        if frames is not None:
            means = self.frame_dropout(frames.mean((2, 3))).unflatten(0, (len(clips), -1)).mean(1)
            features = torch.cat([means, features], 1)
        return self.fc_cls(features)
