"""A page's sound: its messages in, as they come; frames of its own stream out, as messages.

`Inbox` is what has come and not been heard yet, bounded; `Session` hears it, in a thread of the
server's pool. Each page has one of both, so that no page hears another's sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Frame
from marotte.infer.stream import Stream, flush, open_stream, push
from marotte.model.session import Student
from marotte.web import protocol
from marotte.web.protocol import Sound, Start, Stop

Samples = NDArray[np.float32]

LONGEST_BACKLOG_S = 2.0  # more sound than that is not kept
LATE_S = 0.25  # sound that has waited longer is caught up with
NEWEST_FRAMES = 3  # by making no more than its last frames
BUSY_NOTICE_S = 5.0  # between two words about it


@dataclass(frozen=True, eq=False)
class Work:
    """What a session is to do next, in this order.

    Attributes:
        start: a sound that begins, if one does.
        skipped_samples: how much of the sound was lost before `samples`.
        samples: [n] what is to be heard.
        waited_s: how long the first message has waited.
        received_s: when the last message came, by `perf_counter`.
        stop: whether the sound ends after it.
    """

    start: Start | None
    skipped_samples: int
    samples: Samples
    waited_s: float
    received_s: float
    stop: bool


@final
@dataclass
class Inbox:
    """What has come from a page and was not heard yet: never more than LONGEST_BACKLOG_S."""

    started: Start | None = None
    _new: bool = False
    _stopped: bool = True
    _stop: bool = False
    _sounds: list[tuple[float, Sound]] = field(default_factory=list[tuple[float, Sound]])
    _n_samples: int = 0
    _skipped: int = 0

    def add(self, message: Start | Sound | Stop) -> None:
        """Take a message; what belongs to a sound that is over is left out."""
        if isinstance(message, Start):
            self.started, self._new, self._stopped, self._stop = message, True, False, False
            self._forget()
            self._skipped = 0
        elif self.started is None or self._stopped or message.stream != self.started.stream:
            return
        elif isinstance(message, Stop):
            self._stop = self._stopped = True
        else:
            if self._n_samples > LONGEST_BACKLOG_S * self.started.rate:
                self._skipped += self._n_samples
                self._forget()
            self._sounds.append((perf_counter(), message))
            self._n_samples += len(message.samples)

    def _forget(self) -> None:
        self._sounds, self._n_samples = [], 0

    def take(self) -> Work | None:
        """All there is to do, or None."""
        if not (self._new or self._sounds or self._stop):
            return None
        now_s = perf_counter()
        first_s = self._sounds[0][0] if self._sounds else now_s
        last_s = self._sounds[-1][0] if self._sounds else now_s
        work = Work(
            start=self.started if self._new else None,
            skipped_samples=self._skipped,
            samples=np.concatenate(
                [np.zeros(0, np.float32), *(sound.samples for _, sound in self._sounds)]
            ),
            waited_s=now_s - first_s,
            received_s=last_s,
            stop=self._stop,
        )
        self._new = self._stop = False
        self._skipped = 0
        self._forget()
        return work


@final
class Session:
    """Hears one page, in one thread at a time."""

    def __init__(self, student: Callable[[int], Student], fps: float) -> None:
        """Take who gives a student by its place in the list that the page chooses from."""
        self._student = student
        self._fps = fps
        self._start: Start | None = None
        self._stream: Stream | None = None
        self._origin_samples = 0  # where in the page's sound the stream began
        self._n_heard = 0
        self._warned = False
        self._said_busy_s = -BUSY_NOTICE_S

    def advance(self, work: Work) -> list[bytes]:
        """Hear what has come; give the messages that the page gets for it.

        Raises:
            MarotteError: the student can't be opened.
        """
        messages = list[bytes]()
        if work.start is not None:
            self._begin(work.start, work.skipped_samples)
            self._warned = False
        elif work.skipped_samples and self._start is not None:
            self._begin(self._start, self._n_heard + work.skipped_samples)
        start, stream = self._start, self._stream
        if start is None or stream is None:
            return messages
        messages += self._hear(start, stream, work)
        if work.stop:
            messages += self._packed(start, flush(stream), work)
            messages.append(protocol.ended(start.stream))
            self._stream = None
        return messages

    def _begin(self, start: Start, origin_samples: int) -> None:
        student = self._student(start.student)
        self._start = start
        self._stream = open_stream(student, self._fps, start.rate, start.smooth)
        self._origin_samples = self._n_heard = origin_samples

    def _hear(self, start: Start, stream: Stream, work: Work) -> list[bytes]:
        """Hear the samples, of which those that are no numbers are silence."""
        wrong = ~np.isfinite(work.samples)
        samples = np.where(wrong, np.float32(0), work.samples).clip(-1, 1)
        self._n_heard += len(samples)
        late = work.waited_s > LATE_S or work.skipped_samples > 0
        frames = push(stream, samples, NEWEST_FRAMES if late else None)
        messages = self._packed(start, frames, work)
        if wrong.any() and not self._warned:
            self._warned = True
            messages.append(
                protocol.notice("Some samples of this sound are no numbers: they are silence here.")
            )
        return messages + (self._say_busy() if late else [])

    def _packed(self, start: Start, frames: list[Frame], work: Work) -> list[bytes]:
        server_ms = 1000 * (perf_counter() - work.received_s)
        origin_s = self._origin_samples / start.rate
        return [
            protocol.frame(
                start.stream,
                origin_s + frame.time_s,
                frame.delay_ms,
                frame.controls,
                frame.head,
                server_ms,
            )
            for frame in frames
        ]

    def _say_busy(self) -> list[bytes]:
        now_s = perf_counter()
        if now_s - self._said_busy_s < BUSY_NOTICE_S:
            return []
        self._said_busy_s = now_s
        return [protocol.notice("This machine is too busy to keep up: frames are left out.")]
