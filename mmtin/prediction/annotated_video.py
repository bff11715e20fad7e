"""A video with its prediction written on it.

MMAction2's ActionVisualizer holds the whole video in memory, draws every frame with matplotlib and writes 4
frames per second, so it does not suit videos of any length and rate.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import matplotlib
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image, ImageDraw, ImageFont

from mmtin.files.whole import whole_file
from mmtin.prediction.frames import FrameSource, open_file
from mmtin.prediction.sound import Sound, open_sound

_FONT = Path(matplotlib.get_data_path()) / 'fonts/ttf/DejaVuSans.ttf'
_SMALLEST = 9  # pixels, height of letters
_TICK = Fraction(1, 90_000)  # of a second


def write_annotated_video(video: Path, out: Path, lines: Sequence[str]) -> str | None:
    """Copy a video as H.264 in an MP4, with lines of text, if any, in its upper left corner.

    Frames are upright and keep their times. H.264 needs an even height and width, so one row or column is
    repeated if needed. Sound is copied as it is, if an MP4 can hold it. ``out`` appears when it is whole.

    Returns:
        Why the sound is lost; None if it was copied, or there was none.

    Raises:
        UserError: if ``out`` cannot be written.
        av.error.FFmpegError or ValueError: if the video cannot be decoded.
    """
    # Browsers can play it before they have all of it.
    options = {'movflags': '+faststart'}
    with (
        whole_file(out) as part,
        open_file(video) as source,
        open_sound(video) as sound,
        av.open(str(part), 'w', format='mp4', options=options) as target,
    ):
        _copy(source, sound, target, lines)
    return sound.lost


def _copy(
    source: FrameSource, sound: Sound, target: av.container.OutputContainer, lines: Sequence[str]
) -> None:
    stream, caption = None, Image.new('RGBA', (0, 0))
    last = -1
    for frame in source.frames:
        image = frame.rgb()
        pts = round(frame.seconds / _TICK)
        if pts <= last:
            continue
        if stream is None:
            height, width = image.shape[:2]
            if lines:
                caption = _caption(lines, width, height)
            stream = target.add_stream('libx264', rate=max(1, round(source.fps)), options={'crf': '20'})
            stream.pix_fmt = 'yuv420p'
            stream.height, stream.width = height + height % 2, width + width % 2
            codec = stream.codec_context
            codec.time_base = _TICK
            # Players guess these from the size of the frames if a file does not state them.
            codec.colorspace, codec.color_range = Colorspace.ITU709, ColorRange.MPEG
            codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
            sound.join(target, source.clock)
        picture = Image.fromarray(image)
        picture.paste(caption, (0, 0), caption)
        odd = [(0, size % 2) for size in image.shape[:2]]
        even = np.pad(np.asarray(picture), [*odd, (0, 0)], mode='edge')
        copy = av.VideoFrame.from_ndarray(even, format='rgb24')
        copy.pts, copy.time_base, last = pts, _TICK, pts
        yuv = copy.reformat(
            stream.width,
            stream.height,
            stream.pix_fmt,
            dst_colorspace=codec.colorspace,
            dst_color_range=codec.color_range,
        )
        target.mux(stream.encode(yuv))
        sound.copy_until(frame.seconds)
    target.mux(stream.encode())
    sound.copy_until(frame.seconds + 1 / source.fps)


def _caption(lines: Sequence[str], width: int, height: int) -> Image.Image:
    """White text on a half-transparent dark ground, smaller if it would not fit."""
    text, margin = '\n'.join(lines), max(2, height // 80)
    pencil = ImageDraw.Draw(Image.new('RGBA', (1, 1)))
    for size in range(max(_SMALLEST, height // 22), _SMALLEST - 1, -1):
        font = ImageFont.truetype(str(_FONT), size)
        _, _, right, bottom = pencil.multiline_textbbox((margin, margin), text, font=font)
        if right + margin <= width:
            break
    caption = Image.new('RGBA', (int(right) + margin, int(bottom) + margin), (0, 0, 0, 150))
    ImageDraw.Draw(caption).multiline_text((margin, margin), text, font=font, fill='white')
    return caption
