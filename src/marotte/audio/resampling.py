"""Mono samples at any sample rate in, block by block; the same sound at 16 kHz out."""

# soxr carries no types.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError

SAMPLE_RATE = 16_000  # Hz, everywhere inside Marotte
LOWEST_RATE = 8_000  # Hz; below it, speech lacks the frequencies that tell sounds apart
HIGHEST_RATE = 768_000  # Hz; a higher rate means a damaged header

Samples = NDArray[np.float32]


def check_rate(rate: int) -> None:
    """Refuse a sample rate that speech can't have.

    Raises:
        MarotteError: the rate is not within 8000..768000 Hz.
    """
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise MarotteError(f"rate must be {LOWEST_RATE} to {HIGHEST_RATE} Hz, got {rate}")


def converted_samples(n: int, rate: int) -> int:
    """Return the number of samples at 16 kHz that `n` samples at a rate become, rounded up.

    Example:
        >>> from marotte.audio.resampling import converted_samples
        >>> converted_samples(44_101, 44_100)
        16001
    """
    return -(-n * SAMPLE_RATE // rate)


@final
class Resampler:
    """Converts a stream of mono samples to 16 kHz. The result does not depend on the block size.

    soxr works in internal blocks: its output lags behind by up to 40 ms of sound at 44.1 or 48 kHz.
    At 16 kHz there is no lag.

    Example:
        >>> import numpy as np
        >>> from marotte.audio.resampling import Resampler
        >>> resampler = Resampler(48_000)
        >>> len(resampler.push(np.zeros(48_000, np.float32))) + len(resampler.flush())
        16000
    """

    def __init__(self, rate: int) -> None:
        self._stream: Any = None
        if rate != SAMPLE_RATE:
            import soxr

            self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")

    def push(self, samples: Samples) -> Samples:
        """Take in samples [n] and return those that are ready at 16 kHz."""
        return self._stream.resample_chunk(samples) if self._stream else samples

    def flush(self) -> Samples:
        """Return the remaining samples at the end of the sound."""
        empty = np.zeros(0, np.float32)
        return self._stream.resample_chunk(empty, last=True) if self._stream else empty


def resample(blocks: Iterator[Samples], rate: int) -> Iterator[Samples]:
    """Convert mono blocks [n] at `rate` to 16 kHz; the sound does not depend on the block size."""
    resampler = Resampler(rate)
    for block in blocks:
        yield resampler.push(block)
    yield resampler.flush()
