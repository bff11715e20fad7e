"""The figures of a trial, as SVG in the colours of the page."""

from markupsafe import Markup
from matplotlib.figure import Figure

from mmtin.interlacing.figures import GROUP_COLOURS, draw_offsets, draw_weights
from mmtin.interlacing.record import InterlacingRecord
from mmtin.interlacing.strip import InterlacedClip, draw_interlaced_clip
from mmtin.pages.html import page_svg
from mmtin.tryout.trial import Course

_FEW_WINDOWS = 60  # are marked individually


def class_colour(rank: int) -> str:
    """The colour of the likeliest class, rank 0, or of one after it."""
    return GROUP_COLOURS[rank % len(GROUP_COLOURS)]


def course_svg(course: Course) -> dict:
    """The figure of a course: ``svg``, ``end`` in seconds, and where in its width time starts and ends."""
    figure = draw_course(course)
    svg = page_svg(figure, f'probability of {", ".join(course.names)} along the video')
    place = figure.axes[0].get_position()
    return dict(svg=svg, left=place.x0, right=place.x1, end=figure.axes[0].get_xlim()[1])


def draw_course(course: Course) -> Figure:
    """The probability of each class in the windows along a video, at the middle of each window."""
    figure = Figure(figsize=(9, 2.7), layout='constrained')
    axis = figure.subplots()
    # Of one window a point would not be seen: a line over all of it.
    several = len(course.spans) > 1
    times = course.spans.mean(1) if several else course.spans[0]
    marker = 'o' if several and len(times) <= _FEW_WINDOWS else ''
    for rank, (name, scores) in enumerate(zip(course.names, course.scores.T)):
        axis.plot(
            times,
            scores if several else scores.expand(2),
            marker=marker,
            markersize=4,
            color=class_colour(rank),
            linewidth=1.8,
            label=name,
            zorder=3 - rank / 100,
        )
    axis.set_xlim(0, float(course.spans.max()))
    axis.set_ylim(-0.03, 1.03)
    axis.set_xlabel('seconds')
    axis.set_ylabel('probability')
    axis.grid(alpha=0.25)
    axis.spines[['top', 'right']].set_visible(False)
    return figure


def record_svgs(record: InterlacingRecord, network: str) -> dict[str, Markup]:
    """The figures of all layers: ``offsets`` and ``weights``."""
    return dict(
        offsets=page_svg(draw_offsets(record, network), 'offsets by layer and group, in frames'),
        weights=page_svg(draw_weights(record, network), 'weights by frame, layer and group'),
    )


def layer_svg(clip: InterlacedClip, layer: str) -> Markup:
    """The frames of a clip, and arrows that show where the groups of a layer move."""
    moved = ', '.join(f'{offset:+.2f}' for offset in clip.offset)
    return page_svg(draw_interlaced_clip(clip, layer), f'frames moved by {layer}: groups by {moved} frames')
