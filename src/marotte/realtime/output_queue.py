"""A thread for every output, and a short queue before it: a slow one holds nobody up but itself.

In: frames and sound from the stream's thread. Out: the same to one output, in order, less what is
dropped because too much waits.
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
Sound = tuple[Samples, int]  # samples, and the place of the first

CLOSE_S = 5.0  # how long an output may take to end


@final
class OutputQueue:
    """Gives frames and sound to one output.

    Attributes:
        name: of the output, for people.
        n_sent: frames that it took.
        n_dropped: frames that it was too slow for.
        failure: why it takes no more, or None.
    """

    def __init__(
        self, name: str, output: Output, drop: bool, say: Callable[[str], None] | None = None
    ) -> None:
        """Start it.

        Args:
            name: for people.
            output: who takes the frames.
            drop: drop the oldest when too many wait; else who gives them waits.
            say: is told why the output takes no more.
        """
        self.name = name
        self.n_sent = self.n_dropped = 0
        self.failure: str | None = None
        self._output = output
        self._drop = drop
        self._say = say
        self._hears = type(output).hear is not Output.hear
        self._waiting: deque[Frame | Sound] = deque()
        self._changed = Condition()
        self._closing = False
        self._thread = Thread(target=self._run, name=f"output {name}", daemon=True)
        self._thread.start()

    def send(self, frame: Frame) -> None:
        """Let a frame wait for the output."""
        self._put(frame)

    def hear(self, samples: Samples, first: int) -> None:
        """Let sound wait for the output, if it takes any."""
        if self._hears:
            self._put((samples, first))

    def close(self) -> bool:
        """Wait until what waits is sent, and end the output; say whether it did."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(CLOSE_S)
        return not self._thread.is_alive()

    def _put(self, item: Frame | Sound) -> None:
        limit = self._output.waiting_frames
        with self._changed:
            if not self._drop:
                self._changed.wait_for(lambda: len(self._waiting) < limit or bool(self.failure))
            if self.failure:
                return
            while len(self._waiting) >= limit:
                self.n_dropped += isinstance(self._waiting.popleft(), Frame)
            self._waiting.append(item)
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            while (item := self._next()) is not None:
                if isinstance(item, Frame):
                    self._output.send(item)
                    self.n_sent += 1
                else:
                    self._output.hear(*item)
            self._output.close()
        except (MarotteError, OSError) as error:
            with self._changed:
                self.failure = str(error)
                self._waiting.clear()
                self._changed.notify_all()
            if self._say:
                self._say(f"{self.name}: {error}; it gets no more frames")

    def _next(self) -> Frame | Sound | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if not self._waiting:
                return None
            item = self._waiting.popleft()
            self._changed.notify_all()
            return item
