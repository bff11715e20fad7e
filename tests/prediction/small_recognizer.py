"""A recognizer of 4 frames of 32 pixels with random weights, and videos as cameras and tools make them."""

import struct
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

ROOT = Path(__file__).parents[2]
NUM_SEGMENTS = 4
NUM_CLASSES = 6


def write_recognizer(folder: Path, config: str = 'tin_r18_demo', **backbone: object) -> tuple[Path, Path]:
    """Config and checkpoint of an R18, a TIN by default; its test pipeline has the steps of real sets."""
    cfg = Config.fromfile(ROOT / f'configs/{config}.py')
    pipeline = [
        dict(type='VideoInit'),
        dict(
            type='SampleFrames', clip_len=1, num_clips=NUM_SEGMENTS, keep_tail_frames=True, test_mode=True
        ),
        dict(type='VideoDecode'),
        dict(type='Resize', scale=(-1, 36)),
        dict(type='CenterCrop', crop_size=32),
        dict(type='FormatShape', input_format='NCHW'),
        dict(type='PackActionInputs'),
    ]
    cfg.test_dataloader.dataset.update(pipeline=pipeline, ann_file=str(folder / 'val.txt'))
    cfg.test_pipeline = pipeline
    for part in (cfg.model.backbone, cfg.model.cls_head, cfg.train_dataloader.dataset.pipeline[1]):
        for name in ('num_clips', 'num_segments'):
            if name in part:
                part[name] = NUM_SEGMENTS
    cfg.model.cls_head.num_classes = NUM_CLASSES
    cfg.model.backbone.update(backbone)
    if 'num_stages' in backbone:
        cfg.model.cls_head.in_channels = 32 * 2 ** backbone['num_stages']
    cfg.dump(folder / 'config.py')
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    # Statistics of BatchNorm as training would leave them, and a head that is sure of something.
    clips = [np.stack(list(moving_frames(NUM_SEGMENTS, 32, 32, seed=seed))) for seed in range(8)]
    clips = torch.from_numpy(np.stack(clips)).permute(0, 1, 4, 2, 3).float()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    model.train()
    with torch.no_grad():
        model.extract_feat((clips - 128) / 64)
    model.cls_head.fc_cls.weight.data.mul_(4)
    torch.save(dict(state_dict=model.state_dict()), folder / 'tin.pth')
    return folder / 'config.py', folder / 'tin.pth'


def moving_frames(count: int, width: int = 64, height: int = 48, seed: int = 0) -> Iterator[np.ndarray]:
    """Smooth colours that change with time, RGB ``[H, W, 3]``; no two frames are the same."""
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    y, x = np.mgrid[0:height, 0:width][..., None]
    for t in range(count):
        waves = np.sin(x / 9 + phase + t / 7) + np.sin(y / 7 - phase * 2 - t / 11)
        yield (127 + 60 * waves).astype(np.uint8)


def write_video(
    path: Path,
    frames: Iterable[np.ndarray],
    fps: int = 12,
    codec: str = 'libx264',
    pix_fmt: str = 'yuv420p',
    times: Iterable[int] | None = None,
    **options: str,
) -> Path:
    """Encode frames; ``times`` are when they are shown, in milliseconds, by default as ``fps`` says."""
    times = iter(times) if times else None
    with av.open(str(path), 'w') as container:
        stream = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=fps, options=options)
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = pix_fmt
                if times:
                    stream.codec_context.time_base = Fraction(1, 1000)
            picture = av.VideoFrame.from_ndarray(frame, format='rgb24')
            if times:
                picture.pts, picture.time_base = next(times), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def copy_packets(
    path: Path,
    to: Path,
    keep: Callable[[int], bool] = lambda place: True,
    shift: Callable[[int], float] = lambda place: 0,
) -> Path:
    """Copy the packets of a video that are to be kept, later by so many seconds, by their places."""
    with av.open(str(path)) as source, av.open(str(to), 'w') as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for place, packet in enumerate(source.demux(video=0)):
            if packet.dts is not None and keep(place):
                packet.stream = stream
                ticks = round(shift(place) / packet.time_base)
                packet.dts, packet.pts = packet.dts + ticks, packet.pts + ticks
                target.mux(packet)
    return to


def turn(path: Path, turned: Path, width: int, height: int) -> Path:
    """Copy an MP4 with metadata that tells players to turn it by 90 degrees, clockwise."""
    data, one = bytearray(path.read_bytes()), 1 << 16
    matrix = data.index(b'tkhd') + 44
    data[matrix : matrix + 36] = struct.pack('>9i', 0, one, 0, -one, 0, 0, height * one, 0, 1 << 30)
    turned.write_bytes(data)
    return turned
