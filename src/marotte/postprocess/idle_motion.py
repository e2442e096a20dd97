"""Frames and their sound in; the same frames with idle motion (blinks, head, brows) out.

The face blinks, the head drifts, and loud words make the head nod and the brows rise. Only nods and
brows depend on the voice, on its loudness; the rest is random, from a seed. The same sound and the
same seed give the same motion, however the sound is cut into pieces.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Frame
from marotte.face.rig import Rig

BLINK_REST_S = 1.2  # the shortest time between two blinks
BLINK_WAIT_S = 2.4  # the mean of the additional, random time
CLOSING_S, SHUT_S, OPENING_S = 0.075, 0.04, 0.16

BIN_S = 0.01  # hop length of the loudness measurement
FAST_S, SLOW_S = 0.12, 1.2  # time constants: emphasis is the fast mean above the slow one
QUIET_DB, RANGE_DB = -50.0, 35.0

# Amplitude of the drift in yaw, pitch and roll, and of a nod.
DRIFT_RAD = np.radians([2.2, 1.3, 1.0])
NOD_RAD = math.radians(4.0)  # downwards
DRIFT_HZ = np.array([[0.11, 0.23, 0.41], [0.13, 0.29, 0.47], [0.09, 0.19, 0.37]])
BROWS = {"browInnerUp": 0.55, "browOuterUpLeft": 0.35, "browOuterUpRight": 0.35}


@final
class IdleMotion:
    """Adds blinks and small movements of head and brows to frames, in the order of time.

    Example:
        >>> from marotte import ARKIT_52, Frame
        >>> from marotte.postprocess.idle_motion import IdleMotion
        >>> idle_motion = IdleMotion(ARKIT_52, rate=16_000, seed=0)
        >>> frame = idle_motion.apply(Frame(0.0, 0.0, ARKIT_52.neutral(1)[0]))
        >>> frame.head != (0.0, 0.0, 0.0)
        True
    """

    def __init__(self, rig: Rig, rate: int, seed: int = 0) -> None:
        """Start at the beginning of a sound.

        Args:
            rig: the rig of the frames; movements without a control in it are left out.
            rate: sample rate of the sound in Hz.
            seed: the seed of the random motion.
        """
        self.rig = rig
        self._random = np.random.default_rng(seed)
        self._phases = self._random.uniform(0, 2 * math.pi, (3, 3))
        self._blinks = [rig.index[n] for n in ("eyeBlinkLeft", "eyeBlinkRight") if n in rig.index]
        self._brows = {rig.index[n]: amplitude for n, amplitude in BROWS.items() if n in rig.index}
        self._loudness = Loudness(rate)
        self._blink_s = self._after(0.0)

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Measure how loud the next samples [n] are."""
        self._loudness.push_samples(samples)

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with the motion of its moment added."""
        emphasis = self._loudness.emphasis(frame.time_s)
        controls = frame.controls.copy()
        controls[self._blinks] = np.maximum(controls[self._blinks], self._blink(frame.time_s))
        for column, amplitude in self._brows.items():
            controls[column] += amplitude * emphasis
        angle = 2 * math.pi * DRIFT_HZ * frame.time_s + self._phases
        head = DRIFT_RAD * np.sin(angle).mean(axis=1) + frame.head
        head[1] += NOD_RAD * emphasis
        yaw, pitch, roll = head.tolist()
        return replace(frame, controls=self.rig.clamp(controls), head=(yaw, pitch, roll))

    def _after(self, time_s: float) -> float:
        """Return the time at which the next blink begins."""
        return time_s + BLINK_REST_S + self._random.gamma(3.0, BLINK_WAIT_S / 3)

    def _blink(self, time_s: float) -> float:
        """Return how far the eyelids are closed, 0..1."""
        while time_s > self._blink_s + CLOSING_S + SHUT_S + OPENING_S:
            self._blink_s = self._after(self._blink_s)
        since = time_s - self._blink_s
        if since < CLOSING_S:
            return _ease(since / CLOSING_S)
        return 1 - _ease((since - CLOSING_S - SHUT_S) / OPENING_S)


@final
class Loudness:
    """Measures how much louder the sound is than its mean over the last second, 0..1."""

    def __init__(self, rate: int) -> None:
        """Start with silence."""
        self._n = max(1, round(rate * BIN_S))
        self._bin_s = self._n / rate
        self._rest = np.zeros(0, np.float32)
        self._fast = self._slow = self._eased = 0.0
        self._first = 0  # the index of the first bin in the queue
        self._emphases: deque[float] = deque([0.0])

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Measure the next samples [n]."""
        samples = np.concatenate([self._rest, samples])
        n_bins = len(samples) // self._n
        bins, self._rest = np.split(samples, [n_bins * self._n])
        power = np.square(bins.reshape(n_bins, self._n)).mean(axis=1, dtype=np.float64)
        level = np.clip((10 * np.log10(power + 1e-12) - QUIET_DB) / RANGE_DB, 0, 1)
        fast, slow = self._bin_s / FAST_S, self._bin_s / SLOW_S
        for now in level.tolist():
            self._fast += fast * (now - self._fast)
            self._slow += slow * (now - self._slow)
            self._eased += fast * (max(0.0, self._fast - self._slow) - self._eased)
            self._emphases.append(self._eased)

    def emphasis(self, time_s: float) -> float:
        """Return the emphasis at a moment; earlier moments are forgotten."""
        at = int(time_s / self._bin_s)
        while self._first < at and len(self._emphases) > 1:
            self._emphases.popleft()
            self._first += 1
        return self._emphases[0]


def _ease(x: float) -> float:
    """Return a smooth step from 0 at 0 to 1 at 1, constant outside."""
    x = min(1.0, max(0.0, x))
    return x * x * (3 - 2 * x)
