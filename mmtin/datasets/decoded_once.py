"""Small clips that are decoded once and kept in memory, for trainings of many short epochs."""

from collections.abc import Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose

from mmtin.config import type_name


@TRANSFORMS.register_module()
class DecodedOnce(BaseTransform):
    """Decode all frames of a clip the first time it comes, and take them from memory afterwards.

    It replaces the transforms that open a clip; MMAction2's ArrayDecode replaces those that decode after
    the sampling. Each worker of a data loader keeps frames of its own; ``num_workers=0`` decodes each once.

    Reads what ``open_clip`` and ``decode`` read; adds ``array``, the frames as uint8 ``[F, H, W, 3]`` that
    cannot be written to, and ``total_frames``, and sets ``start_index`` and ``offset`` to 0.

    Args:
        decode: transforms that decode and make every frame small, all to the same size.
        open_clip: transforms that open a video and add ``total_frames``; none for folders of frames.
    """

    def __init__(self, decode: Sequence[dict], open_clip: Sequence[dict] = ()) -> None:
        self.open_clip, self.decode = Compose(open_clip), Compose(decode)
        self.kept: dict[tuple, np.ndarray] = {}

    def transform(self, results: dict) -> dict:
        name = results.get('filename') or results['frame_dir']
        clip = name, results.get('offset', 0), results.get('total_frames')
        if clip not in self.kept:
            opened = self.open_clip(dict(results))
            opened['frame_inds'] = np.arange(opened['total_frames']) + opened['start_index']
            frames = np.stack(self.decode(opened)['imgs'])
            frames.flags.writeable = False
            self.kept[clip] = frames
        frames = self.kept[clip]
        results.update(array=frames, total_frames=len(frames), start_index=0, offset=0)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}({len(self.kept)} clips kept)'


def decoded_each_time(pipeline: Sequence[dict]) -> list[dict]:
    """The steps of a pipeline with :class:`DecodedOnce`, without it: what a clip that comes once needs."""
    steps: list[dict] = []
    decode: Sequence[dict] = ()
    for step in pipeline:
        if type_name(step) == 'DecodedOnce':
            decode = step['decode']
            steps += step.get('open_clip', ())
        elif decode and type_name(step) == 'ArrayDecode':
            steps += decode
        else:
            steps.append(step)
    return steps


@TRANSFORMS.register_module()
class ReverseFrames(BaseTransform):
    """Reverse the order of the sampled frames, to test whether a network uses it."""

    def transform(self, results: dict) -> dict:
        results['imgs'] = results['imgs'][::-1]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
