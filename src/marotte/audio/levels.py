"""Arrays of samples in; an error if they can't be sound out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError

LOUDEST = 100.0  # 40 dB over full scale: louder samples were not scaled to -1..1

Samples = NDArray[np.float32]


def check_array(samples: NDArray[Any]) -> None:
    """Refuse an array that is not laid out as soundfile reads it: floats [n] or [n, channels].

    Raises:
        MarotteError: the samples are integers, or the axes are in another order: an array with
            more channels than samples is taken for [channels, n].
    """
    if samples.ndim not in (1, 2) or samples.dtype.kind != "f":
        small = samples.dtype.kind == "i" and samples.dtype.itemsize < 8
        hint = f": divide by {2 ** (8 * samples.dtype.itemsize - 1)}" if small else ""
        raise MarotteError(
            f"samples must be floats [n] or [n, channels] within -1..1, {_described(samples)}{hint}"
        )
    if not samples.size:
        raise MarotteError("there are 0 samples of sound: give at least one")
    if samples.ndim == 2 and samples.shape[1] > max(2, samples.shape[0]):
        raise MarotteError(f"samples must be [n, channels], {_described(samples)}: pass samples.T")


def _described(samples: NDArray[Any]) -> str:
    return f"got {samples.dtype} {list(samples.shape)}"


def check_samples(samples: Samples, what: str, rate: int, first: int = 0) -> None:
    """Refuse samples [n] that are not finite or far beyond -1..1.

    Args:
        samples: mono samples.
        what: the name of the sound, for the message.
        rate: sample rate in Hz.
        first: the position of the first sample in the sound.

    Raises:
        MarotteError: says which sample of `what` is wrong.
    """
    usual = np.abs(samples) <= LOUDEST
    if not usual.all():
        wrong = np.flatnonzero(~usual)
        raise MarotteError(
            f"{what} has the sample {samples[wrong[0]]:g} at {(first + wrong[0]) / rate:.3f} s: "
            "samples must be finite numbers, about -1 to 1"
        )
