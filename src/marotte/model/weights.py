"""A student's ONNX file in; its weights by name out. ONNX itself is not needed.

An ONNX file is one protocol buffer: a list of fields, each with a number, a type and a value. Of
its hundreds of fields, this module reads the few that hold tensors of floats.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError

Weights = dict[str, NDArray[np.float32]]

# Numbers of fields in onnx.proto: ModelProto, GraphProto and TensorProto.
GRAPH, INITIALIZER = 7, 5
DIMS, DATA_TYPE, FLOAT_DATA, NAME, RAW_DATA = 1, 2, 4, 8, 9
FLOATS = {1: np.dtype("<f4"), 10: np.dtype("<f2")}  # TensorProto.FLOAT and FLOAT16

# A network's own weights begin with the first; those stored in 16 bits end with the second.
NET_PREFIX, HALF_SUFFIX = "net.", ".half"

VARINT, FIXED_64, LENGTH, FIXED_32 = 0, 1, 2, 5  # types of values


def read_weights(path: Path) -> Weights:
    """Return the float tensors of a student's ONNX file, widened to 32 bits.

    Returns:
        The tensors by their names in the network, e.g. `output.weight`.

    Raises:
        MarotteError: the file can't be read or is cut short.

    Example:
        >>> from marotte.model.weights import read_weights
        >>> from marotte.model.session import student_path
        >>> weights = read_weights(student_path("live"))
        >>> weights["project.1.weight"].shape[2]
        1
    """
    try:
        content = memoryview(path.read_bytes())
        tensors = [
            _tensor(tensor)
            for graph in _values(content, GRAPH)
            for tensor in _values(graph, INITIALIZER)
        ]
    except OSError as error:
        raise MarotteError(f"can't read {path}: {error.strerror or error}") from error
    except (IndexError, ValueError) as error:
        raise MarotteError(f"{path} is cut short or not an ONNX file: get a whole copy") from error
    return {
        name.removeprefix(NET_PREFIX).removesuffix(HALF_SUFFIX): values
        for name, values in tensors
        if values is not None
    }


def _tensor(content: memoryview) -> tuple[str, NDArray[np.float32] | None]:
    """Return a tensor's name, and its values unless it holds no floats."""
    dims: list[int] = []
    kind, name, raw = 0, "", memoryview(b"")
    for number, value in _fields(content):
        if number == DIMS:
            dims += [value] if isinstance(value, int) else list(_varints(value))
        elif number == DATA_TYPE and isinstance(value, int):
            kind = value
        elif number in (FLOAT_DATA, RAW_DATA) and not isinstance(value, int):
            raw = value
        elif number == NAME and not isinstance(value, int):
            name = bytes(value).decode()
    if kind not in FLOATS:
        return name, None
    return name, np.frombuffer(raw, FLOATS[kind]).astype(np.float32).reshape(dims)


def _values(content: memoryview, wanted: int) -> Iterator[memoryview]:
    """Yield the messages in a field."""
    for number, value in _fields(content):
        if number == wanted and not isinstance(value, int):
            yield value


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Yield the number and the value of each field of a message."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        kind = key & 7
        if kind == VARINT:
            value, at = _varint(content, at)
            yield key >> 3, value
            continue
        if kind == LENGTH:
            size, at = _varint(content, at)
        elif kind in (FIXED_32, FIXED_64):
            size = 4 if kind == FIXED_32 else 8
        else:
            raise ValueError(f"type {kind}")
        if at + size > len(content):
            raise ValueError("cut short")
        yield key >> 3, content[at : at + size]
        at += size


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    """Return the number at a position, seven bits per byte, and the position after it."""
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")


def _varints(content: memoryview) -> Iterator[int]:
    at = 0
    while at < len(content):
        value, at = _varint(content, at)
        yield value
