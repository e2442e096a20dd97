"""The queue between the thread of an input and the thread of the stream."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from threading import Condition
from typing import final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

CAPACITY_S = 4.0  # of sound
TIMEOUT_S = 0.05  # so often, the caller can ask for signals


@dataclass(frozen=True)
class SoundBlock:
    """Sound that the stream takes in one piece.

    Attributes:
        samples: mono samples [n] at the input's rate.
        at_s: when the last of them was recorded, on the clock `time.perf_counter`.
        queued_at_s: when the first of them was put into the queue, on the same clock.
        n_lost: samples that were dropped before them.
    """

    samples: Samples
    at_s: float
    queued_at_s: float
    n_lost: int = 0


@final
class InputQueue:
    """Holds sound from the thread of an input until the thread of the stream takes it."""

    def __init__(self, rate: int, drop: bool) -> None:
        """Make an empty queue.

        Args:
            rate: sample rate of the sound in Hz.
            drop: whether a full queue drops its oldest samples; otherwise `put` waits.
        """
        self._capacity = round(CAPACITY_S * rate)
        self._drop = drop
        self._blocks: deque[SoundBlock] = deque()
        self._n_queued = 0
        self._n_lost = 0
        self._n_wanted = 1
        self._ended = False
        self._changed = Condition()

    def put(self, samples: Samples, at_s: float) -> None:
        """Append samples [n], the last of which was recorded at `at_s`."""
        with self._changed:
            if not self._drop:
                self._changed.wait_for(lambda: self._n_queued < self._capacity or self._ended)
            while self._blocks and self._n_queued + len(samples) > self._capacity and self._drop:
                oldest = self._blocks.popleft()
                self._n_queued -= len(oldest.samples)
                self._n_lost += len(oldest.samples)
            self._blocks.append(SoundBlock(samples, at_s, time.perf_counter()))
            self._n_queued += len(samples)
            if self._n_queued >= self._n_wanted:
                self._changed.notify_all()

    def end(self) -> None:
        """Mark the end of the sound."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def ended(self) -> bool:
        """Whether the sound has ended and all of it was taken."""
        return self._ended and not self._blocks

    def take(self, n_wanted: int = 1, timeout_s: float = TIMEOUT_S) -> SoundBlock | None:
        """Wait for `n_wanted` samples and take all there are.

        Returns:
            The samples; None if they did not come in time, or at the end of the sound.
        """
        with self._changed:
            self._n_wanted = min(n_wanted, self._capacity)
            self._changed.wait_for(
                lambda: self._n_queued >= self._n_wanted or self._ended, timeout_s
            )
            if not self._blocks or (self._n_queued < self._n_wanted and not self._ended):
                return None
            blocks, n_lost = list(self._blocks), self._n_lost
            self._blocks.clear()
            self._n_queued = self._n_lost = 0
            self._changed.notify_all()
        samples = np.concatenate([block.samples for block in blocks])
        return SoundBlock(samples, blocks[-1].at_s, blocks[0].queued_at_s, n_lost)
