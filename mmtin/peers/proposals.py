"""Boxes where objects may be, from a file."""

from pathlib import Path

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmtin.datasets.ava import read_proposals
from mmtin.datasets.clip_names import NAME_KEYS
from mmtin.datasets.clips import require_data
from mmtin.errors import UserError


@TRANSFORMS.register_module()
class LoadRegionProposals(BaseTransform):
    """Add the boxes of each frame of a clip; later steps crop, resize and flip them with the frames.

    It stands behind the step that decodes. A frame with fewer boxes gets itself as a box for the others.

    Args:
        proposal_file: a pickle as AVA's are: ``{'CLIP,FRAME': [n, 4 or 5]}``, x1, y1, x2, y2 as shares of
            the frame and a score, best first. CLIP is the name of the clip's folder, or of its file
            less the ending, FRAME the number of its file or, of a video, the place from 0.
        num_boxes: how many of each frame, the first.

    Raises:
        UserError: if the file is missing or no such pickle, or lacks a frame.
    """

    def __init__(self, proposal_file: str, num_boxes: int = 10) -> None:
        require_data(proposal_file)
        self.proposal_file = proposal_file
        self.num_boxes = num_boxes
        self.proposals = read_proposals(proposal_file)

    def transform(self, results: dict) -> dict:
        """Add ``gt_bboxes`` ``[frames * num_boxes, 4]``, in pixels, and the labels that go with them."""
        clip = Path(next(filter(None, map(results.get, NAME_KEYS)))).stem
        height, width = results['img_shape']
        boxes = [self._of_frame(clip, int(index)) for index in np.ravel(results['frame_inds'])]
        scale = np.array([width, height, width, height], np.float32)
        results['gt_bboxes'] = np.concatenate(boxes) * scale
        results['gt_labels'] = np.zeros(len(results['gt_bboxes']), np.int64)  # they show anything
        return results

    def _of_frame(self, clip: str, index: int) -> np.ndarray:
        key = f'{clip},{index}'
        if key not in self.proposals:
            raise UserError(
                f'{self.proposal_file} has no boxes for {key}; give a file with boxes for every frame of '
                'every clip, with the keys CLIP,FRAME'
            )
        boxes = self.proposals[key][: self.num_boxes, :4].astype(np.float32)
        whole = np.tile(np.array([0, 0, 1, 1], np.float32), (self.num_boxes - len(boxes), 1))
        return np.concatenate([boxes, whole])
