"""A bounded queue and a thread for each output, so that a slow output delays no other.

Frames and sound come in from the stream's thread. They go to one output in the same order; when
the queue is full, the oldest are dropped.
"""

from __future__ import annotations

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

CLOSE_TIMEOUT_S = 5.0


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
        self._thread = Thread(target=self._run, name=f"output {name}", daemon=True)
        self._thread.start()

    def send(self, frame: Frame) -> None:
        """Queue a frame."""
        self._put(frame)

    def send_samples(self, samples: Samples, first: int) -> None:
        """Queue sound, if the output takes any."""
        if self._takes_samples:
            self._put((samples, first))

    def close(self) -> bool:
        """Send what is queued and close the output; return whether both ended in time."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(CLOSE_TIMEOUT_S)
        return not self._thread.is_alive()

    def _put(self, item: Frame | Sound) -> None:
        limit = self._output.max_queued_frames
        with self._changed:
            if not self._drop:
                self._changed.wait_for(lambda: len(self._queue) < limit or bool(self.failure))
            if self.failure:
                return
            while len(self._queue) >= limit:
                self.n_dropped += isinstance(self._queue.popleft(), Frame)
            self._queue.append(item)
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            while (item := self._next()) is not None:
                if isinstance(item, Frame):
                    self._output.send(item)
                    self.n_sent += 1
                else:
                    self._output.send_samples(*item)
            self._output.close()
        except (MarotteError, OSError) as error:
            with self._changed:
                self.failure = str(error)
                self._queue.clear()
                self._changed.notify_all()
            if self._report:
                self._report(f"{self.name}: {error}; it gets no more frames")

    def _next(self) -> Frame | Sound | None:
        """Wait for the next item; None when the queue is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            if not self._queue:
                return None
            item = self._queue.popleft()
            self._changed.notify_all()
            return item
