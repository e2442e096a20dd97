"""Mono samples at any rate in, as they come; the same at 16 kHz out."""

# soxr carries no types.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError

SAMPLE_RATE = 16_000  # samples per second, everywhere inside Marotte
LOWEST_RATE = 8_000  # samples a second; speech under it has lost what tells lips apart
HIGHEST_RATE = 768_000  # above it a header is damaged

Samples = NDArray[np.float32]


def check_rate(rate: int) -> None:
    """Refuse a sample rate that speech can't have.

    Raises:
        MarotteError: the rate is not within 8000..768000 Hz.
    """
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise MarotteError(f"rate must be {LOWEST_RATE} to {HIGHEST_RATE} a second, got {rate}")


def converted_samples(n: int, rate: int) -> int:
    """How many samples at 16 kHz are `n` at a rate; a last one that is begun counts."""
    return -(-n * SAMPLE_RATE // rate)


@final
class Resampler:
    """Brings mono samples from one rate to 16 kHz, as they come; what comes before is remembered.

    soxr works in blocks of its own: what it gives lags behind by up to 40 ms of sound at 44.1 or
    48 kHz, and not at all at 16 kHz.
    """

    def __init__(self, rate: int) -> None:
        self._stream: Any = None
        if rate != SAMPLE_RATE:
            import soxr

            self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")

    def push(self, samples: Samples) -> Samples:
        """What samples [n] at the rate make ready, at 16 kHz; the sum hangs on no block's size."""
        return self._stream.resample_chunk(samples) if self._stream else samples

    def flush(self) -> Samples:
        """The rest, when no more will come."""
        nothing = np.zeros(0, np.float32)
        return self._stream.resample_chunk(nothing, last=True) if self._stream else nothing


def resample(blocks: Iterator[Samples], rate: int) -> Iterator[Samples]:
    """Bring mono blocks [n] at `rate` to 16 kHz; the result does not depend on the blocks."""
    resampler = Resampler(rate)
    for block in blocks:
        yield resampler.push(block)
    yield resampler.flush()
