"""Smoothing by an ensemble of neighbours: which moments a frame is made of.

A student's answers to neighbouring moments tremble a little against each other. The mean of
three of them trembles less (the paper's section 3.4, equation 8):

    r(t) = 1/3 r(t - 1/60 s) + 1/3 r(t) + 1/3 r(t + 1/60 s)

It costs a live face the sixtieth of a second that the last of them lies ahead, and at 60 frames a
second nothing else: neighbours are frames themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from marotte.windows import SAMPLE_RATE, frame_samples

NEIGHBOUR_S = 1 / 60
SMOOTHING_MS = 1000 * NEIGHBOUR_S  # the delay it adds


def moments(first: int, last: int, fps: float, smooth: bool) -> NDArray[np.int64]:
    """The samples at which the student is asked for each of the frames `first..last-1`.

    Returns:
        [n_frames, 1] where the frames stand; smooth, [n_frames, 3]: a sixtieth of a second
        before, there, and after. At 60 frames a second those are the places of the neighbours.
    """
    if not smooth:
        return frame_samples(first, last, fps)[:, None]
    at = np.arange(first, last)[:, None] * (SAMPLE_RATE / fps)
    return np.rint(at + np.array([-1, 0, 1]) * (SAMPLE_RATE * NEIGHBOUR_S)).astype(np.int64)


def ensemble(answers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The mean of the answers [..., n_controls] to a frame's moments (eq. 8)."""
    total = answers[0].copy()
    for answer in answers[1:]:
        total += answer
    return total / np.float32(len(answers))
