"""A bounded queue and a thread for each output, so that a slow output delays no other.

Frames and sound come in from the stream's thread. They go to one output in the same order; when
the queue is full, the oldest are dropped.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.realtime.outputs import Output

Samples = NDArray[np.float32]
Sound = tuple[Samples, int]
"""Samples, and the index of the first one in the sound."""

CLOSE_TIMEOUT_S = 5.0  # without any progress
STUCK_S = 1.0  # the same, for one frame while the take ends
POLL_S = 0.1

_log = logging.getLogger(__name__)


@final
class OutputQueue:
    """A thread that passes frames and sound on to one output.

    Attributes:
        name: the output's name in messages.
        n_sent: frames that the output has taken.
        n_dropped: frames that were dropped because the output was too slow.
        failure: why the output has stopped, or None while it works.
    """

    def __init__(
        self, name: str, output: Output, drop: bool, report: Callable[[str], None] | None = None
    ) -> None:
        """Start the thread.

        Args:
            name: the output's name in messages.
            output: where the frames go.
            drop: drop the oldest frames when the queue is full; otherwise `send` waits.
            report: called with a message when the output stops.
        """
        self.name = name
        self.n_sent = self.n_dropped = 0
        self.failure: str | None = None
        self._output = output
        self._drop = drop
        self._report = report
        self._takes_samples = type(output).send_samples is not Output.send_samples
        self._queue: deque[Frame | Sound] = deque()
        self._changed = Condition()
        self._closing = False
        self._n_done = 0  # items that the output has taken: its progress
        self._stuck = False
        self._thread = Thread(target=self._run, name=f"output {name}", daemon=True)
        self._thread.start()

    def send(self, frame: Frame, ended: Callable[[], bool] = lambda: False) -> None:
        """Queue a frame. Where it waits for a stuck output and the take has `ended`, drop it."""
        self._put(frame, ended)

    def send_samples(
        self, samples: Samples, first: int, ended: Callable[[], bool] = lambda: False
    ) -> None:
        """Queue sound, if the output takes any."""
        if self._takes_samples:
            self._put((samples, first), ended)

    def end(self) -> None:
        """Let the output close when it has sent what is queued."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def close(self) -> bool:
        """Send what is queued and close the output; return whether both ended.

        An output that makes progress is waited for, however long it takes: a disk may be slow.
        """
        self.end()
        deadline_s, n_done = time.monotonic() + CLOSE_TIMEOUT_S, self._n_done
        while self._thread.is_alive() and time.monotonic() < deadline_s:
            self._thread.join(POLL_S)
            if n_done != self._n_done:
                deadline_s, n_done = time.monotonic() + CLOSE_TIMEOUT_S, self._n_done
        if self._thread.is_alive():
            self.failure = self.failure or "it does not respond"
            return False
        return True

    def _put(self, item: Frame | Sound, ended: Callable[[], bool]) -> None:
        limit = self._output.max_queued_frames
        with self._changed:
            if not self._drop and not self._has_place(limit, ended):
                self.n_dropped += isinstance(item, Frame)
                return
            if self.failure:
                return
            while len(self._queue) >= limit:
                self.n_dropped += isinstance(self._queue.popleft(), Frame)
            self._queue.append(item)
            self._changed.notify_all()

    def _has_place(self, limit: int, ended: Callable[[], bool]) -> bool:
        """Wait for a place in the queue; return false if the take has ended and nothing moves."""
        n_done, since_s = self._n_done, time.monotonic()
        while len(self._queue) >= limit and not self.failure:
            if n_done != self._n_done:
                n_done, since_s, self._stuck = self._n_done, time.monotonic(), False
            elif ended() and (self._stuck or time.monotonic() - since_s > STUCK_S):
                self._stuck = True
                return False
            self._changed.wait(POLL_S)
        return True

    def _run(self) -> None:
        try:
            while (item := self._next()) is not None:
                if isinstance(item, Frame):
                    self._output.send(item)
                    self.n_sent += 1
                else:
                    self._output.send_samples(*item)
                self._n_done += 1
            self._output.close()
        except Exception as error:  # of any kind: a plug-in's thread must not end without a word
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Give the output up, and say so."""
        expected = isinstance(error, (MarotteError, OSError))
        reason = str(error) if expected else f"{type(error).__name__}: {error}"
        if not expected:
            _log.debug("output %s failed", self.name, exc_info=error)
        try:
            kept = self._output.abandon()
        except Exception as another:  # the first failure is the one to tell
            _log.debug("output %s can't be abandoned", self.name, exc_info=another)
            kept = ""
        with self._changed:
            self.failure = reason
            self._queue.clear()
            self._changed.notify_all()
        if self._report:
            self._report(f"{self.name}: {reason}; it gets no more frames{kept and f'; {kept}'}")

    def _next(self) -> Frame | Sound | None:
        """Wait for the next item; None when the queue is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            if not self._queue:
                return None
            item = self._queue.popleft()
            self._changed.notify_all()
            return item
