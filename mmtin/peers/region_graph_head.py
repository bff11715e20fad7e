"""The head of Wang and Gupta 2018, "Videos as Space-Time Region Graphs", for features of an I3D."""

import torch
from mmaction.models.heads import BaseHead
from mmaction.registry import MODELS
from mmengine.model.weight_init import normal_init
from torch import Tensor, nn

from mmtin.errors import UserError
from mmtin.peers.region_graph import GraphBranch, neighbour_graphs
from mmtin.peers.roi_align import roi_align


@MODELS.register_module()
class RegionGraphHead(BaseHead):
    """Classifies a clip by its features as a whole and by those of boxes in it, which graphs join.

    One branch of graph convolutions reasons on the similarity of boxes, whatever their frames, another on
    their overlap with those of the next frame and of the one before. :class:`LoadRegionProposals` puts
    the boxes into the pipeline.

    Args:
        num_classes: of the classifier.
        in_channels: of the features.
        channels: of a node.
        num_boxes: in a frame.
        layers: graph convolutions of each branch.
        dropout_ratio: before the classifier.
        init_std: of the weights of graph convolutions and classifier.
        kwargs: of MMAction2's BaseHead.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 2048,
        channels: int = 512,
        num_boxes: int = 10,
        layers: int = 3,
        dropout_ratio: float = 0.3,
        init_std: float = 0.001,
        **kwargs,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.num_boxes = num_boxes
        self.init_std = init_std
        self.reduce = nn.Conv3d(in_channels, channels, 1)
        self.embeddings = nn.ModuleList([nn.Linear(channels, channels, bias=False) for _ in range(2)])
        self.similarity = GraphBranch(channels, 1, layers)
        self.neighbours = GraphBranch(channels, 2, layers)
        self.dropout = nn.Dropout(dropout_ratio)
        self.fc_cls = nn.Linear(2 * channels, num_classes)

    def init_weights(self) -> None:
        """At first the clip as a whole decides alone."""
        normal_init(self.fc_cls, std=self.init_std)
        for embedding in self.embeddings:
            normal_init(embedding, std=self.init_std)
        self.similarity.init_weights(self.init_std)
        self.neighbours.init_weights(self.init_std)

    def loss(self, feats: Tensor, data_samples: list, **kwargs) -> dict:
        """The loss of a batch, on the boxes that its samples carry."""
        return self.loss_by_feat(self(feats, self.boxes_of(data_samples), **kwargs), data_samples)

    def predict(self, feats: Tensor, data_samples: list, **kwargs) -> list:
        """The scores of a batch, on the boxes that its samples carry."""
        return self.predict_by_feat(self(feats, self.boxes_of(data_samples), **kwargs), data_samples)

    def boxes_of(self, data_samples: list) -> Tensor:
        """``[clips of the batch, T, n, 4]``: x1, y1, x2, y2 as shares of the frame.

        Raises:
            UserError: if a sample carries none.
        """
        found = []
        for sample in data_samples:
            if 'gt_instances' not in sample:
                raise UserError(
                    'a clip came without boxes; put LoadRegionProposals behind the step that decodes, in '
                    'all pipelines'
                )
            height, width = sample.img_shape
            boxes = sample.gt_instances.bboxes
            found.append(boxes / boxes.new_tensor([width, height, width, height]))
        return torch.stack(found)

    def forward(self, x: Tensor, boxes: Tensor | None = None, **kwargs) -> Tensor:
        """Features ``[N, C, t, h, w]`` -> logits ``[N, classes]``.

        Args:
            x: features.
            boxes: shares of the frame, ``[..., 4]``, those of all frames of the N clips in a row, of which
                t frames of each clip are taken. None takes each frame whole: what a tensor alone costs.
            kwargs: of the recognizer; nothing here needs them.
        """
        x = self.reduce(x)
        count, channels, frames, height, width = x.shape
        if boxes is None:
            whole = x.new_tensor([0.0, 0.0, 1.0, 1.0])
            boxes = whole.expand(count, frames, self.num_boxes, 4)
        boxes = boxes.reshape(count, -1, self.num_boxes, 4).to(x)
        boxes = boxes[:, :: boxes.shape[1] // frames]
        pixels = boxes * boxes.new_tensor([width, height, width, height])
        maps = x.transpose(1, 2).flatten(0, 1)
        nodes = roi_align(maps, pixels.flatten(0, 1)).amax((-2, -1))
        nodes = nodes.reshape(count, -1, channels)
        features = torch.cat([x.mean((2, 3, 4)), self._reason(nodes, boxes).mean(1)], 1)
        return self.fc_cls(self.dropout(features))

    def _reason(self, nodes: Tensor, boxes: Tensor) -> Tensor:
        """Nodes ``[N, t*n, C]`` -> nodes."""
        first, second = (embedding(nodes) for embedding in self.embeddings)
        similarity = (first @ second.transpose(1, 2)).softmax(-1)
        return self.similarity(nodes, similarity) + self.neighbours(nodes, *neighbour_graphs(boxes))
