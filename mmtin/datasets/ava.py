"""AVA's clips with people in boxes, for spatio-temporal detection."""

import numpy as np
from mmaction.datasets import AVADataset
from mmaction.registry import DATASETS

from mmtin.datasets.clips import require_data
from mmtin.datasets.randomness import SeededSamples
from mmtin.errors import UserError
from mmtin.files.pickles import NumbersUnpickler


@DATASETS.register_module()
class AVAClipDataset(SeededSamples, AVADataset):
    """MMAction2's AVADataset that names missing files, runs no code from a pickle and seeds its samples.

    Args:
        ann_file, pipeline, kwargs: of AVADataset.
        proposal_file: boxes where people may be, ``{'VIDEO,SECOND': [n, 4 or 5]}`` with x1, y1, x2, y2 as
            shares of the frame and a score: a pickle, as AVA's are. None takes each frame whole.

    Raises:
        UserError: if a file is missing, or the proposals are no such pickle.
    """

    def __init__(self, ann_file: str, pipeline: list, proposal_file: str | None = None, **kwargs) -> None:
        files = ann_file, proposal_file, kwargs.get('exclude_file'), kwargs.get('label_file')
        require_data(*files, *kwargs.get('data_prefix', {}).values())
        super().__init__(ann_file, pipeline, **kwargs)
        if proposal_file:
            self.proposal_file = proposal_file
            self.proposals = read_proposals(proposal_file)


def read_proposals(path: str) -> dict[str, np.ndarray]:
    """The boxes in a pickle of proposals, ``[n, 4 or 5]`` for each frame.

    Raises:
        UserError: if it holds anything else; nothing in it is run.
    """
    try:
        with open(path, 'rb') as file:
            content = NumbersUnpickler(file).load()
        proposals = {str(key): value.array for key, value in content.items()}
    except Exception as error:  # a damaged or foreign file can raise anything
        raise UserError(
            f'{path} is no pickle of arrays by frame, as proposals are; fetch it again from its owner'
        ) from error
    for key, boxes in proposals.items():
        if boxes.ndim != 2 or boxes.shape[1] not in (4, 5):
            raise UserError(f'{path}: expected boxes [n, 4] or [n, 5] for {key}, got {list(boxes.shape)}')
    return proposals
