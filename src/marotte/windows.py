"""Time arithmetic: which samples a student sees for a frame, and when frames are.

Frame k of an animation shows the face at exactly k / fps seconds. A student looks at `past`
samples before that moment and `future` samples after it (its look-ahead).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000  # samples a second, everywhere inside Marotte
WINDOW_SAMPLES = 8_192  # 512 ms


@dataclass(frozen=True)
class WindowSpec:
    """What a student hears for one frame: `past_samples` before it, `future_samples` after."""

    past_samples: int
    future_samples: int

    @property
    def n_samples(self) -> int:
        """The window's whole length."""
        return self.past_samples + self.future_samples

    @property
    def lookahead_ms(self) -> float:
        """The delay that the future samples cost a live face."""
        return 1000 * self.future_samples / SAMPLE_RATE


def window(lookahead_ms: float) -> WindowSpec:
    """The paper's 512 ms window with a given look-ahead."""
    future = round(lookahead_ms * SAMPLE_RATE / 1000)
    return WindowSpec(WINDOW_SAMPLES - future, future)


def n_frames(n_samples: int, fps: float) -> int:
    """Frames of a sound: every k >= 0 with k / fps < seconds, and at least frame 0."""
    return max(1, math.ceil(n_samples * fps / SAMPLE_RATE - 1e-9))


def frame_samples(first: int, last: int, fps: float) -> NDArray[np.int64]:
    """The sample at which each frame of `first..last-1` stands, rounded to the nearest."""
    return np.rint(np.arange(first, last) * (SAMPLE_RATE / fps)).astype(np.int64)
