"""Copies of videos with text on them, as players and browsers open them."""

from fractions import Fraction

import av
import numpy as np
import pytest

from mmtin.prediction import write_annotated_video
from tests.prediction.small_recognizer import moving_frames, turn, write_video


def read(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ('h264', 'yuv420p')
        assert (stream.width % 2, stream.height % 2) == (0, 0)
        frames = list(container.decode(stream))
        return [f.time for f in frames], [f.to_ndarray(format='rgb24') for f in frames]


def assert_same_picture(image, original):
    height, width = original.shape[:2]
    difference = np.abs(image[:height, :width].astype(int) - original)
    assert difference[height * 2 // 3 :].mean() < 8
    assert difference[: height // 3, : width // 3].mean() > 10, 'no caption in the upper left corner'


@pytest.mark.parametrize('width, height', [(160, 120), (161, 121)])
def test_copy(tmp_path, width, height):
    video = write_video(tmp_path / 'a.mkv', moving_frames(20, width, height), codec='ffv1', pix_fmt='bgra')
    out = tmp_path / 'sub/a.mp4'
    write_annotated_video(video, out, ['riding a bike  98.1%', 'naïve «Straße» <b>  1.2%'])
    times, images = read(out)
    assert times == pytest.approx([t / 12 for t in range(20)], abs=1e-3)
    for image, original in zip(images, moving_frames(20, width, height)):
        assert_same_picture(image, original)
    assert list(out.parent.iterdir()) == [out], 'nothing else is left'


def test_turned_by_metadata(tmp_path):
    flat = write_video(tmp_path / 'flat.mp4', moving_frames(10, 160, 120))
    write_annotated_video(turn(flat, tmp_path / 'turned.mp4', 160, 120), tmp_path / 'out.mp4', ['text'])
    _, images = read(tmp_path / 'out.mp4')
    for image, original in zip(images, moving_frames(10, 160, 120)):
        assert_same_picture(image, original.swapaxes(0, 1)[:, ::-1])


def test_variable_frame_rate(tmp_path):
    times = [0, 40, 500, 510, 2000]
    video = write_video(tmp_path / 'a.mkv', moving_frames(5), times=times)
    write_annotated_video(video, tmp_path / 'out.mp4', ['text'])
    assert read(tmp_path / 'out.mp4')[0] == pytest.approx([t / 1000 for t in times], abs=1e-3)


@pytest.mark.parametrize('width, height', [(160, 120), (1280, 720)])
def test_colours_are_those_of_bt709(tmp_path, width, height):
    """By its formulas (ITU-R BT.709-6, 3), for players that read the tags."""
    colours = [(200, 40, 30), (20, 180, 60), (30, 60, 220), (255, 255, 255)]
    frames = [np.full((height, width, 3), colour, np.uint8) for colour in colours]
    video = write_video(tmp_path / 'a.mkv', frames, codec='ffv1', pix_fmt='bgra')
    write_annotated_video(video, tmp_path / 'out.mp4', [])
    with av.open(str(tmp_path / 'out.mp4')) as container:
        codec = container.streams.video[0].codec_context
        tags = codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range
        assert tags == (1, 1, 1, 1), 'BT.709 thrice, and 16 to 235'
        copies = [frame.to_ndarray() for frame in container.decode(video=0)]
    for copy, colour in zip(copies, colours, strict=True):
        red, green, blue = np.array(colour) / 255
        luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        assert copy[: height // 2].mean() == pytest.approx(16 + 219 * luma, abs=1.5)
        chroma = copy[height:].reshape(2, -1).mean(axis=1)
        wanted = [128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748]
        assert chroma == pytest.approx(wanted, abs=1.5)


def add_sound(video, path, codec, seconds=1.5):
    """Copy a video with a tone; the times of both begin at 5 seconds."""
    with av.open(str(video)) as source, av.open(str(path), 'w') as target:
        picture = target.add_stream_from_template(source.streams.video[0])
        sound = target.add_stream(codec, rate=48000, layout='mono')
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                packet.pts += round(5 / packet.time_base)
                packet.dts += round(5 / packet.time_base)
                target.mux(packet)
        tone = np.sin(np.arange(int(seconds * 48000)) * 440 * 2 * np.pi / 48000).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(tone, format='fltp', layout='mono')
        frame.sample_rate, frame.pts, frame.time_base = 48000, 5 * 48000, Fraction(1, 48000)
        resampled = av.AudioResampler(sound.format, 'mono', 48000, sound.frame_size).resample(frame)
        target.mux([packet for part in [*resampled, None] for packet in sound.encode(part)])
    return path


@pytest.mark.parametrize('codec', ['aac', 'libopus'])
def test_sound_is_kept_in_time(tmp_path, codec):
    silent = write_video(tmp_path / 'silent.mp4', moving_frames(18))
    out = tmp_path / 'out.mp4'
    assert write_annotated_video(add_sound(silent, tmp_path / 'a.mkv', codec), out, ['text']) is None
    with av.open(str(out)) as container:
        heard = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    sound = np.concatenate(heard)
    assert 1.3 < len(sound) / rate < 1.7
    assert abs(np.abs(np.fft.rfft(sound)).argmax() * rate / len(sound) - 440) < 5
    for kind in ('audio', 'video'):
        with av.open(str(out)) as container:
            assert next(container.decode(**{kind: 0})).time == pytest.approx(0, abs=0.05)
    assert len(read(out)[0]) == 18


def write_blinks(path, seconds=4, begin=0):
    """A key frame a second: white and loud for the first fifth of each, else black and silent.

    The picture may begin some seconds after the sound.
    """
    with av.open(str(path), 'w') as target:
        picture = target.add_stream('libx264', rate=25, options=dict(g='25', bf='2', sc_threshold='0'))
        picture.width, picture.height, picture.pix_fmt = 64, 48, 'yuv420p'
        sound = target.add_stream('aac', rate=48000, layout='mono')
        time = np.arange(seconds * 48000) / 48000
        tone = (np.sin(time * 1000 * 2 * np.pi) * (time % 1 < 0.2)).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(tone, format='fltp', layout='mono')
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        resampled = av.AudioResampler(sound.format, 'mono', 48000, sound.frame_size).resample(frame)
        packets = [packet for part in [*resampled, None] for packet in sound.encode(part)]
        for place in range(25 * seconds):
            image = np.full((48, 64, 3), 255 * (place % 25 < 5), np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format='rgb24')
            frame.pts, frame.time_base = 25 * begin + place, Fraction(1, 25)
            packets += picture.encode(frame)
        packets += picture.encode()
        target.mux(sorted(packets, key=lambda packet: packet.dts * packet.time_base))
    return path


def starts(path, kind):
    """When it gets bright or loud, in seconds."""
    with av.open(str(path)) as container:
        frames = list(container.decode(**{kind: 0}))
    if kind == 'video':
        times = [frame.time for frame in frames]
        strong = [frame.to_ndarray(format='gray').mean() > 128 for frame in frames]
    else:
        parts = [np.abs(frame.to_ndarray().reshape(-1)) > 0.3 for frame in frames]
        times = np.concatenate([frame.time + np.arange(len(p)) / 48000 for frame, p in zip(frames, parts)])
        strong = np.concatenate(parts)
    loud = np.asarray(times)[strong]
    return loud[np.diff(loud, prepend=-1) > 0.5]


@pytest.mark.parametrize('parts', [1, 3])
def test_sound_of_a_recording_that_begins_anywhere(tmp_path, parts):
    """Its first frames cannot be decoded; where recordings are joined, the clock jumps back."""
    whole = write_blinks(tmp_path / 'whole.ts')
    with av.open(str(whole)) as source, av.open(str(tmp_path / 'cut.ts'), 'w') as target:
        copies = [target.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            if packet.dts is not None and packet.dts * packet.time_base > 1.7:
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
    (tmp_path / 'joined.ts').write_bytes((tmp_path / 'cut.ts').read_bytes() * parts)
    assert write_annotated_video(tmp_path / 'joined.ts', tmp_path / 'out.mp4', []) is None
    bright, loud = (starts(tmp_path / 'out.mp4', kind) for kind in ('video', 'audio'))
    assert len(bright) == 2 * parts
    assert loud == pytest.approx(bright, abs=0.05)


def test_sound_whose_clock_alone_jumps_is_named(tmp_path):
    parts = [write_blinks(tmp_path / f'{begin}.ts', 3, begin).read_bytes() for begin in (0, 3)]
    (tmp_path / 'joined.ts').write_bytes(b''.join(parts))
    lost = write_annotated_video(tmp_path / 'joined.ts', tmp_path / 'out.mp4', [])
    assert lost == 'its clock goes back where that of the frames does not'


def test_sound_that_an_mp4_cannot_hold_is_named(tmp_path):
    silent = write_video(tmp_path / 'silent.mp4', moving_frames(12))
    video = add_sound(silent, tmp_path / 'a.mkv', 'wavpack')
    assert write_annotated_video(video, tmp_path / 'out.mp4', ['text']) == 'mp4 holds no wavpack'
    assert len(read(tmp_path / 'out.mp4')[0]) == 12


def test_nothing_half_written(tmp_path):
    (tmp_path / 'text.mp4').write_text('no video')
    with pytest.raises(av.error.FFmpegError):
        write_annotated_video(tmp_path / 'text.mp4', tmp_path / 'out.mp4', ['text'])
    assert [path.name for path in tmp_path.iterdir()] == ['text.mp4']
