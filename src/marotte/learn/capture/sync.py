"""Sound and the opening of the mouth in; where somebody speaks, and how far they are apart, out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.capture.sound_frames import loudness_db, widened

STEP_S = 0.01
QUIET_DB = 30.0  # pauses are this much quieter than loud speech,
NOISE_SHARE = 0.4  # or in this share of the range from the noise of the room to loud speech
MARGIN_S = 0.2  # the mouth moves before the sound begins, and after it ends
LARGEST_OFFSET_S = 0.5
WARN_MS = 100.0
CLEAR_R = 0.3  # below this, the opening does not follow the sound well enough to say anything
SHORTEST_S = 15.0  # of sound; in less, other words may fit better than the right ones


class Sync(NamedTuple):
    """How far picture and sound are apart.

    Attributes:
        offset_ms: how much later the mouth opens than the sound grows; negative if earlier.
        r: the correlation of the opening and the loudness at that offset.
        seconds: duration of the sound.
    """

    offset_ms: float
    r: float
    seconds: float

    @property
    def clear(self) -> bool:
        """Whether the offset means something: enough sound, and a mouth that follows it."""
        return self.r >= CLEAR_R and self.seconds >= SHORTEST_S

    @property
    def warning(self) -> str:
        """A sentence if the offset is clear and large, else the empty string."""
        if not self.clear or abs(self.offset_ms) <= WARN_MS:
            return ""
        late = "after" if self.offset_ms > 0 else "before"
        return (
            f"the mouth moves {abs(self.offset_ms):.0f} ms {late} the sound: check that the video "
            "plays in sync"
        )


def speech_frames(samples: NDArray[np.float32], time_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether somebody speaks at each time [n_frames], from the loudness.

    Speech is within 30 dB of loud speech, and above the noise of the room.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.sync import speech_frames
        >>> samples = np.zeros(32_000, np.float32)
        >>> samples[16_000:20_000] = 0.1
        >>> speech_frames(samples, np.array([0.5, 1.1, 1.9])).tolist()
        [False, True, False]
    """
    loud_db = _loudness_db(samples)
    floor_db, top_db = np.percentile(loud_db, [5, 95]).tolist()
    loud = loud_db > max(top_db - QUIET_DB, floor_db + NOISE_SHARE * (top_db - floor_db))
    near = widened(loud, round(MARGIN_S / STEP_S))
    return near[np.clip(np.round(time_s / STEP_S).astype(int), 0, len(near) - 1)]


def measure_sync(
    samples: NDArray[np.float32], time_s: NDArray[np.float64], gap_mm: NDArray[np.float64]
) -> Sync:
    """Return the offset at which the opening of the mouth follows the loudness best.

    Args:
        samples: mono samples [n_samples] at 16 kHz.
        time_s: times of the frames [n_frames].
        gap_mm: distance of the lips [n_frames], NaN where there is no face.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.sync import measure_sync
        >>> loud = np.repeat(np.random.default_rng(0).random(40), 1600) ** 2
        >>> samples = (loud * np.sin(np.arange(len(loud)))).astype(np.float32)
        >>> time_s = np.arange(0, 4, 0.04)
        >>> gap_mm = np.interp(time_s - 0.12, np.arange(len(loud)) / 16_000, loud)
        >>> 100 <= measure_sync(samples, time_s, gap_mm).offset_ms <= 140
        True
    """
    loud_db, seconds = _loudness_db(samples), len(samples) / SAMPLE_RATE
    seen = np.isfinite(gap_mm)
    if seen.sum() < 2:
        return Sync(0.0, 0.0, seconds)
    gap = np.interp(np.arange(len(loud_db)) * STEP_S, time_s[seen], gap_mm[seen])
    largest = min(round(LARGEST_OFFSET_S / STEP_S), len(gap) // 2)
    offsets = range(-largest, largest + 1)
    correlations = [_correlation(loud_db, gap, offset) for offset in offsets]
    best = int(np.argmax(correlations))
    return Sync(1000 * STEP_S * offsets[best], correlations[best], seconds)


def _loudness_db(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the loudness [n_steps] in dB of samples [n_samples], every 10 ms."""
    return loudness_db(samples, 1 + round(len(samples) / SAMPLE_RATE / STEP_S), 1 / STEP_S)


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64], late: int) -> float:
    """Return the correlation of a [n] with b [n], which is `late` steps later."""
    a, b = (a[: len(a) - late], b[late:]) if late >= 0 else (a[-late:], b[:late])
    if len(a) < 2 or not a.std() or not b.std():
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
