"""Named arrays in; the bytes of a `.mrt` file out, and back.

A file is a header of 16 bytes (the magic, the version, the size of the file, the CRC-32 of all that
follows) and records. A record is a header of 32 bytes (16 for the name, then type, size in bytes
and two zeros) and the data, padded with zeros to a multiple of 16. All numbers are little-endian.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError

MAGIC, VERSION = b"MRT\0", 1
HEADER = struct.Struct("<4sIII")
RECORD = struct.Struct("<16sIIII")
ALIGNMENT = 16
TYPES = {"S": 0, "<u4": 1, "<f4": 2, "<f2": 3, "|i1": 4}

Records = dict[str, NDArray[Any]]


def text_record(text: str) -> NDArray[np.uint8]:
    """Return a text as the data of a record: UTF-8 that ends with a zero byte."""
    return np.frombuffer(text.encode() + b"\0", np.uint8)


def to_bytes(records: Records) -> bytes:
    """Return the content of a `.mrt` file.

    Args:
        records: arrays of uint8 (text), uint32, float32, float16 or int8, by name.

    Example:
        >>> import numpy as np
        >>> from marotte.device.records import from_bytes, to_bytes
        >>> content = to_bytes({"golden": np.float32([0.5, 1.0])})
        >>> len(content), from_bytes(content, "face.mrt")["golden"].tolist()
        (64, [0.5, 1.0])
    """
    body = b""
    for name, values in records.items():
        kind = "S" if values.dtype == np.uint8 else values.dtype.newbyteorder("<").str
        data = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
        body += RECORD.pack(name.encode(), TYPES[kind], len(data), 0, 0)
        body += data + bytes(-len(data) % ALIGNMENT)
    return HEADER.pack(MAGIC, VERSION, HEADER.size + len(body), zlib.crc32(body)) + body


def from_bytes(content: bytes, where: str) -> Records:
    """Return the records of a `.mrt` file.

    Args:
        content: the file's bytes.
        where: the name of the file, for messages.

    Raises:
        MarotteError: the content is not a `.mrt` file, or is damaged.
    """
    if len(content) < HEADER.size or content[:4] != MAGIC:
        raise MarotteError(f"{where} is not a .mrt file: make one with marotte export -o NAME.mrt")
    _, version, size, crc = HEADER.unpack_from(content)
    if version != VERSION:
        raise MarotteError(f"{where} has version {version}, expected {VERSION}: export it again")
    if size != len(content) or crc != zlib.crc32(content[HEADER.size :]):
        raise MarotteError(f"{where} is damaged: get a whole copy, or export it again")
    kinds = {number: np.uint8 if kind == "S" else np.dtype(kind) for kind, number in TYPES.items()}
    records: Records = {}
    at = HEADER.size
    while at < size:
        name, kind, n_bytes, _, _ = RECORD.unpack_from(content, at)
        at += RECORD.size
        data = content[at : at + n_bytes]
        records[name.rstrip(b"\0").decode()] = np.frombuffer(data, kinds[kind])
        at += n_bytes + -n_bytes % ALIGNMENT
    return records
