"""Leave out of an MP4, in memory, the frames that nobody asks for and that no other frame needs.

A group of pictures decodes without those before it, and a frame without those behind it. Of H.264 not all
that lies between is needed either: many frames, typically two of five, say of themselves that no other is
predicted from them (``nal_ref_idc`` is 0). What is left decodes to the same pixels in less time.

Boxes and tables are those of ISO/IEC 14496-12, the frames ("samples") of H.264 those of 14496-15.
"""

import struct
from dataclasses import dataclass

import numpy as np

from mmtin.datasets.boxes import box, boxes, child, column, columns, table

# The way from a track to the tables of its frames.
_TABLES = (b'mdia', b'minf', b'stbl')


@dataclass(frozen=True)
class Track:
    """The video of an MP4. Arrays are ``[N]``, one entry a frame, in the order of decoding.

    ``starts`` and ``sizes`` are places in ``data`` in bytes, ``durations`` and ``delays`` (between decoding
    and display) times in units of 1 / ``timescale`` seconds. ``key`` frames begin a group of pictures and
    no other frame is predicted from a ``disposable`` one. ``display``: the frames in the order of display.
    """

    data: memoryview
    starts: np.ndarray
    sizes: np.ndarray
    durations: np.ndarray
    delays: np.ndarray
    timescale: int
    key: np.ndarray
    disposable: np.ndarray
    display: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def fps(self) -> float:
        return len(self) * self.timescale / float(self.durations.sum())

    @property
    def decode_times(self) -> np.ndarray:
        return np.cumsum(self.durations) - self.durations

    def shortened(self, frame_inds: np.ndarray) -> tuple[bytes, np.ndarray, np.ndarray]:
        """An MP4 with the frames asked for and those that they are predicted from, no sound.

        Args:
            frame_inds: ``[M]``, frames in the order of display, sorted or not, repeated or not.

        Returns:
            The file; for each of ``frame_inds`` its index in there, and when it is shown, in seconds from
            the first frame on.
        """
        wanted = np.zeros(len(self), bool)
        wanted[self.display[frame_inds]] = True
        group = np.cumsum(self.key) - 1
        last_wanted = np.full(group[-1] + 1, -1)
        last_wanted[group[wanted]] = np.flatnonzero(wanted)  # of several for one group the last counts
        kept = (np.arange(len(self)) <= last_wanted[group]) & (wanted | ~self.disposable)
        place = np.cumsum(kept[self.display]) - 1
        times = (self.decode_times + self.delays)[self.display] / self.timescale
        seconds = times[frame_inds] - times[kept[self.display]][0]
        return self._written(np.flatnonzero(kept)), place[frame_inds], seconds

    def _written(self, frames: np.ndarray) -> bytes:
        times = self.decode_times[frames]
        durations = np.diff(times, append=times[-1] + 1)
        once = np.ones_like(frames)
        file_type = box(b'ftyp', child(self.data, b'ftyp'))
        tables = {
            b'stts': table(once, durations),
            b'ctts': table(once, self.delays[frames], version=1),
            b'stss': table(np.flatnonzero(self.key[frames]) + 1),
            b'stsz': bytes(4) + table(self.sizes[frames]),
            b'stsc': table(*np.array([[1], [len(frames)], [1]])),
            b'stco': table(np.array([len(file_type) + 8])),
        }
        content = b''.join(
            self.data[start : start + size]
            for start, size in zip(self.starts[frames].tolist(), self.sizes[frames].tolist(), strict=True)
        )
        movie = child(self.data, b'moov')
        track = box(b'trak', _with_tables(_video(movie), _TABLES, tables))
        movie = box(b'moov', box(b'mvhd', child(movie, b'mvhd')) + track)
        return file_type + box(b'mdat', content) + movie


def read_track(data: bytes) -> Track | None:
    """The video track of an MP4 file.

    Returns:
        None unless the file is an MP4 with one video, H.264 or MPEG-4 Part 2, one table for all of its
        frames (so not in fragments), no edits that leave frames out, and groups of pictures that do not
        overlap when they are shown; and unless its tables agree with each other and with its length.
    """
    try:
        return _read(memoryview(data))
    except (LookupError, struct.error, ValueError):
        return None


