"""Messages of protocol buffers, as in ONNX files: lists of fields, each a number and a value.

Errors in a message are `IndexError` or `ValueError`.
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED_64, LENGTH, FIXED_32 = 0, 1, 2, 5  # types of values


def field(number: int, content: bytes) -> bytes:
    """Return a field that holds bytes, text or a message.

    Example:
        >>> from marotte.model.protobuf import field, values
        >>> [bytes(value) for value in values(memoryview(field(1, b"tap")), 1)]
        [b'tap']
    """
    return _varint_of(number << 3 | LENGTH) + _varint_of(len(content)) + content


def _varint_of(value: int) -> bytes:
    """Return a number in seven bits per byte."""
    content = bytearray()
    while value > 127:
        content.append(value & 127 | 128)
        value >>= 7
    return bytes([*content, value])


def values(content: memoryview, wanted: int) -> Iterator[memoryview]:
    """Yield the messages in a field."""
    for number, value in fields(content):
        if number == wanted and not isinstance(value, int):
            yield value


def fields(content: memoryview) -> Iterator[tuple[int, memoryview | int]]:
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


def varints(content: memoryview) -> Iterator[int]:
    """Yield numbers that follow each other."""
    at = 0
    while at < len(content):
        value, at = _varint(content, at)
        yield value
