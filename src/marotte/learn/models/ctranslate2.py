"""Reader of CTranslate2 model files: the bytes of a `model.bin` in, its variables by name out.

The format (versions 3 to 6) is little endian: u32 version, text specification, u32 revision, u32
count, then each variable as text name, u8 rank, u32 per dimension, u8 type, u32 bytes, data. A text
is a u16 length and its bytes with a final zero. The aliases at the end are not read.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
_VERSIONS = range(3, 7)


def read_variables(content: bytes, prefix: str) -> dict[str, NDArray[Any]]:
    """Return the variables whose names start with `prefix`, as views of the file's content.

    Raises:
        ValueError: the file has another format, or is truncated.
    """
    reader = _Reader(content)
    version, _, _ = reader.number("I"), reader.text(), reader.number("I")
    if version not in _VERSIONS:
        raise ValueError(f"the model file must have version 3 to 6, got version {version}")
    variables: dict[str, NDArray[Any]] = {}
    for _ in range(reader.number("I")):
        name = reader.text()
        shape = [reader.number("I") for _ in range(reader.number("B"))]
        kind, n_bytes = reader.number("B"), reader.number("I")
        data = reader.take(n_bytes)
        if name.startswith(prefix):
            variables[name] = np.frombuffer(data, _TYPES[kind]).reshape(shape)
    return variables


class _Reader:
    """Reads values from bytes in order; raises at their end."""

    def __init__(self, content: bytes) -> None:
        self.content, self.position = memoryview(content), 0

    def take(self, n: int) -> memoryview:
        taken = self.content[self.position : self.position + n]
        if len(taken) < n:
            raise ValueError("the model file is truncated")
        self.position += n
        return taken

    def number(self, kind: str) -> int:
        return struct.unpack("<" + kind, self.take(struct.calcsize("<" + kind)))[0]

    def text(self) -> str:
        return bytes(self.take(self.number("H"))).rstrip(b"\0").decode("utf-8", "replace")
