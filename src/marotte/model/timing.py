"""Time arithmetic: the moments of frames, and the window of samples that a student gets for each.

Frame k of an animation shows the face at exactly k / fps seconds. The window of a student holds
`past` samples before that moment and `future` samples after it (the look-ahead).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from marotte.audio.resampling import SAMPLE_RATE

WINDOW_SAMPLES = 8_192  # 512 ms
STEP_SAMPLES = 320  # 20 ms, the hop length of every front end
DEFAULT_FPS = 60.0


@dataclass(frozen=True)
class WindowSpec:
    """The window of one frame: `past_samples` before its moment, `future_samples` after."""

    past_samples: int
    future_samples: int

    @property
    def n_samples(self) -> int:
        """Length of the window in samples."""
        return self.past_samples + self.future_samples

    @property
    def lookahead_ms(self) -> float:
        """The delay that the look-ahead adds to a live face."""
        return 1000 * self.future_samples / SAMPLE_RATE


def window(lookahead_ms: float) -> WindowSpec:
    """Return the window of 512 ms, as in the paper, with a look-ahead.

    Example:
        >>> from marotte.model.timing import window
        >>> window(lookahead_ms=64)
        WindowSpec(past_samples=7168, future_samples=1024)
    """
    future = round(lookahead_ms * SAMPLE_RATE / 1000)
    return WindowSpec(WINDOW_SAMPLES - future, future)


def n_frames(n_samples: int, fps: float) -> int:
    """Return the number of frames: every k >= 0 with k / fps < seconds, and at least frame 0.

    Example:
        >>> from marotte.model.timing import n_frames
        >>> n_frames(16_000, fps=60)
        60
    """
    return max(1, math.ceil(n_samples * fps / SAMPLE_RATE - 1e-9))
