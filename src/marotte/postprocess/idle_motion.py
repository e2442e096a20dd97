"""Frames and their sound in; the same frames with idle motion (blinks, head, brows) out.

The face blinks, the head drifts, and loud words make the head nod and the brows rise. Only nods and
brows depend on the voice, on its loudness; the rest is random, from a seed. The same sound and the
same seed give the same motion, however the sound is cut into pieces.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.bins import Bins, TimeLine
from marotte.face.animation import Frame
from marotte.face.rig import Rig
from marotte.postprocess.blinks import Blinks
from marotte.postprocess.saccades import Saccades

FAST_S, SLOW_S = 0.12, 1.2  # time constants: emphasis is the fast mean above the slow one
QUIET_DB, RANGE_DB = -50.0, 35.0

# Amplitude of the drift in yaw, pitch and roll, and of a nod.
DRIFT_RAD = np.radians([2.2, 1.3, 1.0])
NOD_RAD = math.radians(4.0)  # downwards
DRIFT_HZ = np.array([[0.11, 0.23, 0.41], [0.13, 0.29, 0.47], [0.09, 0.19, 0.37]])
BROWS = {"browInnerUp": 0.55, "browOuterUpLeft": 0.35, "browOuterUpRight": 0.35}
# A blink shuts wide eyes, too: what lifts the lids gives way.
OPPOSE_BLINKS = ("eyeWideLeft", "eyeWideRight")


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

    def __init__(
        self, rig: Rig, rate: int, seed: int = 0, saccades: Saccades | None = None
    ) -> None:
        """Start at the beginning of a sound.

        Args:
            rig: the rig of the frames; movements without a control in it are left out.
            rate: sample rate of the sound in Hz.
            seed: the seed of the random motion.
            saccades: the saccades of the same eyes, if they move: blinks come with large ones.
        """
        self.rig = rig
        random = np.random.default_rng(seed)
        self._phases = random.uniform(0, 2 * math.pi, (3, 3))
        self._eyelids = [rig.index[n] for n in ("eyeBlinkLeft", "eyeBlinkRight") if n in rig.index]
        self._lifted = [rig.index[n] for n in OPPOSE_BLINKS if n in rig.index]
        self._brows = {rig.index[n]: amplitude for n, amplitude in BROWS.items() if n in rig.index}
        self._loudness = Loudness(rate)
        self._blinks = Blinks(random, saccades)

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Measure how loud the next samples [n] are."""
        self._loudness.push_samples(samples)

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with the motion of its moment added."""
        emphasis = self._loudness.emphasis(frame.time_s)
        controls = frame.controls.copy()
        closure = self._blinks.closure(frame.time_s)
        controls[self._eyelids] = np.maximum(controls[self._eyelids], closure)
        controls[self._lifted] *= np.float32(1 - closure)
        for column, amplitude in self._brows.items():
            controls[column] += amplitude * emphasis
        angle = 2 * math.pi * DRIFT_HZ * frame.time_s + self._phases
        head = DRIFT_RAD * np.sin(angle).mean(axis=1) + frame.head
        head[1] += NOD_RAD * emphasis
        yaw, pitch, roll = head.tolist()
        return replace(frame, controls=self.rig.clamp(controls), head=(yaw, pitch, roll))


@final
class Loudness:
    """Measures how much louder the sound is than its mean over the last second, 0..1."""

    def __init__(self, rate: int) -> None:
        """Start with silence; `rate` is the sample rate in Hz."""
        self._bins = Bins(rate)
        self._fast = self._slow = self._eased = 0.0
        self._emphases = TimeLine(0.0, self._bins.seconds)

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Measure the next samples [n]."""
        power = np.square(self._bins.cut(samples)).mean(axis=1, dtype=np.float64)
        level = np.clip((10 * np.log10(power + 1e-12) - QUIET_DB) / RANGE_DB, 0, 1)
        fast, slow = self._bins.seconds / FAST_S, self._bins.seconds / SLOW_S
        for now in level.tolist():
            self._fast += fast * (now - self._fast)
            self._slow += slow * (now - self._slow)
            self._eased += fast * (max(0.0, self._fast - self._slow) - self._eased)
            self._emphases.add(self._eased)

    def emphasis(self, time_s: float) -> float:
        """Return the emphasis at a moment; earlier moments are forgotten."""
        return self._emphases.at(time_s)
