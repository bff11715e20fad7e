"""The frames of samples as test pipelines pack them for networks of every kind."""

import pytest
import torch

from mmtin.datasets.rgb_frames import rgb_frames

# Two views of 4 frames of 6 x 5 pixels: [views, T, 3, H, W].
VIEWS = torch.randint(256, (2, 4, 3, 6, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
FIRST = VIEWS[0].permute(0, 2, 3, 1)


@pytest.mark.parametrize(
    'inputs',
    [VIEWS.flatten(0, 1), VIEWS.transpose(1, 2)],
    ids=['frame by frame', 'whole clips'],
)
def test_frames_of_the_first_view(inputs):
    assert torch.equal(torch.from_numpy(rgb_frames(dict(inputs=inputs), num_segments=4)), FIRST)


def test_all_frames_of_a_network_for_any_number():
    assert len(rgb_frames(dict(inputs=VIEWS.flatten(0, 1)))) == 8


@pytest.mark.parametrize(
    'shape',
    [(4, 10, 6, 5), (2, 2, 4, 6, 5), (1, 2, 4, 17, 3), (1, 80, 64)],
    ids=['stacks of flow', 'flow in 3D', 'joints', 'sound'],
)
def test_what_is_no_picture(shape):
    assert rgb_frames(dict(inputs=torch.zeros(shape)), num_segments=4) is None
