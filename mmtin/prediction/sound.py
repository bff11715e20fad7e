"""Copy the sound of a video into an annotated copy of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av

from mmtin.datasets.video.decoding import open_safely


class Sound:
    """The packets of a sound track, which :meth:`copy_until` writes unchanged.

    Args:
        container: a video, with or without sound.

    Attributes:
        lost: why the sound was not copied; None if it was, or there is none.
    """

    def __init__(self, container: av.container.InputContainer | None = None) -> None:
        self.lost: str | None = None
        self._packets: Iterator[av.Packet] = iter(())
        self._source = container.streams.best('audio') if container else None
        if container and self._source:
            self._packets = (packet for packet in container.demux(self._source) if packet.dts is not None)
            shown = container.streams.best('video')
            # The copy starts at time 0 with the first frame, at whatever time the original starts.
            self._begin = (shown.start_time or 0) * shown.time_base if shown else Fraction(0)
        self._next: av.Packet | None = None

    def join(self, target: av.container.OutputContainer) -> None:
        """Add the track to a file before anything is written to it."""
        self._target = target
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
        while self._next is not None and self._next.dts * self._next.time_base - self._begin <= seconds:
            packet = self._next
            packet.stream = self._copy
            begin = round(self._begin / packet.time_base)
            packet.dts -= begin
            packet.pts = packet.dts if packet.pts is None else packet.pts - begin
            try:
                self._target.mux(packet)
            except av.error.FFmpegError as error:
                self._lose(error.strerror)
            else:
                self._read()

    def _read(self) -> None:
        try:
            self._next = next(self._packets, None)
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
