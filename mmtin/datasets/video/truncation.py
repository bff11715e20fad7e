"""Find out whether a video file was cut off; FFmpeg would read the rest as if it were all."""

import mmap
import struct

_EBML, _SEGMENT = b'\x1a\x45\xdf\xa3', b'\x18\x53\x80\x67'


def is_cut_off(data: bytes | mmap.mmap) -> bool:
    """Whether a file is shorter than it states; False if it states no size, or is no MP4, AVI, Matroska or
    WebM."""
    try:
        if data[:4] == b'RIFF':
            return struct.unpack_from('<I', data, 4)[0] + 8 > len(data)
        if data[:4] == _EBML:
            return _matroska_end(data) > len(data)
        return data[4:8] == b'ftyp' and _mp4_end(data) > len(data)
    except (struct.error, IndexError):
        return True


def _mp4_end(data: bytes | mmap.mmap) -> int:
    """The end, in bytes, of the last box with frames or tables (ISO/IEC 14496-12, 4.2)."""
    start = end = 0
    while start < len(data):
        size, kind = struct.unpack_from('>I4s', data, start)
        if size == 1:
            (size,) = struct.unpack_from('>Q', data, start + 8)
        if kind in (b'moov', b'moof', b'mdat'):
            end = start + size
        if size < 8:  # 0: up to the end of the file; any other is no box
            break
        start += size
    return end


def _matroska_end(data: bytes | mmap.mmap) -> int:
    """The end, in bytes, of the segment, which holds everything (RFC 8794 and 9559); 0 if not stated."""
    start, size = _number(data, 4)
    segment = start + size
    if data[segment : segment + 4] != _SEGMENT:
        return 0
    start, size = _number(data, segment + 4)
    return start + size


def _number(data: bytes | mmap.mmap, start: int) -> tuple[int, int]:
    """The end of a number of 1 to 8 bytes, and its value; 0 if its bits are all 1, which means unknown."""
    length = 9 - data[start].bit_length()
    if length > 8:
        raise IndexError('no number')
    ones = (1 << 7 * length) - 1
    number = int.from_bytes(data[start : start + length], 'big') & ones
    return start + length, 0 if number == ones else number
