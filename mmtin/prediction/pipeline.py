"""The test pipeline of a config, split into opening, sampling, decoding and shaping of frames.

Video files are read by :mod:`mmtin.datasets.video.decoding`, whatever the config's data set consists of.
"""

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose

from mmtin.config import reads_flow, type_name
from mmtin.datasets.decoded_once import decoded_each_time
from mmtin.errors import UserError

# They treat each frame alone and alike, so that frames can be stored small until their clip is complete.
_EACH_FRAME = ('Resize', 'CenterCrop', 'PillowResize', 'RoundedCenterCrop')


class TestPipeline:
    """The steps of ``test_dataloader`` of a config that :func:`read_config` completed.

    Raises:
        UserError: if they are not those of a recognizer of RGB frames.
    """

    __test__ = False  # pytest takes it for a test case

    def __init__(self, cfg: Config) -> None:
        steps = decoded_each_time(cfg.get('test_dataloader', {}).get('dataset', {}).get('pipeline', []))
        kinds = [type_name(step) for step in steps]
        decode = next((place for place, kind in enumerate(kinds) if 'Decode' in kind), None)
        if decode is None or reads_flow(cfg):
            raise UserError('the test pipeline of the config decodes no RGB frames, so it reads no videos')
        first = next((place for place, kind in enumerate(kinds) if 'Sample' in kind), decode)
        each = decode + 1
        while each < len(steps) and kinds[each] in _EACH_FRAME:
            each += 1
        self._sampling = Compose(steps[first:decode])
        self._each_frame = Compose(steps[decode + 1 : each])
        self._clip = Compose(steps[each:])
        self._read = Compose([dict(type='VideoInit'), *steps[first:decode], dict(type='VideoDecode')])
        self._shape = Compose(steps[decode + 1 :])

    def whole_video(self, path: str) -> tuple[dict, int]:
        """The sample that the test pipeline makes from a video file, and its number of frames."""
        results = self._read(dict(filename=path, label=-1, start_index=0, modality='RGB'))
        return self._shape(results), results['total_frames']

    def blank_video(self, size: tuple[int, int] = (256, 340)) -> tuple[int, ...]:
        """The shape of the ``inputs`` that the pipeline makes from a video of 300 black frames.

        It gives T, views and size more reliably than reading the steps: ``[views * T, 3, H, W]`` for a 2D
        network, ``[views, 3, T, H, W]`` for a 3D one.

        Args:
            size: height and width of the frames, pixels.
        """
        sampled = self.sampled(num_frames=300, fps=30.0)
        frame = self.shrink(np.zeros((*size, 3), np.uint8))
        return tuple(self.pack(sampled, [frame] * len(sampled['frame_inds']))['inputs'].shape)

    def sampled(self, num_frames: int, fps: float) -> dict:
        """The results of sampling from ``num_frames`` consecutive frames, with ``frame_inds`` ``[M]``."""
        return self._sampling(
            dict(total_frames=num_frames, avg_fps=fps, label=-1, start_index=0, modality='RGB')
        )

    def shrink(self, image: np.ndarray) -> dict:
        """One RGB frame ``[H, W, 3]`` after the resizing and cropping that treat each frame alone."""
        size = image.shape[:2]
        return self._each_frame(dict(imgs=[image], original_shape=size, img_shape=size, modality='RGB'))

    def pack(self, sampled: dict, frames: list[dict]) -> dict:
        """The sample made from shrunk frames, one for each of ``sampled['frame_inds']``."""
        results = {**sampled, **frames[0]}
        results['imgs'] = [frame['imgs'][0] for frame in frames]
        return self._clip(results)
