"""Boxes of a clip: their features, their graphs, the head that reasons on them, the file they come from."""

import pickle

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmaction.structures import ActionDataSample
from mmengine.dataset import Compose
from mmengine.structures import InstanceData

from mmtin.errors import UserError
from mmtin.peers.region_graph import neighbour_graphs, overlap
from mmtin.peers.roi_align import roi_align, roi_align_by_grid_sample


def bilinear(image: np.ndarray, y: float, x: float) -> float:
    """The image at pixels counted from the middle of the first."""
    y, x = np.clip(y, 0, image.shape[0] - 1), np.clip(x, 0, image.shape[1] - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, image.shape[0] - 1), min(left + 1, image.shape[1] - 1)
    down, along = y - top, x - left
    above = (1 - along) * image[top, left] + along * image[top, right]
    below = (1 - along) * image[bottom, left] + along * image[bottom, right]
    return (1 - down) * above + down * below


def roi_align_by_loops(image: np.ndarray, box: np.ndarray, size: int, points: int) -> np.ndarray:
    x1, y1, x2, y2 = box
    step_y, step_x = (y2 - y1) / (size * points), (x2 - x1) / (size * points)
    samples = [
        [
            bilinear(image, y1 + (i + 0.5) * step_y - 0.5, x1 + (j + 0.5) * step_x - 0.5)
            for j in range(size * points)
        ]
        for i in range(size * points)
    ]
    return np.array(samples).reshape(size, points, size, points).mean((1, 3))


@pytest.mark.parametrize('align', [roi_align, roi_align_by_grid_sample], ids=['chosen', 'by torch alone'])
def test_roi_align_is_its_definition(align):
    features = torch.randn(2, 3, 5, 8, dtype=torch.float64)
    boxes = torch.tensor([[[0, 0, 8, 5], [1.3, 0.2, 6.1, 4.9]], [[2, 1, 2, 1], [7.5, 4.6, 8, 5]]])
    found = align(features, boxes, 3, 2)
    for batch in range(2):
        for n in range(2):
            for channel in range(3):
                expected = roi_align_by_loops(
                    features[batch, channel].numpy(), boxes[batch, n].numpy(), 3, 2
                )
                torch.testing.assert_close(
                    found[batch, n, channel], torch.from_numpy(expected), rtol=0, atol=1e-5
                )


def test_overlap_is_intersection_over_union():
    first = torch.tensor([[0.0, 0, 2, 2], [0, 0, 0, 0]])
    second = torch.tensor([[1.0, 0, 3, 2], [0, 0, 2, 2], [5, 5, 6, 6]])
    torch.testing.assert_close(overlap(first, second), torch.tensor([[1 / 3, 1, 0], [0, 0, 0]]))


def test_neighbours_are_joined_forward_and_backward():
    """Two boxes a frame: the first of a frame lies on both of the next, the second on nothing."""
    boxes = torch.tensor(
        [[[0.0, 0, 2, 2], [8, 8, 9, 9]], [[0, 0, 2, 2], [0, 0, 2, 1]], [[5, 5, 6, 6], [0, 0, 2, 1]]]
    )[None]
    forward, backward = (graph[0] for graph in neighbour_graphs(boxes))
    expected = torch.zeros(6, 6)
    expected[0, 2], expected[0, 3] = 2 / 3, 1 / 3
    expected[2, 5] = expected[3, 5] = 1
    torch.testing.assert_close(forward, expected)
    expected = torch.zeros(6, 6)
    expected[2, 0] = expected[3, 0] = 1
    expected[5, 2], expected[5, 3] = 1 / 3, 2 / 3
    torch.testing.assert_close(backward, expected)


@pytest.fixture
def head():
    head = MODELS.build(
        dict(
            type='RegionGraphHead',
            num_classes=5,
            in_channels=6,
            channels=8,
            num_boxes=2,
            average_clips='prob',
        )
    )
    head.init_weights()
    return head.eval()


def sample(boxes: torch.Tensor | None, label: int = 1) -> ActionDataSample:
    found = ActionDataSample(metainfo=dict(img_shape=(40, 60))).set_gt_label(label)
    if boxes is not None:
        found.gt_instances = InstanceData(bboxes=boxes)
    return found


def random_boxes(frames: int) -> torch.Tensor:
    corners = torch.rand(frames * 2, 2, 2).sort(1).values.flatten(1)
    return corners * torch.tensor([60, 40, 60, 40])


def test_training_begins_with_the_clip_as_a_whole(head):
    """Graphs add nothing at first, but learn: their last weights get a gradient."""
    features = torch.randn(1, 6, 4, 5, 7)
    first, second = (head.loss(features, [sample(random_boxes(8))])['loss_cls'] for _ in range(2))
    assert first == second
    first.backward()
    assert all(weight.weight.grad.abs().sum() > 0 for weight in head.neighbours.convs[-1].weights)
    assert head.similarity.convs[-1].weights[0].weight.grad.abs().sum() > 0


