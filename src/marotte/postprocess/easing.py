"""Values that change at once in; values that follow smoothly out."""

from __future__ import annotations

import math
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray


def ease(x: float) -> float:
    """Return a smooth step from 0 at 0 to 1 at 1, constant outside.

    Example:
        >>> from marotte.postprocess.easing import ease
        >>> ease(-1.0), ease(0.5), ease(2.0)
        (0.0, 0.5, 1.0)
    """
    x = min(1.0, max(0.0, x))
    return x * x * (3 - 2 * x)


@final
class Follower:
    """Follows a target without overshoot or a jump: a critically damped spring.

    The spring's equation is solved exactly between two moments, so that neither the frame rate nor
    a dropped frame changes where the value is at a moment.

    Example:
        >>> from marotte.postprocess.easing import Follower
        >>> follower = Follower(0.0, settling_s=0.5)
        >>> [round(float(follower.at(1.0, time_s)), 2) for time_s in (0.0, 0.25, 0.5, 2.0)]
        [0.0, 0.58, 0.9, 1.0]
    """

    def __init__(self, value: ArrayLike, settling_s: float) -> None:
        """Rest at a value.

        Args:
            value: the value at the first moment, a number or an array.
            settling_s: time after which 90 % of a sudden change are done.
        """
        self.value: NDArray[Any] = np.array(value, np.float64)
        self._speed = np.zeros_like(self.value)
        self._rate = 3.89 / settling_s  # (1 + 3.89) exp(-3.89) = 0.1
        self._time_s = math.inf

    def at(self, target: ArrayLike, time_s: float) -> NDArray[Any]:
        """Return the value at a moment; since the moment before, the target was `target`."""
        elapsed_s = max(0.0, time_s - self._time_s)
        self._time_s = time_s
        goal: NDArray[Any] = np.asarray(target, np.float64)
        away = self.value - goal
        slope = self._speed + self._rate * away
        decay = math.exp(-self._rate * elapsed_s)
        self.value = goal + (away + slope * elapsed_s) * decay
        self._speed = (self._speed - self._rate * slope * elapsed_s) * decay
        return self.value