def _read(data: memoryview) -> Track:
    movie = child(data, b'moov')
    if any(kind == b'mvex' for kind, _ in boxes(movie)):
        raise ValueError('fragments')
    track = _video(movie)
    tables = dict(boxes(child(track, *_TABLES)))

    size, num_frames = struct.unpack_from('>II', tables[b'stsz'], 4)
    if num_frames > len(data):
        raise ValueError('more frames than bytes')
    sizes = np.full(num_frames, size) if size else column(tables[b'stsz'][4:])
    count, duration = columns(tables[b'stts'], 2)
    durations = _repeated(duration, count, num_frames)
    delays = np.zeros_like(sizes)
    if b'ctts' in tables:
        count, delay = columns(tables[b'ctts'], 2)
        delays = _repeated(delay, count, num_frames)
    key = np.full(num_frames, b'stss' not in tables)
    if b'stss' in tables:
        key[column(tables[b'stss']) - 1] = True
    starts = _starts(tables, sizes)
    # Frames that overlap would be read, and written, more often than there are bytes.
    if sizes.sum() > len(data) or (starts < 0).any() or (starts > len(data) - sizes).any():
        raise ValueError('frames outside the file, or more than fit in it')
    times = np.cumsum(durations) - durations + delays
    timescale = _timescale(child(track, b'mdia', b'mdhd'))
    if not key[0] or len(np.unique(times)) < num_frames or durations.sum() <= 0:
        raise ValueError('tables that make no video')
    if not _shows_all(movie, track, times / timescale, 0.5 / timescale):
        raise ValueError('edits')

    display = np.argsort(times)
    if (np.diff(np.cumsum(key)[display]) < 0).any():
        raise ValueError('groups that overlap')

    length_bytes = _length_bytes(tables[b'stsd'])
    disposable = [
        _is_disposable(data[start : start + size], length_bytes)
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True)
    ]
    return Track(data, starts, sizes, durations, delays, timescale, key, np.array(disposable), display)


def _video(movie: memoryview) -> memoryview:
    """The track that is a video; there must be just one."""
    (track,) = (
        content
        for kind, content in boxes(movie)
        if kind == b'trak' and child(content, b'mdia', b'hdlr')[8:12] == b'vide'
    )
    return track


def _starts(tables: dict[bytes, memoryview], sizes: np.ndarray) -> np.ndarray:
    """Where frames begin: chunks of them lie together."""
    chunks = column(tables[b'stco']) if b'stco' in tables else column(tables[b'co64'], '>u8')
    first_chunk, frames_in_chunk, _ = columns(tables[b'stsc'], 3)
    repeats = np.diff(first_chunk, append=len(chunks) + 1)
    if first_chunk[0] != 1 or (repeats < 1).any():
        raise ValueError('chunks out of order')
    frames_in_chunk = np.repeat(frames_in_chunk, repeats)
    first_frame = np.cumsum(frames_in_chunk) - frames_in_chunk
    before = np.cumsum(sizes) - sizes
    return _repeated(chunks - before[first_frame], frames_in_chunk, len(sizes)) + before


def _repeated(values: np.ndarray, counts: np.ndarray, length: int) -> np.ndarray:
    if (counts < 0).any() or counts.sum() != length:
        raise ValueError('tables that disagree')
    return np.repeat(values, counts)


def _timescale(header: memoryview) -> int:
    """Units a second, of a movie or of a track."""
    (timescale,) = struct.unpack_from('>I', header, 20 if header[0] else 12)
    if not timescale:
        raise ValueError('a second of no units')
    return timescale


def _shows_all(movie: memoryview, track: memoryview, times: np.ndarray, tolerance: float) -> bool:
    """Whether the list of edits shows every frame, at ``times`` in seconds, as it comes."""
    if not any(kind == b'edts' for kind, _ in boxes(track)):
        return True
    edits = child(track, b'edts', b'elst')
    (count,) = struct.unpack_from('>I', edits, 4)
    duration, start, rate = struct.unpack_from('>Qqi' if edits[0] else '>Iii', edits, 8)
    start /= _timescale(child(track, b'mdia', b'mdhd'))
    end = start + duration / _timescale(child(movie, b'mvhd'))
    return count == 1 and rate == 1 << 16 and 0 <= start <= times.min() + tolerance and end > times.max()


def _length_bytes(descriptions: memoryview) -> int | None:
    """Bytes of the lengths that stand before the parts of an H.264 frame; None for MPEG-4 Part 2."""
    ((kind, content),) = boxes(descriptions[8:])
    if kind == b'mp4v':
        return None
    if kind not in (b'avc1', b'avc3'):
        raise ValueError('another codec')
    return (child(content[78:], b'avcC')[4] & 3) + 1


def _is_disposable(frame: memoryview, length_bytes: int | None) -> bool:
    """Whether an H.264 frame has slices and all say that no other frame needs them."""
    if length_bytes is None:
        return False
    has_slices, start = False, 0
    while start + length_bytes < len(frame):
        content = start + length_bytes
        if 1 <= frame[content] & 0x1F <= 5:
            if frame[content] & 0x60:
                return False
            has_slices = True
        start = content + int.from_bytes(frame[start:content], 'big')
    return has_slices and start == len(frame)


def _with_tables(content: memoryview, path: tuple[bytes, ...], tables: dict[bytes, bytes]) -> bytes:
    """The track with the tables at ``path`` replaced and without edits."""
    if not path:
        tables = {b'stsd': child(content, b'stsd'), **tables}
        return b''.join(box(kind, inner) for kind, inner in tables.items())
    return b''.join(
        box(kind, _with_tables(inner, path[1:], tables) if kind == path[0] else inner)
        for kind, inner in boxes(content)
        if kind != b'edts'
    )
