"""Boxes, which an MP4 consists of, and the tables in them (ISO/IEC 14496-12)."""

import struct
from collections.abc import Iterator

import numpy as np


def boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and content of each box in ``data``.

    Raises:
        struct.error or ValueError: if these are no boxes.
    """
    start = 0
    while start < len(data):
        size, kind = struct.unpack_from('>I4s', data, start)
        content = start + 8
        if size == 1:
            (size,) = struct.unpack_from('>Q', data, content)
            content += 8
        end = start + size if size else len(data)
        if not content <= end <= len(data):
            raise ValueError('a box is cut off')
        yield kind, data[content:end]
        start = end


def child(data: memoryview, *path: bytes) -> memoryview:
    """The content of a box in a box in ...; KeyError if it is missing."""
    for kind in path:
        data = dict(boxes(data))[kind]
    return data


def columns(table: memoryview, num_columns: int, dtype: str = '>i4') -> np.ndarray:
    """The table in a box: ``[num_columns, rows]``."""
    (rows,) = struct.unpack_from('>I', table, 4)
    values = np.frombuffer(table, dtype, rows * num_columns, 8)
    return values.reshape(rows, num_columns).T.astype(np.int64)


def column(table: memoryview, dtype: str = '>u4') -> np.ndarray:
    """The table in a box that has one column: ``[rows]``."""
    return columns(table, 1, dtype)[0]


def box(kind: bytes, content: bytes) -> bytes:
    """A box to be written."""
    return struct.pack('>I4s', 8 + len(content), kind) + content


def table(*columns: np.ndarray, version: int = 0) -> bytes:
    """The content of a box with a table of columns ``[rows]``."""
    rows = np.stack(columns, axis=1).astype('>i4')
    return struct.pack('>II', version << 24, len(rows)) + rows.tobytes()
