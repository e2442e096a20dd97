"""A pickle of plain data in; dictionaries, lists, texts, numbers and NumPy arrays out.

Python's own reader calls whatever functions the file names, so that a file can run a program. This
reader calls nothing that a file names. It has a fixed list of instructions, knows four functions of
NumPy by their names only, and makes the arrays itself. Work and memory follow the size of the file.
"""

from __future__ import annotations

import codecs
import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError

_NUMBER_TYPE = re.compile("b1|[iu][1248]|f[248]")
_NUMPY_NAMES = ("ndarray", "dtype", "_reconstruct", "_frombuffer", "scalar")
# Instructions with a length before their content: struct format of the length, kind of content.
_SIZED = {
    b"X": ("<I", "utf-8"), b"\x8c": ("<B", "utf-8"), b"\x8d": ("<Q", "utf-8"),
    b"T": ("<i", "latin1"), b"U": ("<B", "latin1"),  # texts by Python 2
    b"B": ("<I", ""), b"C": ("<B", ""), b"\x8e": ("<Q", ""), b"\x96": ("<Q", ""),
}  # fmt: skip
_NUMBERS = {b"J": "<i", b"K": "<B", b"M": "<H", b"G": ">d"}
_CONSTANTS = {b"N": None, b"\x88": True, b"\x89": False}
_TUPLES = {b")": 0, b"\x85": 1, b"\x86": 2, b"\x87": 3}
_MEMO_SIZES = {b"q": "<B", b"r": "<I", b"h": "<B", b"j": "<I"}
_DAMAGED = (ArithmeticError, LookupError, MemoryError, TypeError, ValueError, struct.error)


def read_plain_pickle(path: Path) -> Any:
    """Read the value in a pickle, written by any protocol from 0 to 5.

    Texts of Python 2 become text in Latin-1, as `encoding="latin1"` does.

    Raises:
        MarotteError: the file can't be read, is cut short, or contains anything but dictionaries,
            lists, tuples, texts, bytes, numbers and NumPy arrays of numbers.

    Example:
        >>> import pickle
        >>> from pathlib import Path
        >>> from marotte.learn.corpora.plain_pickle import read_plain_pickle
        >>> _ = Path("table.pkl").write_bytes(pickle.dumps({"rate": 22_000, "frames": [1, 2]}))
        >>> read_plain_pickle(Path("table.pkl"))
        {'rate': 22000, 'frames': [1, 2]}
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MarotteError(f"can't read {path}: {error.strerror or error}") from error
    try:
        return _Reader(content).read()
    except _DAMAGED as error:
        raise MarotteError(f"{path} is not a pickle of plain data: {error}") from error


@final
@dataclass(frozen=True)
class _Name:
    """The name of a function or class. It is compared, and never looked up."""

    module: str
    name: str


@final
@dataclass(eq=False)
class _Unfinished:
    """An array or a type of numbers whose content comes in a later instruction."""

    type_code: str  # of a type; empty for an array
    memo_keys: list[int] = field(default_factory=list)


class _Reader:
    """Carries out the instructions of a pickle."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def read(self) -> Any:
        """Return the value of the pickle."""
        while (instruction := self._bytes(1)) != b".":
            if not self._push_value(instruction):
                self._carry_out(instruction)
        return self._stack.pop()

    def _push_value(self, instruction: bytes) -> bool:
        """Push a text, number or constant; return whether the instruction was one of these."""
        if instruction in _SIZED:
            size_format, encoding = _SIZED[instruction]
            content = self._bytes(self._number(size_format))
            self._stack.append(content.decode(encoding) if encoding else content)
        elif instruction in _NUMBERS:
            self._stack.append(self._number(_NUMBERS[instruction]))
        elif instruction in _CONSTANTS:
            self._stack.append(_CONSTANTS[instruction])
        elif instruction in _TUPLES:
            n_items = _TUPLES[instruction]
            self._stack.append(tuple(reversed([self._stack.pop() for _ in range(n_items)])))
        elif instruction in _LINES:
            self._stack.append(_LINES[instruction](self._line()))
        elif instruction in (b"\x8a", b"\x8b"):
            size = self._number("<B" if instruction == b"\x8a" else "<i")
            self._stack.append(int.from_bytes(self._bytes(size), "little", signed=True))
        else:
            return False
        return True

    def _carry_out(self, instruction: bytes) -> None:
        """Carry out an instruction that changes containers, memo or arrays."""
        if instruction in (b"\x80", b"\x95"):  # the protocol; the length of a frame
            self._bytes(1 if instruction == b"\x80" else 8)
        elif instruction == b"(":
            self._marks.append(len(self._stack))
        elif instruction in b"}]":
            self._stack.append({} if instruction == b"}" else [])
        elif instruction in b"dlt":
            make = {b"d": _dictionary, b"l": list, b"t": tuple}[instruction]
            self._stack.append(make(self._since_mark()))
        elif instruction in b"saue":
            self._add_to_container(instruction)
        elif instruction in b"pqrghj\x94":
            self._remember_or_recall(instruction)
        elif instruction in b"c\x93":
            name, module = (
                (self._stack.pop(), self._stack.pop())
                if instruction == b"\x93"
                else reversed([self._line(), self._line()])
            )
            self._stack.append(_known(module, name))
        elif instruction in b"Rb":
            value, function = self._stack.pop(), self._stack.pop()
            made = _make(function, value) if instruction == b"R" else self._finish(function, value)
            self._stack.append(made)
        else:
            raise ValueError(f"the instruction {instruction!r} is not for plain data")

    def _add_to_container(self, instruction: bytes) -> None:
        n_items = {b"s": 2, b"a": 1}.get(instruction)
        items = self._since_mark() if n_items is None else self._stack[-n_items:]
        if n_items is not None:
            del self._stack[-n_items:]
        container = self._stack[-1]
        if instruction in b"su" and type(container) is dict:
            container.update(_dictionary(items))
        elif instruction in b"ae" and type(container) is list:
            container.extend(items)
        else:
            raise TypeError(f"{type(container).__name__} takes no items")

    def _remember_or_recall(self, instruction: bytes) -> None:
        if instruction == b"\x94":
            key = len(self._memo)
        elif instruction in b"pg":
            key = int(self._line())
        else:
            key = self._number(_MEMO_SIZES[instruction])
        if instruction in b"ghj":
            self._stack.append(self._memo[key])
            return
        self._memo[key] = self._stack[-1]
        if isinstance(self._stack[-1], _Unfinished):
            self._stack[-1].memo_keys.append(key)

    def _finish(self, unfinished: Any, state: Any) -> Any:
        """Return a finished array or type, and put it in the place of the unfinished one."""
        if not isinstance(unfinished, _Unfinished):
            raise TypeError(f"{type(unfinished).__name__} has no state")
        if unfinished.type_code:
            order = {"<": "<", ">": ">", "|": "", "=": ""}[state[1]]
            made: Any = np.dtype(order + unfinished.type_code)
        else:
            _, shape, kind, is_fortran, content = state
            made = _array(content, kind, shape, "F" if is_fortran is True else "C")
        for key in unfinished.memo_keys:
            self._memo[key] = made
        return made

    def _since_mark(self) -> list[Any]:
        first = self._marks.pop()
        items = self._stack[first:]
        del self._stack[first:]
        return items

    def _bytes(self, size: int) -> bytes:
        if not 0 <= size <= len(self._content) - self._at:
            raise ValueError("it is cut short")
        self._at += size
        return self._content[self._at - size : self._at]

    def _number(self, number_format: str) -> Any:
        return struct.unpack(number_format, self._bytes(struct.calcsize(number_format)))[0]

    def _line(self) -> str:
        end = self._content.index(b"\n", self._at)
        line = self._bytes(end - self._at)
        self._at += 1
        return line.decode("latin1")


