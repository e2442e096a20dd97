"""The last frames of a sound in; the same frames on their way to rest out.

A sound that stops in the middle of a word leaves the mouth open for ever, unless somebody closes
it. The frames that need samples after the end of the sound are known only when it ends, also in a
stream. So these frames close the mouth: recordings and streams end alike, and no frame is added.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from marotte.model.session import Student
from marotte.model.smoothing import Smoothing, moments
from marotte.postprocess.easing import ease

CLOSING_S = 0.15  # people close an open mouth in 0.1 to 0.2 s


def samples_ahead(student: Student) -> int:
    """Return how many samples after its moment a prediction needs, in a recording or a stream."""
    covered = student.steps.n_samples if student.steps else student.window.n_samples
    return covered - student.window.past_samples


def closing_shares(
    student: Student, fps: float, smoothing: Smoothing, n_samples: int, n_frames: int
) -> NDArray[np.float32]:
    """Return how much of their movement the last frames of a sound keep, from 1 down to 0.

    Args:
        student: the network.
        fps: frames per second.
        smoothing: the predictions that each frame averages.
        n_samples: length of the sound in samples at 16 kHz.
        n_frames: number of its frames.

    Returns:
        [n] shares of the last n frames; n may be 0.

    Example:
        >>> from marotte.model.session import load_student
        >>> student = load_student("live")
        >>> shares = closing_shares(student, 60, student.contract.smoothing, 16_000, 60)
        >>> [round(float(share), 2) for share in shares]
        [0.84, 0.5, 0.16, 0.0]
    """
    n_last = min(n_frames, math.ceil(CLOSING_S * fps))
    last = moments(n_frames - n_last, n_frames, fps, smoothing)[:, -1]
    n_closing = int((last + samples_ahead(student) > n_samples).sum())
    left = np.arange(n_closing - 1, -1, -1) / max(1, n_closing)
    return np.array([ease(share) for share in left.tolist()], np.float32)


def rest_of(student: Student) -> NDArray[np.float32]:
    """Return a student's face in silence: controls [n_controls] of its rig."""
    return student.predict(np.zeros((1, student.window.n_samples), np.float32))[0]


def close_mouth(
    controls: NDArray[np.float32], shares: NDArray[np.float32], rest: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the controls [n, n_controls] of last frames, moved towards rest by 1 - shares [n].

    Example:
        >>> ends = close_mouth(np.float32([[1], [1]]), np.float32([0.5, 0]), np.float32([0.25]))
        >>> ends.tolist()
        [[0.625], [0.25]]
    """
    return (rest + shares[:, None] * (controls - rest)).astype(np.float32)
