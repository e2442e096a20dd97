"""How much a page may send, more sound than real time but not as much as it can, and its turns."""

from __future__ import annotations

import math
from asyncio import Semaphore
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import final

PACE = 1.25  # times real time
BURST_S = 2.0  # of sound, at once: after the network was gone for a moment
SLOW_S = 10.0  # after which a page that sent too much is like the others again
SHUT_S = 1.0  # the least that is lost: each new beginning costs as much as some frames
BLOCK_SAMPLES = 128  # the shortest blocks that browsers send; shorter ones count as much
REST_PER_S, REST_BURST = 20.0, 100.0  # messages that are not sound, or whose sound is dropped
N_TURNS = 2  # pages that compute at once
WAIT_S = 0.1  # after each message beyond all of it


@final
class Bucket:
    """An allowance that grows with time, up to a limit.

    Example:
        >>> now = [0.0]
        >>> bucket = Bucket(per_s=1.0, capacity=2.0, clock=lambda: now[0])
        >>> bucket.take(2.0), bucket.take(1.0)
        (True, False)
        >>> now[0] += 1.0
        >>> bucket.take(1.0)
        True
    """

    def __init__(self, per_s: float, capacity: float, clock: Callable[[], float]) -> None:
        """Start with the whole allowance."""
        self._per_s, self._capacity, self._clock = per_s, capacity, clock
        self._left, self._at_s = capacity, clock()

    def take(self, amount: float) -> bool:
        """Take an amount, or nothing if so much is not left."""
        now_s = self._clock()
        self._left = min(self._capacity, self._left + self._per_s * (now_s - self._at_s))
        self._at_s = now_s
        if amount > self._left:
            return False
        self._left -= amount
        return True


@final
class Throttle:
    """Counts a page's messages. A page that sends too much sound loses it; then it waits."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        """Start with whole allowances."""
        self._sound = Bucket(PACE, BURST_S, clock)
        self._rest = Bucket(REST_PER_S, REST_BURST, clock)
        self._clock, self._shut_until_s = clock, -math.inf

    def admits(self, n_samples: int, rate: int) -> bool:
        """Count a block of sound; return whether there is time for it."""
        now_s = self._clock()
        if now_s < self._shut_until_s:
            return False
        if self._sound.take(max(n_samples, BLOCK_SAMPLES) / rate):
            return True
        self._shut_until_s = now_s + SHUT_S
        return False

    @property
    def is_slow(self) -> bool:
        """Whether the page has sent too much lately, so that others come first."""
        return self._clock() < self._shut_until_s + SLOW_S

    def wait_s(self) -> float:
        """Count a message that is not admitted sound; return how long to wait after it, in s."""
        return 0.0 if self._rest.take(1) else WAIT_S


@final
class Turns:
    """Lets pages compute in turns, in the order in which they ask; slow pages share one turn."""

    def __init__(self) -> None:
        """Start with all turns free."""
        self._all, self._slow = Semaphore(N_TURNS), Semaphore(1)

    @asynccontextmanager
    async def turn(self, slow: bool) -> AsyncGenerator[None]:
        """Wait until a page may compute; `slow` says whether it has sent too much lately."""
        if not slow:
            async with self._all:
                yield
            return
        async with self._slow, self._all:
            yield
