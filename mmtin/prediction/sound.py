"""Copy the sound of a video into an annotated copy of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from mmtin.datasets.video.decoding import open_safely
from mmtin.prediction.clock import Clock, move, with_jumps


class Sound:
    """The packets of a sound track, which :meth:`copy_until` writes unchanged.

    Args:
        container: a video, with or without sound.

    Attributes:
        lost: why the sound was not copied, or not all of it; None if it was, or there is none.
    """

    def __init__(self, container: av.container.InputContainer | None = None) -> None:
        self.lost: str | None = None
        self._source = container.streams.best('audio') if container else None
        self._packets: Iterator[tuple[av.Packet, float]] = iter(())
        if container and self._source:
            self._packets = with_jumps(p for p in container.demux(self._source) if p.dts is not None)
        self._next: av.Packet | None = None
        self._jump, self._part = 0.0, 0
        self._written: int | None = None

    def join(self, target: av.container.OutputContainer, clock: Clock) -> None:
        """Add the track to a file before anything is written to it.

        Args:
            target: the file.
            clock: of the frames, of which the first was fetched. Where it jumps, that of sound does too.
        """
        self._target, self._clock = target, clock
        if self._source is None:
            return
        codec = self._source.codec_context
        if codec is None or codec.name not in target.supported_codecs:
            self._lose(f'{target.format.name} holds no {codec.name if codec else "sound of this kind"}')
            return
        self._copy = target.add_stream_from_template(self._source)
        self._read()

    def copy_until(self, seconds: float) -> None:
        """Write the sound up to a time, in seconds from the first frame."""
        while self._next is not None:
            if self._jump and self._part + 1 < len(self._clock.shifts):
                self._jump, self._part, self.lost = 0.0, self._part + 1, None
            if self._jump < 0:
                self.lost = 'its clock goes back where that of the frames does not'
                return
            packet, shift = self._next, self._clock.shifts[self._part] - self._clock.start
            if packet.dts * packet.time_base + shift > seconds:
                return
            packet.stream = self._copy
            packet.pts = packet.dts if packet.pts is None else packet.pts
            move(packet, shift)
            try:
                # Before a jump, sound may last longer than the frames.
                if self._written is None or packet.dts > self._written:
                    self._written = packet.dts
                    self._target.mux(packet)
            except av.error.FFmpegError as error:
                self._lose(error.strerror)
            else:
                self._read()

    def _read(self) -> None:
        try:
            self._next, self._jump = next(self._packets, (None, 0.0))
        except av.error.FFmpegError as error:
            self._lose(error.strerror)

    def _lose(self, reason: str | None) -> None:
        self.lost, self._next, self._source = reason or 'it cannot be copied', None, None


@contextmanager
def open_sound(path: Path) -> Iterator[Sound]:
    """The sound of a video file; silent for a pipe, which can be read only once."""
    if not path.is_file():
        yield Sound()
        return
    with path.open('rb') as file, open_safely(file) as container:
        yield Sound(container)
