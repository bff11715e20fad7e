"""Frames and annotations in AVA's formats, in miniature."""

import pickle
from pathlib import Path

import cv2
import numpy as np

FPS, FIRST_SECOND = 30, 900
SECONDS = (902, 903, 904)
# Two people in each frame; what they do: actions of a pose, with an object, with another person.
BOXES = ((0.1, 0.2, 0.45, 0.9), (0.55, 0.15, 0.95, 0.85))
ACTIONS = ((12, 17), (14, 79))
NAMES = {
    12: 'stand',
    14: 'walk',
    17: 'carry/hold (an object)',
    79: 'talk to (e.g., self, a person, a group)',
}


def write_ava(root: Path) -> None:
    """Write ``data/ava`` under ``root``: one film for training, one for validation, 72 x 48 pixels."""
    lists = root / 'data/ava/annotations'
    lists.mkdir(parents=True)
    (lists / 'ava_action_list_v2.1_for_activitynet_2018.pbtxt').write_text(
        ''.join(f'item {{\n  name: "{name}"\n  id: {number}\n}}\n' for number, name in NAMES.items())
    )
    for part, film in (('train', '-5KQ66BBWC4'), ('val', '1j20qq1JyX4')):
        _write_frames(root / 'data/ava/rawframes' / film)
        rows = [
            (film, f'{second:04d}', *box, action, person)
            for second in SECONDS
            for person, (box, actions) in enumerate(zip(BOXES, ACTIONS))
            for action in actions
        ]
        (lists / f'ava_{part}_v2.1.csv').write_text(''.join(','.join(map(str, row)) + '\n' for row in rows))
        excluded = f'{film},{SECONDS[-1]:04d}\n'
        (lists / f'ava_{part}_excluded_timestamps_v2.1.csv').write_text(excluded)
        boxes = np.array([[*box, score] for box, score in zip(BOXES, (0.99, 0.95))])
        proposals = {f'{film},{second:04d}': boxes for second in SECONDS}
        path = lists / f'ava_dense_proposals_{part}.FAIR.recall_93.9.pkl'
        path.write_bytes(pickle.dumps(proposals))


def _write_frames(folder: Path) -> None:
    """Two bright figures that shake, as many frames as the clips around ``SECONDS`` reach."""
    folder.mkdir(parents=True)
    for number in range(1, (SECONDS[-1] - FIRST_SECOND + 2) * FPS):
        frame = np.full((48, 72, 3), 40, np.uint8)
        for index, (left, top, right, bottom) in enumerate(BOXES):
            shake = 2 * (number // 4 % 2) * (-1) ** index
            frame[int(48 * top) + shake : int(48 * bottom) + shake, int(72 * left) : int(72 * right)] = 220
        cv2.imwrite(str(folder / f'img_{number:05d}.jpg'), frame)