def test_every_second_frame_has_a_say(head):
    for branch in (head.similarity, head.neighbours):
        for weight in branch.convs[-1].weights:
            torch.nn.init.normal_(weight.weight)
    torch.nn.init.normal_(head.fc_cls.weight)
    features, boxes = torch.randn(1, 6, 4, 5, 7), random_boxes(8)
    # 8 frames went in, 4 came out of the backbone: frames 0, 2, 4 and 6.
    heard, unheard = boxes.clone(), boxes.clone()
    heard[4:6], unheard[2:4] = random_boxes(1), random_boxes(1)
    scores = [head.predict(features, [sample(b)])[0].pred_score for b in (boxes, heard, unheard)]
    assert not torch.allclose(scores[0], scores[1])
    assert torch.equal(scores[0], scores[2])


def test_views_of_a_clip_have_their_boxes(head):
    features, boxes = torch.randn(2, 6, 4, 5, 7), random_boxes(16)
    (found,) = head.predict(features, [sample(boxes)])
    singles = [
        head.predict(features[i : i + 1], [sample(boxes[16 * i : 16 * (i + 1)])])[0] for i in range(2)
    ]
    expected = sum(single.pred_score for single in singles) / 2
    torch.testing.assert_close(found.pred_score, expected)


def test_clip_without_boxes_is_one_sentence(head):
    with pytest.raises(UserError, match='without boxes; put LoadRegionProposals behind'):
        head.loss(torch.randn(1, 6, 4, 5, 7), [sample(None)])


@pytest.fixture
def proposal_file(tmp_path):
    """Of two frames of a clip, whose boxes are where a rectangle is."""
    boxes = {
        'clip,1': np.array([[0.25, 0.5, 0.5, 0.75, 0.9], [0, 0, 1, 1, 0.2], [0, 0, 0.1, 0.1, 0.1]]),
        'clip,2': np.array([[0.5, 0.25, 0.75, 0.5]]),
    }
    path = tmp_path / 'proposals.pkl'
    path.write_bytes(pickle.dumps(boxes))
    return path


@pytest.fixture
def clip(tmp_path):
    """A folder of frames, a white rectangle in each."""
    folder = tmp_path / 'frames/clip'
    folder.mkdir(parents=True)
    for number, (x, y) in ((1, (20, 32)), (2, (40, 16))):
        frame = np.zeros((64, 80, 3), np.uint8)
        frame[y : y + 16, x : x + 20] = 255
        cv2.imwrite(str(folder / f'{number:05}.png'), frame)
    return dict(
        frame_dir=str(folder),
        total_frames=2,
        start_index=1,
        filename_tmpl='{:05}.png',
        modality='RGB',
        label=0,
    )


@pytest.mark.parametrize('flip_ratio', [0, 1])
def test_boxes_move_with_their_frames(flip_ratio, proposal_file, clip):
    steps = Compose(
        [
            dict(type='SampleFrames', clip_len=2, frame_interval=1, num_clips=1, test_mode=True),
            dict(type='RawFrameDecode'),
            dict(type='LoadRegionProposals', proposal_file=str(proposal_file), num_boxes=2),
            dict(type='Resize', scale=(-1, 128)),
            dict(type='CenterCrop', crop_size=120),
            dict(type='Flip', flip_ratio=flip_ratio),
            dict(type='FormatShape', input_format='NCTHW'),
            dict(type='PackActionInputs'),
        ]
    )
    found = steps(clip)
    boxes = found['data_samples'].gt_instances.bboxes
    assert boxes.shape == (4, 4)
    for frame, box in ((0, boxes[0]), (1, boxes[2])):
        rows, columns = torch.nonzero(found['inputs'][0, 0, frame] > 127, as_tuple=True)
        white = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        torch.testing.assert_close(box, white.float(), rtol=0, atol=1)
    # Of the second frame the file has one box: the frame itself is the other, as far as the crop has it.
    assert boxes[3].tolist() in ([0, 0, 119, 119], [1, 0, 120, 119])


def test_frames_without_proposals_are_one_sentence(proposal_file, clip):
    load = TRANSFORMS.build(dict(type='LoadRegionProposals', proposal_file=str(proposal_file)))
    with pytest.raises(UserError, match=r'proposals\.pkl has no boxes for other,1'):
        load(clip | dict(frame_dir='frames/other', img_shape=(64, 80), frame_inds=np.array([1])))
    with pytest.raises(UserError, match='no data at nowhere'):
        TRANSFORMS.build(dict(type='LoadRegionProposals', proposal_file='nowhere'))
