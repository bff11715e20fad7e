"""Draw textures, discs and polygons into frames, and write frames to a video file."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from mmtin.datasets.synthetic.classes import SyntheticClip
from mmtin.errors import UserError

FRAME_SIZE = 64  # pixels; frames are square
MAX_JITTER = 2  # pixels
SUBPIXEL_BITS = 4  # cv2 draws at fixed-point coordinates with this many bits after the point

# Corners (x, y) at radius 1. The pivot is off the centre, so that the angle shows even in few pixels.
SHAPES = (
    [(1, 0), (-0.2, 0.45), (-0.2, -0.45)],  # wedge
    [(1, 0), (0.2, 0.5), (0.2, 0.2), (-0.3, 0.2), (-0.3, -0.2), (0.2, -0.2), (0.2, -0.5)],  # arrow
    [(-0.25, -0.25), (1, -0.25), (1, 0.5), (0.6, 0.5), (0.6, 0.15), (-0.25, 0.15)],  # letter L
)


class Scene(NamedTuple):
    """The content of a clip: one object and D discs over a background, for T frames.

    Attributes:
        states: QUANTITIES of the object, ``[T, 4]``.
        shape: one of SHAPES.
        colour: of the object, ``[3]``.
        centres: of the discs, ``[T, D, 2]``, in widths of the frame.
        disc_colours: ``[D, 3]``.
        disc_radius: in widths of the frame.
        texture: the background, uint8 ``[H, W, 3]``, as :func:`draw_texture` makes it.
        jitter: offset of each frame in the texture, ``[T, 2]``, rows and columns, pixels.
    """

    states: np.ndarray
    shape: list[tuple[float, float]]
    colour: np.ndarray
    centres: np.ndarray
    disc_colours: np.ndarray
    disc_radius: float
    texture: np.ndarray
    jitter: np.ndarray


def draw_frames(scene: Scene) -> np.ndarray:
    """Draw every frame of a scene: uint8 ``[T, H, W, 3]``, BGR."""
    frames = np.empty((len(scene.states), FRAME_SIZE, FRAME_SIZE, 3), np.uint8)
    for t, frame in enumerate(frames):
        top, left = scene.jitter[t]
        frame[:] = scene.texture[top : top + FRAME_SIZE, left : left + FRAME_SIZE]
        draw_discs(frame, scene.centres[t], scene.disc_colours, scene.disc_radius)
        draw_object(frame, scene.shape, scene.states[t], scene.colour)
    return frames


def draw_texture(contrast: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a background, uint8 ``[H, W, 3]``, larger than a frame by the jitter on every side.

    ``contrast`` is the largest deviation from its mean, of 255. It should be small: a network can memorise
    a few clips by strong textures.
    """
    size = FRAME_SIZE + 2 * MAX_JITTER
    coarse = rng.uniform(50, 100) + rng.uniform(-contrast, contrast, (8, 8, 3))
    return cv2.resize(coarse, (size, size)).astype(np.uint8)


def draw_discs(frame: np.ndarray, centres: np.ndarray, colours: np.ndarray, radius: float) -> None:
    """Draw discs at ``centres`` ``[D, 2]`` into ``frame`` ``[H, W, 3]``."""
    size = int(fixed_point(radius))
    for centre, colour in zip(fixed_point(centres).tolist(), colours.tolist(), strict=True):
        cv2.circle(frame, centre, size, colour, cv2.FILLED, cv2.LINE_AA, SUBPIXEL_BITS)


def draw_object(
    frame: np.ndarray, shape: list[tuple[float, float]], state: np.ndarray, colour: np.ndarray
) -> None:
    """Draw ``shape`` as ``state``, its QUANTITIES, describes it into ``frame`` ``[H, W, 3]``."""
    x, y, radius, angle = state
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = fixed_point((x, y) + radius * np.array(shape) @ rotation)
    cv2.fillPoly(frame, [corners], colour.tolist(), cv2.LINE_AA, SUBPIXEL_BITS)


def fixed_point(lengths: np.ndarray | float) -> np.ndarray:
    """Widths of the frame -> the fixed-point pixels that cv2 draws with."""
    return np.rint(np.asarray(lengths) * FRAME_SIZE * 2**SUBPIXEL_BITS).astype(np.int32)


def write_video(path: Path, clip: SyntheticClip) -> None:
    """Encode a clip as MPEG-4.

    Raises:
        UserError: if this OpenCV cannot encode it.
    """
    height, width = clip.frames.shape[1:3]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), clip.fps, (width, height))
    if not writer.isOpened():
        raise UserError(
            f'OpenCV {cv2.__version__} cannot encode MPEG-4 to {path}; install it with pip, with FFmpeg'
        )
    for frame in clip.frames:
        writer.write(frame)
    writer.release()
