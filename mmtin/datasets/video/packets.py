"""The packets of a video file: which of them become frames, and in which order they are shown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np

# A VOP is a frame of MPEG-4 Part 2 (ISO/IEC 14496-2, 6.2.5): its start code, and two of its types.
_VOP_START = b'\x00\x00\x01\xb6'
_INTRA, _BIDIRECTIONAL = 0, 2
# DivX writes this if two VOPs share a packet: a decoder that reads it waits for such packets.
_SHARES = re.compile(rb'(\x00\x00\x01\xb2DivX\w*)p(?=\x00|$)')
_EMPTY_VOP = 4  # bytes of a VOP that only repeats the one before; any other has more
# Matroska may compress its content. In other files, frames have no more bytes than the file.
_MAX_EXPANSION = 4
# An AVI states its number of frames, which is often wrong by a few.
_LEAST_PART = 0.95


class VideoError(ValueError):
    """A file is no video, or damaged. The sentence says what is wrong, but not which file it is."""


@dataclass(frozen=True)
class Packets:
    """Packets in the order of decoding; arrays are ``[P]``, one entry per packet.

    ``items[i].pts`` is i, which the decoder passes on to the frame. ``key`` packets begin a group of
    pictures; a packet that is not ``shown`` is only predicted from. ``ranks`` are the places of the packets
    in the order of display, None if not known.
    """

    items: list[av.Packet]
    key: np.ndarray
    shown: np.ndarray
    ranks: np.ndarray | None

    @property
    def display(self) -> np.ndarray:
        """The shown packets in the order of display."""
        order = np.arange(len(self.items)) if self.ranks is None else np.argsort(self.ranks)
        return order[self.shown[order]]

    def runs(self, wanted: set[int]) -> list[range]:
        """The packets to decode for ``wanted`` packets: for each, those from the key frame before it on."""
        if self.ranks is None:
            return [range(len(self.items))]
        keys, runs = np.flatnonzero(self.key), []
        for packet in sorted(wanted):
            # A frame that follows a key frame and is shown before it also needs the group before.
            starts = keys[(keys <= packet) & (self.ranks[keys] <= self.ranks[packet])]
            start = int(starts[-1])
            if runs and runs[-1].start <= start <= runs[-1].stop:
                start = runs.pop().start
            runs.append(range(start, packet + 1))
        return runs


def read_packets(container: av.container.InputContainer, stream: av.VideoStream, size: int) -> Packets:
    """All packets of a stream of a file that has ``size`` bytes, from the first key frame on.

    Raises:
        VideoError: if no frame is shown, some are missing, or together they are larger than the file.
        av.FFmpegError: if the file cannot be read.
    """
    codec = stream.codec_context.name
    items, total = [], 0
    for packet in container.demux(stream):
        if not packet.size:
            continue
        if packet.is_corrupt:
            raise VideoError('a frame is cut off')
        total += packet.size
        if total > _MAX_EXPANSION * size:
            raise VideoError('the file claims to hold more than it has bytes')
        items.append(packet)
    if container.format.name == 'avi' and items and (items[-1].dts or 0) + 1 < _LEAST_PART * stream.frames:
        raise VideoError(f'frames are missing: of {stream.frames}, {len(items)} are there')
    if codec == 'mpeg4':
        return _from_first_key(_of_mpeg4(items))
    # An AVI has no times. FFmpeg makes them up, and ignores that frames may be out of order.
    has_times = container.format.name != 'avi' or not stream.codec_context.has_b_frames
    return _from_first_key(_of_others(items, codec, has_times))


def _of_others(items: list[av.Packet], codec: str, has_times: bool) -> Packets:
    times = [packet.pts for packet in items if packet.pts is not None]
    has_times = has_times and len(set(times)) == len(items)
    return Packets(
        items,
        key=np.array([packet.is_keyframe for packet in items], bool),
        shown=np.array([not packet.is_discard and not _is_hidden(packet, codec) for packet in items], bool),
        ranks=np.argsort(np.argsort(times)) if has_times else None,
    )


def _is_hidden(packet: av.Packet, codec: str) -> bool:
    """In VP8, a bit of the first byte tells whether a frame is shown (RFC 6386, 9.1)."""
    return codec == 'vp8' and not memoryview(packet)[0] & 0x10


def _of_mpeg4(items: list[av.Packet]) -> Packets:
    """Read types from the frames: an AVI has no times, and does not always mark the right key frames."""
    vops = [vop for packet in items for vop in _vops(packet)]
    if items and len(list(_vops(items[-1]))) > 1:
        vops.pop()  # no player shows it: at the end of the file the packet that follows it is missing
    order, held = [], []
    for index, (_, kind, _) in enumerate(vops):
        if kind == _BIDIRECTIONAL:
            order.append(index)
        else:
            order += held
            held = [index]
    return Packets(
        [packet for packet, _, _ in vops],
        key=np.array([kind == _INTRA for _, kind, _ in vops], bool),
        shown=np.array([shown for _, _, shown in vops], bool),
        ranks=np.argsort(order + held),
    )


def _vops(packet: av.Packet) -> Iterator[tuple[av.Packet, int, bool]]:
    """The VOPs of a packet, each in its own packet, with its type and whether it is shown.

    Two VOPs may share a packet, which is then followed by an empty one. FFmpeg's filter for that,
    mpeg4_unpack_bframes, mistakes pixels for marks of the encoder and changes them.
    """
    header, *vops = bytes(packet).split(_VOP_START)
    header, is_marked = _SHARES.subn(rb'\1n', header)
    for vop in vops:
        if len(vop) > _EMPTY_VOP:
            whole = packet if len(vops) == 1 and not is_marked else _packet(header + _VOP_START + vop)
            yield whole, vop[0] >> 6, not packet.is_discard
        header = b''


def _packet(content: bytes) -> av.Packet:
    # A packet made directly from bytes lacks the zeros after its end, which decoders read.
    packet = av.Packet(len(content))
    packet.update(content)
    return packet


def _from_first_key(packets: Packets) -> Packets:
    """Drop packets that come, or are shown, before the first key frame: what they need is not there."""
    if not packets.key.any():
        raise VideoError('no frame to start from')
    first = packets.key.argmax()
    items, shown, ranks = packets.items[first:], packets.shown[first:], packets.ranks
    if ranks is not None:
        ranks = ranks[first:]
        shown = shown & (ranks >= ranks[0])
    if not shown.any():
        raise VideoError('no frame that is shown')
    for index, packet in enumerate(items):
        packet.pts = index
    return Packets(items, packets.key[first:], shown, ranks)