def _python_2_text(quoted: str) -> str:
    content, _ = codecs.escape_decode(quoted.strip()[1:-1].encode("latin1"))  # pyright: ignore
    return content.decode("latin1")


# Instructions whose content ends with the line, by their first byte.
_LINES: dict[bytes, Callable[[str], Any]] = {
    b"I": lambda line: line == "01" if line in ("00", "01") else int(line),
    b"L": lambda line: int(line.rstrip("L")),
    b"F": float,
    b"S": _python_2_text,
    b"V": lambda line: line.encode("latin1").decode("raw-unicode-escape"),
}


def _dictionary(items: list[Any]) -> dict[Any, Any]:
    # Other keys could be nested too deeply to be hashed.
    if not all(isinstance(key, str | int | bytes) for key in items[::2]):
        raise TypeError("the key of a dictionary is neither a text nor a number")
    return dict(zip(items[::2], items[1::2], strict=True))


def _known(module: Any, name: Any) -> _Name:
    """Return the name of a known function or class.

    Raises:
        ValueError: it is not one.
    """
    is_numpy = isinstance(module, str) and module.partition(".")[0] == "numpy"
    if (is_numpy and name in _NUMPY_NAMES) or (module, name) == ("_codecs", "encode"):
        return _Name(module, name)
    raise ValueError(f"{module}.{name} is not plain data")


def _make(function: Any, arguments: Any) -> Any:
    """Return what one of the known functions would return."""
    if not isinstance(function, _Name):
        raise TypeError(f"{type(function).__name__} is not a function")
    if function.name == "encode":
        text, encoding = arguments  # Python 3 writes bytes for Python 2 this way
        if isinstance(text, str) and encoding == "latin1":
            return text.encode("latin1")
    elif function.name == "_reconstruct":
        return _Unfinished("")
    elif function.name == "dtype":
        if isinstance(arguments[0], str) and _NUMBER_TYPE.fullmatch(arguments[0]):
            return _Unfinished(arguments[0])
        raise ValueError("an array holds something else than numbers")
    elif function.name == "scalar":
        kind, content = arguments
        return _array(content, kind, (), "C")[()]
    elif function.name == "_frombuffer":
        content, kind, shape, order = arguments
        return _array(content, kind, shape, "F" if order == "F" else "C")
    raise ValueError(f"{function.module}.{function.name} can't be called")


def _array(content: Any, kind: Any, shape: Any, order: Any) -> NDArray[Any]:
    """Return an array of numbers over bytes of the file."""
    content = content.encode("latin1") if isinstance(content, str) else content
    sizes = [size for size in shape if type(size) is int and size >= 0]
    fits = isinstance(kind, np.dtype) and isinstance(content, bytes)
    if not fits or len(sizes) != len(shape) or math.prod(sizes) * kind.itemsize != len(content):
        raise ValueError("an array contradicts its content")
    return np.frombuffer(content, kind).reshape(sizes, order=order)
