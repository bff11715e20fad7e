"""Each data set in miniature: the owner's files in their own format, and clips that decode.

Class names are real ones, so that labels, flips and paths with blanks are what the real sets make them.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

FOURCC = {'.mp4': 'mp4v', '.avi': 'MJPG', '.webm': 'VP80'}


class Miniature(NamedTuple):
    """The two folders that tools/prepare_data.py takes."""

    annotations: Path
    media: Path


def make(name: str, root: Path, size: tuple[int, int] = (64, 48), num_frames: int = 10) -> Miniature:
    """Make the data set ``name`` with clips of ``num_frames`` frames of ``size`` (width, height)."""
    folders = Miniature(root / 'annotations', root / 'media')
    for folder in folders:
        folder.mkdir(parents=True)
    clips = MAKERS[name](folders.annotations)
    for index, path in enumerate(clips):
        write_clip(folders.media / path, index, size, num_frames)
    # Where the owner's folders say it all, the media are the annotations.
    return folders if clips else Miniature(folders.annotations, folders.annotations)


def write_clip(path: Path, seed: int, size: tuple[int, int] = (64, 48), num_frames: int = 10) -> None:
    """Write a video file, or a folder of ``{:05}.jpg`` if ``path`` has no suffix."""
    rng = np.random.default_rng(seed)
    low = rng.integers(0, 255, (num_frames, 6, 8, 3), np.uint8)
    frames = [cv2.resize(frame, size) for frame in low]
    if not path.suffix:
        path.mkdir(parents=True)
        for number, frame in enumerate(frames, 1):
            assert cv2.imwrite(str(path / f'{number:05}.jpg'), frame)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*FOURCC[path.suffix]), 10, size)
    assert writer.isOpened(), f'OpenCV cannot encode {path.suffix}'
    for frame in frames:
        writer.write(frame)
    writer.release()


def write_lines(path: Path, *lines: str) -> None:
    path.write_text(''.join(f'{line}\n' for line in lines))


def _sthv1(folder: Path) -> list[str]:
    names = ('Holding something', 'Turning the camera left while filming something',
             'Turning the camera right while filming something')  # fmt: skip
    return _csv_with_frames(folder, 'something-something-v1', names)


def _jester(folder: Path) -> list[str]:
    return _csv_with_frames(folder, 'jester-v1', ('Swiping Left', 'Swiping Right', 'Drumming Fingers'))


def _csv_with_frames(folder: Path, prefix: str, names: tuple[str, ...]) -> list[str]:
    write_lines(folder / f'{prefix}-labels.csv', *names)
    write_lines(
        folder / f'{prefix}-train.csv', f'34870;{names[1]}', f'56557;{names[2]}', f'129112;{names[0]}'
    )
    write_lines(folder / f'{prefix}-validation.csv', f'74225;{names[2]}', f'116154;{names[1]}')
    write_lines(folder / f'{prefix}-test.csv', '105723')
    return ['34870', '56557', '129112', '74225', '116154', '105723']


def _sthv2(folder: Path) -> list[str]:
    labels = {
        'Approaching something with your camera': '0',
        'Pulling something from left to right': '1',
        'Pulling something from right to left': '2',
    }
    templates = (
        'Approaching [something] with your camera',
        'Pulling [something] from left to right',
        'Pulling [something] from right to left',
    )
    prefix = 'something-something-v2'
    (folder / f'{prefix}-labels.json').write_text(json.dumps(labels, indent=4))

    def write(split: str, *entries: dict) -> None:
        text = ',\n'.join(json.dumps(entry) for entry in entries)
        (folder / f'{prefix}-{split}.json').write_text(f'[{text}]')

    def entry(clip_id: str, template: str) -> dict:
        return dict(id=clip_id, label='pulling a cup', template=template, placeholders=['a cup'])

    write('train', *(entry(str(78687 + index), template) for index, template in enumerate(templates)))
    write('validation', entry('74225', templates[2]), entry('116154', templates[1]))
    write('test', dict(id='1420'))
    return [f'{clip_id}.webm' for clip_id in (78687, 78688, 78689, 74225, 116154, 1420)]


def _kinetics(folder: Path) -> list[str]:
    header = 'label,youtube_id,time_start,time_end,split'
    write_lines(
        folder / 'train.csv',
        header,
        'riding scooter,SOX5yA1l24A,1,11,train',
        '"passing American football (in game)",---QUuC4vJs,84,94,train',
        'air drumming,_dbcJuKJQNs,140,150,train',
    )
    write_lines(
        folder / 'val.csv',
        header,
        'air drumming,--nQbRBEz2s,104,114,val',
        'riding scooter,WUzgd7C1pWA,0,10,val',
    )
    write_lines(folder / 'test.csv', 'youtube_id,time_start,time_end,split', 'R6llTwEh07w,5,15,test')
    return [
        'riding scooter/SOX5yA1l24A_000001_000011.mp4',
        'passing American football (in game)/---QUuC4vJs_000084_000094.mp4',
        'air drumming/_dbcJuKJQNs_000140_000150.mp4',
        'air drumming/--nQbRBEz2s_000104_000114.mp4',
        'riding scooter/WUzgd7C1pWA_000000_000010.mp4',
        'test/R6llTwEh07w_000005_000015.mp4',
    ]


def _ucf101(folder: Path) -> list[str]:
    clips = [
        f'{name}/v_{name}_g{group:02}_c01.avi'
        for name in ('Hammering', 'HammerThrow', 'SoccerJuggling')
        for group in (1, 2, 3)
    ]
    (folder / 'classInd.txt').write_bytes(b'1 Hammering\r\n2 HammerThrow\r\n3 SoccerJuggling\r\n')
    for split in (1, 2, 3):
        train = [clip for clip in clips if f'_g{split:02}_' not in clip]
        lines = [f'{clip} {1 + clips.index(clip) // 3}\r\n' for clip in train]
        (folder / f'trainlist0{split}.txt').write_bytes(''.join(lines).encode())
        write_lines(folder / f'testlist0{split}.txt', *(clip for clip in clips if clip not in train))
    return clips


def _hmdb51(folder: Path) -> list[str]:
    clips = []
    for name in ('wave', 'cartwheel', 'shoot_ball'):
        files = [f'#{number}_film_{name}_f_cm_np1_fr_med_0.avi' for number in range(4)]
        clips += [f'{name}/{file}' for file in files[:3]]
        for split in (1, 2, 3):
            flags = [2 if number == split - 1 else 1 for number in range(3)] + [0]
            lines = [f'{file} {flag} ' for file, flag in zip(files, flags)]
            write_lines(folder / f'{name}_test_split{split}.txt', *lines)
    return clips


def _mmit(folder: Path) -> list[str]:
    clips = [f'adult+female+singing/yt-zxQfALnTdfc_{number}.mp4' for number in range(5)]
    write_lines(folder / 'moments_categories.txt', 'crafting,0', 'paddling,1', 'raining,2', 'swerving,3')
    train = zip(clips, ('0,3', '1', '1,2,3'))
    write_lines(folder / 'trainingSet.csv', *(f'{clip},{labels}' for clip, labels in train))
    write_lines(folder / 'validationSet.csv', f'{clips[3]},2,0', f'{clips[4]},1')
    return clips


def _miracl_vc1(folder: Path) -> list[str]:
    """Two speakers, one of either part, two words and two takes; frame numbers have gaps."""
    rng = np.random.default_rng(0)
    write_lines(folder / 'calib.txt', 'focal length 575')
    for speaker in ('F01', 'F02'):
        for word, take in ((1, 1), (1, 6), (2, 1), (2, 6)):
            clip = folder / speaker / f'words/{word:02}/{take:02}'
            clip.mkdir(parents=True)
            for number in (2, 9, 10, 101):
                frame = rng.integers(0, 255, (48, 64, 3), np.uint8)
                assert cv2.imwrite(str(clip / f'color_{number:03}.jpg'), frame)
            (clip / 'depth_002.png').write_bytes(b'of no concern')
        (folder / speaker / 'phrases/01/01').mkdir(parents=True)
    return []


# Each writes the owner's files into a folder and returns the paths of the clips.
MAKERS: dict[str, Callable[[Path], list[str]]] = {
    'sthv1': _sthv1,
    'sthv2': _sthv2,
    'jester': _jester,
    'kinetics400': _kinetics,
    'kinetics600': _kinetics,
    'ucf101': _ucf101,
    'hmdb51': _hmdb51,
    'mmit': _mmit,
    'miracl_vc1': _miracl_vc1,
    'miracl_vc1_order': _miracl_vc1,
}
