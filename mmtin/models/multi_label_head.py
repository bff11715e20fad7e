"""Classification of clips that show several things at once."""

from mmaction.models.heads import TSMHead
from mmaction.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class MultiLabelTSMHead(TSMHead):
    """TSMHead whose scores are independent probabilities, one for each class.

    Train it with ``multi_class=True`` and ``loss_cls=dict(type='BCELossWithLogits')``. MMAction2's heads
    know the softmax alone, by which the classes of a clip would compete. ``average_clips`` does not
    matter: the probabilities of the views are always averaged.
    """

    def average_clip(self, cls_scores: Tensor, num_segs: int = 1) -> Tensor:
        """Logits ``[N * views, classes]`` -> probabilities ``[N, classes]``, averaged over the views."""
        return cls_scores.sigmoid().unflatten(0, (-1, num_segs)).mean(dim=1)
