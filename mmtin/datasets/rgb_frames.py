"""What people see of a sample."""

import numpy as np


def rgb_frames(sample: dict, num_segments: int | None = None) -> np.ndarray | None:
    """The frames of the first view of a sample, ``[T, H, W, 3]``; None if they are no RGB pictures.

    Args:
        sample: of a test set: ``inputs`` ``[views * T, 3, H, W]`` of a 2D network, or
            ``[views, 3, T, H, W]`` of a 3D one. Those of optical flow have other channels.
        num_segments: T of a 2D network; None takes the frames of all views.
    """
    inputs = sample['inputs']
    frames = inputs[0].transpose(0, 1) if inputs.dim() == 5 else inputs[:num_segments]
    if frames.dim() != 4 or frames.shape[1] != 3:
        return None
    return frames.permute(0, 2, 3, 1).numpy()
