"""The weights of one layer in; arrays in the order in which the C library reads them out.

Outputs lie in blocks of eight, so that one load brings the weights of eight outputs for one input:
[block, input, 8]. Eight-bit weights take two inputs at a time, because one instruction multiplies
and adds pairs: [block, pair of inputs, 8, 2].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 8
LARGEST = 127  # of eight-bit weights

Floats = NDArray[np.float32]


def packed(weight: Floats, int8: bool) -> dict[str, NDArray[Any]]:
    """Pack a matrix [..., n_out, n_in]; each matrix of a stack has the same outputs.

    Returns:
        `w`, the weights; of eight-bit weights also `s`, the scale of each output.

    Example:
        >>> import numpy as np
        >>> from marotte.device.packing import packed
        >>> packed(np.ones((21, 10), np.float32), int8=False)["w"].shape
        (3, 10, 8)
        >>> arrays = packed(np.ones((21, 9), np.float32), int8=True)
        >>> arrays["w"].shape, arrays["s"].shape
        ((3, 5, 8, 2), (24,))
    """
    stack = weight.shape[:-2]
    padded = _padded(weight, -2, BLOCK)
    if not int8:
        blocks = padded.reshape(*stack, -1, BLOCK, weight.shape[-1])
        return {"w": _narrowest(np.moveaxis(blocks, -1, -2))}
    scale = _scale(padded, -1)
    return {"w": _eight_bits(padded, scale), "s": scale}


def rounding_errors(weight: Floats) -> Floats:
    """Return what 8 bits add to a matrix [n_out, n_in].

    Example:
        >>> import numpy as np
        >>> from marotte.device.packing import rounding_errors
        >>> rounding_errors(np.array([[127.0, 1.7]])).round(1).tolist()
        [[0.0, 0.3]]
    """
    scale = _scale(weight, -1)[:, None]
    return np.rint(weight / scale) * scale - weight


def packed_taps(weight: Floats, groups: int, n_steps: int, int8: bool) -> dict[str, NDArray[Any]]:
    """Pack layer 9's weight [channels, channels / groups, 64] for windows of `n_steps`.

    Tap s - t + 32 leads from step s to step t. Taps that only meet the padding are left out.

    Returns:
        `w` [tap, group, block, input, 8], and `s` [group, output] as in `packed`.
    """
    first = weight.shape[2] // 2 - (n_steps - 1)
    used = weight[:, :, first : first + 2 * n_steps - 1]
    stack = used.transpose(2, 0, 1).reshape(len(used[0, 0]), groups, -1, used.shape[1])
    if not int8:
        return packed(stack, int8=False)
    padded = _padded(stack, -2, BLOCK)
    scale = _scale(padded, (0, -1))
    return {"w": _eight_bits(padded, scale), "s": scale}


def _scale(weight: Floats, axis: int | tuple[int, int]) -> Floats:
    """Return what one step of 8 bits stands for, from the largest weights along some axes."""
    largest = np.abs(weight).max(axis=axis)
    return np.where(largest > 0, largest / LARGEST, 1).astype(np.float32)


def _eight_bits(padded: Floats, scale: Floats) -> NDArray[np.int8]:
    rounded = np.rint(padded / scale[..., None]).astype(np.int8)
    pairs = _padded(rounded, -1, 2)
    blocks = pairs.reshape(*pairs.shape[:-2], -1, BLOCK, pairs.shape[-1] // 2, 2)
    return np.ascontiguousarray(np.moveaxis(blocks, -2, -3))


def padded_bias(bias: Floats, groups: int = 1) -> Floats:
    """Return a bias [n_out] with zeros up to whole blocks in each group."""
    return _padded(bias.reshape(groups, -1), -1, BLOCK).reshape(-1)


def _padded(array: NDArray[Any], axis: int, multiple: int) -> NDArray[Any]:
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, -array.shape[axis] % multiple)
    return np.pad(array, widths)


def _narrowest(values: Floats) -> NDArray[Any]:
    """Return values in 16 bits where that is exact, else in 32."""
    with np.errstate(over="ignore"):
        halves = values.astype(np.float16)
    exact = np.array_equal(halves.astype(np.float32), values)
    return np.ascontiguousarray(halves if exact else values)
