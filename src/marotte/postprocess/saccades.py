"""A moment in; where the eyes look out: at the camera, around it, and away from it now and then.

While people talk they look at the other's face for 3.1 s and away for 0.9 s on average; how far
and in which direction they look away is the statistical model of Lee, Badler & Badler 2002, "Eyes
Alive" (ACM Transactions on Graphics 21, talking mode). On a face, the eyes move from one eye to
the other and to the mouth (Yarbus 1967, "Eye Movements and Vision"). A saccade lasts 21 ms and
2.2 ms per degree (Bahill, Clark & Stark 1975, "The main sequence", Mathematical Biosciences 24).
Larger saccades come with a blink more often, and always above 17 to 33 degrees (Evinger et al.
1994, "Not looking while leaping", Experimental Brain Research 100).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import final

import numpy as np

# Mean and standard deviation of the duration of looking at the face and away, in s: Lee et al.
# count 93.9 and 94.9, and 27.8 and 24.0 frames of a thirtieth of a second.
FACE_S, AWAY_S = (93.9 / 30, 94.9 / 30), (27.8 / 30, 24.0 / 30)
FIXATION_S = (0.6, 0.35)  # on one point of the face
LEAST_S = 0.2  # between the starts of two saccades

# How often people look away to their right, ..., anticlockwise in steps of 45 degrees, in %.
DIRECTIONS = np.array([15.54, 6.46, 17.69, 7.44, 16.80, 7.89, 20.38, 7.79])
SCALE_DEG, PEAK = 6.9, 15.7  # magnitude: -6.9 ln(p / 15.7) degrees for p in 0..15 %
# Larger gaze shifts are made by the head, which stays where it is here.
SMALLEST_DEG, WIDEST_DEG, HIGHEST_DEG = 2.0, 12.0, 7.0
FACE_DEG = (1.4, 1.0)  # standard deviation of the points on the face: across, up and down
LOWER_DEG = 0.6  # the middle of eyes and mouth lies below the camera

SACCADE_S, SACCADE_S_PER_DEG = 0.021, 0.0022
BLINK_FROM_DEG, BLINK_ALWAYS_DEG = 4.0, 17.0


@dataclass(frozen=True)
class Saccade:
    """A jump of the eyes.

    Attributes:
        start_s: when it begins.
        seconds: how long it lasts.
        yaw_deg: where the eyes look afterwards, positive to the face's left.
        pitch_deg: the same, positive downwards.
        blinks: whether a blink comes with it.
    """

    start_s: float
    seconds: float
    yaw_deg: float
    pitch_deg: float
    blinks: bool


@final
class Saccades:
    """Plans the saccades of one pair of eyes, as far ahead as they are asked for.

    Example:
        >>> from marotte.postprocess.saccades import Saccades
        >>> saccades = Saccades(seed=0)
        >>> saccades.at(0.0)
        (0.0, 0.0)
        >>> max(abs(saccades.at(k / 60)[0]) for k in range(3600)) < 13  # degrees, in a minute
        True
    """

    def __init__(self, seed: int) -> None:
        """Look at the camera. Another seed gives other saccades."""
        self._random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
        self._planned = deque([Saccade(-1.0, SACCADE_S, 0.0, 0.0, False)])
        self._before = self._planned[0]  # the saccade before the first planned one
        self._face_until_s = self._duration_s(FACE_S)
        self._looks_away = False

    def at(self, time_s: float) -> tuple[float, float]:
        """Return yaw and pitch of the gaze at a moment, in degrees; moments come in order."""
        while self._planned[-1].start_s <= time_s:
            self._plan()
        while self._planned[1].start_s <= time_s:
            self._before = self._planned.popleft()
        now, before = self._planned[0], self._before
        done = _minimum_jerk((time_s - now.start_s) / now.seconds)
        return (
            before.yaw_deg + done * (now.yaw_deg - before.yaw_deg),
            before.pitch_deg + done * (now.pitch_deg - before.pitch_deg),
        )

    def next_blink(self, time_s: float) -> float:
        """Return when the first saccade with a blink begins, from a moment on."""
        while True:
            for saccade in self._planned:
                if saccade.blinks and saccade.start_s >= time_s:
                    return saccade.start_s
            self._plan()

    def _plan(self) -> None:
        """Plan the saccade after the last planned one."""
        last = self._planned[-1]
        if self._looks_away:
            start_s = last.start_s + self._duration_s(AWAY_S)
            self._face_until_s = start_s + self._duration_s(FACE_S)
        else:
            start_s = last.start_s + self._duration_s(FIXATION_S)
        start_s = max(start_s, LEAST_S)
        self._looks_away = not self._looks_away and start_s >= self._face_until_s
        yaw, pitch = self._away() if self._looks_away else self._on_face()
        size = math.hypot(yaw - last.yaw_deg, pitch - last.pitch_deg)
        seconds = SACCADE_S + SACCADE_S_PER_DEG * size
        chance = (size - BLINK_FROM_DEG) / (BLINK_ALWAYS_DEG - BLINK_FROM_DEG)
        blinks = bool(self._random.random() < chance)
        self._planned.append(Saccade(start_s, seconds, yaw, pitch, blinks))

    def _duration_s(self, mean_and_sd_s: tuple[float, float]) -> float:
        """Return a random duration: a gamma distribution of this mean and standard deviation."""
        mean_s, sd_s = mean_and_sd_s
        shape = (mean_s / sd_s) ** 2
        return max(LEAST_S, self._random.gamma(shape, mean_s / shape))

    def _away(self) -> tuple[float, float]:
        """Return yaw and pitch of a point away from the camera, in degrees."""
        p = self._random.uniform(1e-3, 15.0)
        size = max(SMALLEST_DEG, -SCALE_DEG * math.log(p / PEAK))
        turn = self._random.choice(len(DIRECTIONS), p=DIRECTIONS / DIRECTIONS.sum())
        angle = turn * math.pi / 4
        yaw, up = -size * math.cos(angle), size * math.sin(angle)
        fits = max(1.0, abs(yaw) / WIDEST_DEG, abs(up) / HIGHEST_DEG)
        return yaw / fits, -up / fits

    def _on_face(self) -> tuple[float, float]:
        """Return yaw and pitch of a point on the face behind the camera, in degrees."""
        across, down = self._random.normal(0.0, FACE_DEG).clip(-2.5, 2.5)
        return float(across), float(down) + LOWER_DEG


def _minimum_jerk(x: float) -> float:
    """Return the way done after a share x of the time (Flash & Hogan 1985)."""
    x = min(1.0, max(0.0, x))
    return x**3 * (10 - 15 * x + 6 * x * x)
