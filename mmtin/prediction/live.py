"""Frames of a live source, of which the newest are kept."""

import threading
from collections import deque
from collections.abc import Iterator

from mmtin.prediction.frames import Frame, FrameSource


class LiveFrames:
    """Read the frames of a source in a thread as they come, and drop the oldest if they are not fetched.

    ``with LiveFrames(source) as frames: for frame in frames: ...``

    Args:
        source: its frames must not be read elsewhere.
        capacity: number of frames that may wait; by default those of one second.

    Attributes:
        dropped: number of frames dropped so far.
    """

    def __init__(self, source: FrameSource, capacity: int | None = None) -> None:
        self.dropped = 0
        self._source = source.frames
        self._waiting: deque[Frame] = deque(maxlen=capacity or max(2, round(source.fps)))
        self._changed = threading.Condition()
        self._ended = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> 'LiveFrames':
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        # The thread must leave the decoder before that is closed; it checks at each frame.
        self._ended = True
        self._thread.join()

    def __iter__(self) -> Iterator[Frame]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    break
                frame = self._waiting.popleft()
            yield frame
        if self._error:
            raise self._error

    def _read(self) -> None:
        try:
            for frame in self._source:
                if self._ended:
                    return
                with self._changed:
                    self.dropped += len(self._waiting) == self._waiting.maxlen
                    self._waiting.append(frame)
                    self._changed.notify()
        except Exception as error:  # raised where the frames are fetched
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()
