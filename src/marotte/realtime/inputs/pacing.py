"""Samples in, at whatever speed a program writes them; blocks at the pace of the sound out."""

from __future__ import annotations

import math
import time
from collections import deque
from threading import Condition, Event
from typing import final

import numpy as np

from marotte.realtime.inputs import Samples

CAPACITY_S = 2.0  # of sound; whoever writes more has to wait
POLL_S = 0.1
# A microphone that another program pipes comes at the pace of real time. What had gathered before,
# while this program was loading, is caught up with: nobody sees that a face moves 5 % faster.
CATCH_UP = 1.05
WATCHED_S = 2.0
REAL_TIME = (0.85, 1.15)  # samples per sample of real time, over the time watched


@final
class Backlog:
    """Samples that were read and not yet given away.

    Example:
        >>> from threading import Event
        >>> backlog = Backlog(rate=16_000)
        >>> backlog.put(np.zeros(100, np.float32))
        >>> backlog.end()
        >>> len(backlog.take(160, Event())), backlog.take(160, Event())
        (100, None)
    """

    def __init__(self, rate: int) -> None:
        """Start empty; `rate` is the sample rate in Hz."""
        self.waited = True  # whether the last `take` had to wait: the source is not ahead
        self._rate = rate
        self._samples: Samples = np.zeros(0, np.float32)
        self._arrivals: deque[tuple[float, int]] = deque()
        self._steady_since_s = time.perf_counter()
        self._ended = False
        self._failure: BaseException | None = None
        self._changed = Condition()

    def put(self, samples: Samples) -> None:
        """Append samples [n]; wait while there are too many."""
        with self._changed:
            while len(self._samples) >= CAPACITY_S * self._rate and not self._ended:
                self._steady_since_s = time.perf_counter()  # the source is faster than real time
                self._changed.wait(POLL_S)
            self._samples = np.concatenate([self._samples, samples])
            self._arrivals.append((time.perf_counter(), len(samples)))
            self._changed.notify_all()

    def end(self, failure: BaseException | None = None) -> None:
        """Mark the end of the sound, or why it can't be read on."""
        with self._changed:
            self._ended, self._failure = True, failure
            self._changed.notify_all()

    def take(self, n: int, stop: Event) -> Samples | None:
        """Return the next n samples, or fewer before a pause; None at the end or after `stop`.

        Raises:
            BaseException: the failure with which the sound ended.
        """
        with self._changed:
            self.waited = len(self._samples) < n and not self._ended
            self._changed.wait_for(lambda: len(self._samples) >= n or self._ended, n / self._rate)
            while not len(self._samples) and not self._ended and not stop.is_set():
                self._changed.wait(POLL_S)
            if self.waited:
                self._steady_since_s = time.perf_counter()
            taken, self._samples = self._samples[:n], self._samples[n:]
            self._changed.notify_all()
            if self._failure and not len(taken):
                raise self._failure
        return taken if len(taken) and not stop.is_set() else None

    def catches_up(self) -> bool:
        """Return whether the source comes in real time and some of it waits all the time."""
        now_s = time.perf_counter()
        with self._changed:
            while self._arrivals and self._arrivals[0][0] < now_s - WATCHED_S:
                self._arrivals.popleft()
            arrived_s = sum(n for _, n in self._arrivals) / self._rate
            steady = now_s - self._steady_since_s > WATCHED_S
        return steady and REAL_TIME[0] < arrived_s / WATCHED_S < REAL_TIME[1]


@final
class Clock:
    """Tells when each block of a sound is due; the first one is due when it is there."""

    def __init__(self, rate: int) -> None:
        """Start before the sound; `rate` is the sample rate in Hz."""
        self._rate = rate
        self._due_s = -math.inf

    def due(self, n_samples: int, waited: bool, faster: bool = False) -> float:
        """Return when the next block is due, on the clock `time.perf_counter`.

        Args:
            n_samples: the length of the block.
            waited: whether the block came only now; then the clock goes on from here.
            faster: whether to catch up.
        """
        self._due_s += n_samples / self._rate / (CATCH_UP if faster else 1)
        if waited or self._due_s == -math.inf:
            self._due_s = max(self._due_s, time.perf_counter())
        return self._due_s
