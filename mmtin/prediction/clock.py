"""The clock of a video file: where it jumps, time goes on as if it had not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import av

# Between two packets of a track, in seconds. If more, the clock has jumped.
_LONGEST_GAP, _LONGEST_BACK = 60, 1


@dataclass
class Clock:
    """What is known of the clock of a file so far.

    Attributes:
        start: time of the first frame, in seconds; known when that frame is.
        shifts: seconds added to times of the file, so that they go on where its clock jumps: 0, and one
            more after each jump.
    """

    start: float = 0.0
    shifts: list[float] = field(default_factory=lambda: [0.0])


def with_jumps(packets: Iterable[av.Packet]) -> Iterator[tuple[av.Packet, float]]:
    """Each packet of a track, and the seconds by which the clock jumps before it: 0 if it goes on."""
    last = None
    for packet in packets:
        jump = 0.0
        if packet.dts is not None:
            time = float(packet.dts * packet.time_base)
            if last is not None and not -_LONGEST_BACK <= time - last <= _LONGEST_GAP:
                jump = time - last
            last = time
        yield packet, jump


def move(packet: av.Packet, seconds: float) -> None:
    """Add seconds to the times of a packet."""
    ticks = round(seconds / packet.time_base)
    packet.dts = None if packet.dts is None else packet.dts + ticks
    packet.pts = None if packet.pts is None else packet.pts + ticks
