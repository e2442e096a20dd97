"""Smoothing: each frame is the mean of predictions for neighbouring moments.

The predictions of a student for neighbouring moments differ by a little jitter. The mean of three
has less jitter (section 3.4 of the paper, equation 8):

    r(t) = 1/3 r(t - 1/60 s) + 1/3 r(t) + 1/3 r(t + 1/60 s)

Equation 8 delays a live face by a sixtieth of a second, because it needs the next prediction. At 60
frames per second it costs no computation, because the neighbours are frames themselves. Past
predictions add no delay, so a student can be trained for more of them; its contract holds their
number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE

NEIGHBOUR_S = 1 / 60


class Smoothing(NamedTuple):
    """How many neighbouring predictions, a sixtieth of a second apart, each frame averages.

    Attributes:
        behind: number of past predictions.
        ahead: number of later predictions; each adds 16.7 ms of delay.
    """

    behind: int = 0
    ahead: int = 0

    @property
    def delay_ms(self) -> float:
        """The delay that smoothing adds."""
        return 1000 * NEIGHBOUR_S * self.ahead

    @property
    def offsets_s(self) -> NDArray[np.floating]:
        """Offset of each prediction from the frame's moment, in order."""
        return np.arange(-self.behind, self.ahead + 1) * NEIGHBOUR_S


NONE = Smoothing()
EQUATION_8 = Smoothing(1, 1)


def resolve_smoothing(own: Smoothing, smooth: bool | None) -> Smoothing:
    """Return the smoothing to use.

    Args:
        own: the smoothing in the student's contract; may be `NONE`.
        smooth: None for the student's own smoothing; False for none; True for the student's own,
            or equation 8 if the student has none.

    Example:
        >>> from marotte.model.smoothing import NONE, resolve_smoothing
        >>> resolve_smoothing(NONE, smooth=True)
        Smoothing(behind=1, ahead=1)
    """
    if smooth is None:
        return own
    return (own if own != NONE else EQUATION_8) if smooth else NONE


def moments(first: int, last: int, fps: float, smoothing: Smoothing = NONE) -> NDArray[np.int64]:
    """Return the moments at which the frames `first..last-1` need predictions, in samples.

    Returns:
        [n_frames, 1 + behind + ahead], in the order of time. At 60 frames per second these are the
        moments of the neighbouring frames.

    Example:
        >>> from marotte.model.smoothing import EQUATION_8, moments
        >>> moments(0, 2, fps=60, smoothing=EQUATION_8).tolist()
        [[-267, 0, 267], [0, 267, 533]]
    """
    at = np.arange(first, last)[:, None] * (SAMPLE_RATE / fps)
    return np.rint(at + smoothing.offsets_s * SAMPLE_RATE).astype(np.int64)


def moments_of(frame: int, fps: float, smoothing: Smoothing = NONE) -> list[int]:
    """Return the moments of one frame, as `moments` does, in a twentieth of its time.

    Example:
        >>> from marotte.model.smoothing import EQUATION_8, moments_of
        >>> moments_of(1, fps=60, smoothing=EQUATION_8)
        [0, 267, 533]
    """
    at = frame * (SAMPLE_RATE / fps)
    taps = range(-smoothing.behind, smoothing.ahead + 1)
    return [round(at + tap * NEIGHBOUR_S * SAMPLE_RATE) for tap in taps]


def ensemble(predictions: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the mean of the predictions [..., n_controls] for one frame (eq. 8).

    Example:
        >>> import numpy as np
        >>> from marotte.model.smoothing import ensemble
        >>> float(ensemble([np.float32([0.0]), np.float32([0.5]), np.float32([1.0])])[0])
        0.5
    """
    total = predictions[0].copy()
    for prediction in predictions[1:]:
        total += prediction
    return total / np.float32(len(predictions))


def ensembles(
    predictions: NDArray[np.float32], at: NDArray[np.int64], taps: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Average the predictions for many frames at once.

    Args:
        predictions: the predictions [n_moments, n_controls].
        at: the moment of each prediction [n_moments], sorted.
        taps: the moments that each frame averages [n_frames, k], as `moments` returns them.

    Returns:
        The frames [n_frames, n_controls].
    """
    if taps.shape[1] == 1:
        return predictions
    rows = np.searchsorted(at, taps)
    total = predictions[rows[:, 0]]
    for row in rows.T[1:]:
        total += predictions[row]
    total /= np.float32(taps.shape[1])
    return total
