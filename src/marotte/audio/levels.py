"""Samples in; the same as mono out, or a clear error where they can't be sound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError

LOUDEST = 100.0  # 40 dB over full scale: beyond it, samples are not scaled to -1..1

Samples = NDArray[np.float32]


def to_mono(samples: NDArray[np.number]) -> Samples:
    """The mean of the channels [n] of samples [n, channels]."""
    return samples.mean(axis=1, dtype=np.float32)


def check_samples(samples: Samples, what: str, rate: int, first: int = 0) -> None:
    """Refuse samples [n], the first at place `first`, that are not finite or far beyond -1..1.

    Raises:
        MarotteError: says which sample of `what`.
    """
    wrong = np.flatnonzero(~(np.abs(samples) <= LOUDEST))
    if len(wrong):
        raise MarotteError(
            f"{what} has the sample {samples[wrong[0]]:g} at {(first + wrong[0]) / rate:.3f} s: "
            "samples must be finite numbers, about -1 to 1"
        )
