"""R, the largest offset in frames."""

# That of the paper's authors' releases, and of MMAction2's ResNetTIN, whatever T is.
AUTHORS_MAX_OFFSET = 2.0
# Where offsets are those of each frame: the paper's for its 8 frames, as nothing is tied to T then.
FRAME_MAX_OFFSET = 4.0


def largest_offset(max_offset: float | None, num_segments: int, offsets_per: str | None = 'clip') -> float:
    """R of a :class:`mmtin.models.TemporalInterlace` with these arguments."""
    if max_offset is not None:
        return max_offset
    return FRAME_MAX_OFFSET if offsets_per == 'frame' else num_segments / 2
