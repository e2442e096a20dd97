"""Files of NumPy in (.npz, .npy); arrays out. Memory follows the file's size, not its headers."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast
from zipfile import ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

MOST_EXPANSION = 100  # times the size of the file; curves of a face compress about 10 times
ALWAYS_ALLOWED = 2**26  # bytes


def read_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Read all arrays of an .npz file; it may be compressed, and contains no pickles.

    Raises:
        OSError: the file can't be read.
        ValueError: the file is damaged, cut short, or expands to far more than its size.

    Example:
        >>> import numpy as np
        >>> from marotte.archives import read_arrays
        >>> np.savez("two.npz", a=np.zeros(3), b=np.array("text"))
        >>> sorted(read_arrays("two.npz"))
        ['a', 'b']
    """
    with _damage_is_a_value_error(), ZipFile(path) as archive:
        members = archive.infolist()
        allowed = max(ALWAYS_ALLOWED, MOST_EXPANSION * os.stat(path).st_size)
        if sum(member.file_size for member in members) > allowed:
            raise ValueError(f"it expands to more than {MOST_EXPANSION} times its size")
        return {each.filename.removesuffix(".npy"): _array(archive, each) for each in members}


def open_array(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Open the array of a .npy file; its values are read from the disk when they are used.

    Raises:
        OSError: the file can't be read.
        ValueError: the file is damaged or cut short, or is not an array of numbers or texts.

    Example:
        >>> import numpy as np
        >>> from marotte.archives import open_array
        >>> np.save("three.npy", np.arange(3))
        >>> open_array("three.npy").tolist()
        [0, 1, 2]
    """
    with _damage_is_a_value_error():
        array: Any = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray):
            raise ValueError("it is an archive, not one array")
        _check_text(array)
        return cast("NDArray[Any]", array)


@contextmanager
def _damage_is_a_value_error() -> Generator[None]:
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # the readers of zip and of NumPy raise some twenty different ones
        raise ValueError(str(error) or type(error).__name__) from error


def _array(archive: ZipFile, member: ZipInfo) -> NDArray[Any]:
    with archive.open(member) as file:
        read_header = {1: npy.read_array_header_1_0, 2: npy.read_array_header_2_0}
        shape, _, kind = read_header[npy.read_magic(file)[0]](file)
        if kind.hasobject or math.prod(shape) * kind.itemsize > member.file_size:
            raise ValueError(f"the array {member.filename} contradicts its header")
    with archive.open(member) as file:
        array: Any = npy.read_array(file, allow_pickle=False)
    _check_text(array)
    return array


def _check_text(array: Any) -> None:
    """Refuse texts with numbers that are no characters: Python would fail on them later.

    Raises:
        ValueError: there is one.
    """
    if array.dtype.kind == "U" and array.dtype.itemsize:
        codes = np.ascontiguousarray(array).view(f"{array.dtype.byteorder}u4")
        if codes.max(initial=0) > sys.maxunicode:
            raise ValueError("a text has a number that is not a character")
