"""Smoothing by an ensemble of neighbours: which moments a frame is made of.

A student's answers to neighbouring moments tremble a little against each other. The mean of
three of them trembles less (the paper's section 3.4, equation 8):

    r(t) = 1/3 r(t - 1/60 s) + 1/3 r(t) + 1/3 r(t + 1/60 s)

It costs a live face the sixtieth of a second that the last of them lies ahead, and at 60 frames a
second nothing else: neighbours are frames themselves. Moments behind cost no delay, so a student
may be made for more of those, and says so in its contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE

NEIGHBOUR_S = 1 / 60


class Smoothing(NamedTuple):
    """A frame is the mean of the moment it shows and its neighbours, a sixtieth of a second apart.

    Attributes:
        behind: how many of them lie before the moment.
        ahead: how many lie after it; each costs 16.7 ms of delay.
    """

    behind: int = 0
    ahead: int = 0

    @property
    def delay_ms(self) -> float:
        """The delay it adds."""
        return 1000 * NEIGHBOUR_S * self.ahead

    @property
    def offsets_s(self) -> NDArray[np.floating]:
        """From the frame's moment to each of those it is made of, in order."""
        return np.arange(-self.behind, self.ahead + 1) * NEIGHBOUR_S


NONE = Smoothing()
EQUATION_8 = Smoothing(1, 1)


def resolve_smoothing(own: Smoothing, smooth: bool | None) -> Smoothing:
    """The smoothing that is used: a student's own, unless something else is asked for.

    Args:
        own: what the student is made for, `NONE` if it is not.
        smooth: True for eq. 8 where the student has none of its own, False for none at all.
    """
    if smooth is None:
        return own
    return (own if own != NONE else EQUATION_8) if smooth else NONE


def moments(first: int, last: int, fps: float, smoothing: Smoothing = NONE) -> NDArray[np.int64]:
    """The samples at which the student is asked for each of the frames `first..last-1`.

    Returns:
        [n_frames, 1 + behind + ahead], in the order of time. At 60 frames a second those are the
        places of the neighbouring frames.
    """
    at = np.arange(first, last)[:, None] * (SAMPLE_RATE / fps)
    return np.rint(at + smoothing.offsets_s * SAMPLE_RATE).astype(np.int64)


def ensemble(answers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The mean of the answers [..., n_controls] to a frame's moments (eq. 8)."""
    total = answers[0].copy()
    for answer in answers[1:]:
        total += answer
    return total / np.float32(len(answers))


def ensembles(
    answers: NDArray[np.float32], asked: NDArray[np.int64], lanes: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The frames [n_frames, n_controls] that answers to moments make.

    Args:
        answers: [n_asked, n_controls].
        asked: the moments they are for [n_asked], in order.
        lanes: those that each frame is made of [n_frames, k], as `moments` gives them.
    """
    if lanes.shape[1] == 1:
        return answers
    places = np.searchsorted(asked, lanes)
    total = answers[places[:, 0]]
    for place in places.T[1:]:
        total += answers[place]
    total /= np.float32(lanes.shape[1])
    return total
