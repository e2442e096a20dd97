"""A moment in; how far the eyelids are closed out."""

from __future__ import annotations

from typing import final

import numpy as np

from marotte.postprocess.easing import ease
from marotte.postprocess.saccades import Saccades

REST_S = 1.2  # the shortest time between two blinks
WAIT_S = 2.4  # the mean of the additional, random time
CLOSING_S, SHUT_S, OPENING_S = 0.075, 0.04, 0.16


@final
class Blinks:
    """Random blinks, and those that come with large saccades.

    Example:
        >>> import numpy as np
        >>> from marotte.postprocess.blinks import Blinks
        >>> blinks = Blinks(np.random.default_rng(0))
        >>> max(blinks.closure(k / 60) for k in range(600))
        1.0
    """

    def __init__(self, random: np.random.Generator, saccades: Saccades | None = None) -> None:
        """Plan the first blink.

        Args:
            random: gives the times of blinks.
            saccades: the saccades of the same eyes; a large one brings the next blink forward.
        """
        self._random, self._saccades = random, saccades
        self._start_s = self._after(0.0)

    def closure(self, time_s: float) -> float:
        """Return how far the eyelids are closed at a moment, 0..1; moments come in order."""
        while time_s > self._start_s + CLOSING_S + SHUT_S + OPENING_S:
            self._start_s = self._after(self._start_s)
        since = time_s - self._start_s
        if since < CLOSING_S:
            return ease(since / CLOSING_S)
        return 1 - ease((since - CLOSING_S - SHUT_S) / OPENING_S)

    def _after(self, time_s: float) -> float:
        """Return the time at which the next blink begins."""
        start_s = time_s + REST_S + self._random.gamma(3.0, WAIT_S / 3)
        if self._saccades is None:
            return start_s
        return min(start_s, self._saccades.next_blink(time_s + REST_S))
