"""Time arithmetic: which samples a student sees for a frame, and when frames are.

Frame k of an animation shows the face at exactly k / fps seconds. A student looks at `past`
samples before that moment and `future` samples after it (its look-ahead).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError

WINDOW_SAMPLES = 8_192  # 512 ms
STEP_SAMPLES = 320  # 20 ms: the hop length of every front end
DEFAULT_FPS = 60.0
HIGHEST_FPS = 1000.0


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


def check_fps(fps: float) -> None:
    """Refuse a rate of frames that can't be.

    Raises:
        MarotteError: it is not above 0 and up to 1000.
    """
    if not (math.isfinite(fps) and 0 < fps <= HIGHEST_FPS):
        raise MarotteError(f"fps must be above 0 and up to {HIGHEST_FPS:g}, got {fps:g}")
