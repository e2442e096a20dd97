"""Turn one page's messages into frames: sound comes in, messages with the stream's frames go out.

An `Inbox` queues the messages of a page, up to a limit. A `Session` processes them in a thread of
the server's pool. Each page has one of both, so that pages do not share sound.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Frame
from marotte.infer.stream import Stream
from marotte.model.session import Student
from marotte.postprocess.live_motion import LiveMotion
from marotte.postprocess.motion import NO_MOTION, Motion
from marotte.web import protocol
from marotte.web.protocol import Sound, Start, Stop

Samples = NDArray[np.float32]

MAX_BACKLOG_S = 2.0  # of sound; the inbox drops what exceeds it
LATE_S = 0.25  # when sound has waited longer, only the newest frames are made
NEWEST_FRAMES = 3
STARVED_S = 0.2  # without sound for so long, the mouth closes
BUSY_NOTICE_S = 5.0  # the least time between two notices


@dataclass(frozen=True, eq=False)
class Work:
    """What a session has to do next, in this order.

    Attributes:
        start: the sound that starts, or None if none does.
        skipped_samples: samples that were dropped before `samples`.
        samples: [n] the next samples.
        waited_s: how long the first message has waited.
        received_s: when the last message came, on the clock `perf_counter`.
        stop: whether the sound ends after the samples.
        motion: the motion to add from now on, or None if it has not changed.
    """

    start: Start | None
    skipped_samples: int
    samples: Samples
    waited_s: float
    received_s: float
    stop: bool
    motion: Motion | None = None


@final
@dataclass
class Inbox:
    """The messages from a page that wait for the session: at most MAX_BACKLOG_S of sound.

    Attributes:
        started: the last start message, or None before the first.

    Example:
        >>> inbox = Inbox()
        >>> inbox.add(Start(student=0, smooth=False, stream=1, rate=16_000))
        >>> inbox.add(Sound(1, np.zeros(160, np.float32)))
        >>> len(inbox.take().samples)
        160
    """

    started: Start | None = None
    _starting: bool = False
    _stopped: bool = True
    _stopping: bool = False
    _sounds: list[tuple[float, Sound]] = field(default_factory=list[tuple[float, Sound]])
    _n_samples: int = 0
    _n_skipped: int = 0
    _motion: Motion | None = None

    def add(self, message: Start | Sound | Stop | Motion, admitted: bool = True) -> None:
        """Queue a message; messages of a stream that is over are ignored.

        Args:
            message: what came from the page.
            admitted: whether there is time for its sound; otherwise the sound is dropped, with
                what waits before it.
        """
        if isinstance(message, Motion):
            self._motion = message
        elif isinstance(message, Start):
            self.started = message
            self._starting, self._stopped, self._stopping = True, False, False
            self._clear()
            self._n_skipped = 0
        elif self.started is None or self._stopped or message.stream != self.started.stream:
            return
        elif isinstance(message, Stop):
            self._stopping = self._stopped = True
        else:
            if self._n_samples > MAX_BACKLOG_S * self.started.rate:
                self._n_skipped += self._n_samples
                self._clear()
            if admitted:
                self._sounds.append((perf_counter(), message))
                self._n_samples += len(message.samples)
            else:
                self._n_skipped += self._n_samples + len(message.samples)
                self._clear()

    def _clear(self) -> None:
        self._sounds, self._n_samples = [], 0

    @property
    def waits(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._starting or self._sounds or self._stopping or self._motion)

    def take(self, longest_s: float = math.inf) -> Work | None:
        """Remove and return what waits; None if nothing does.

        Args:
            longest_s: as many sounds as reach this duration, at least one; the others stay. When
                the first is late, all are taken: only their newest frames are made.
        """
        if not self.waits:
            return None
        now_s = perf_counter()
        first_s = self._sounds[0][0] if self._sounds else now_s
        taken, rest = self._cut(math.inf if now_s - first_s > LATE_S else longest_s)
        last_s = taken[-1][0] if taken else now_s
        work = Work(
            start=self.started if self._starting else None,
            skipped_samples=self._n_skipped,
            samples=np.concatenate(
                [np.zeros(0, np.float32), *(sound.samples for _, sound in taken)]
            ),
            waited_s=now_s - first_s,
            received_s=last_s,
            stop=self._stopping and not rest,
            motion=self._motion,
        )
        self._starting, self._stopping = False, self._stopping and bool(rest)
        self._motion = None
        self._n_skipped = 0
        self._sounds = rest
        self._n_samples -= len(work.samples)
        return work

    def _cut(self, longest_s: float) -> tuple[list[tuple[float, Sound]], list[tuple[float, Sound]]]:
        """Return the sounds that reach a duration, and the rest."""
        most = longest_s * self.started.rate if self.started else math.inf
        n = 0
        for count, (_, sound) in enumerate(self._sounds, 1):
            n += len(sound.samples)
            if n >= most:
                return self._sounds[:count], self._sounds[count:]
        return self._sounds, []


@final
class Session:
    """Turns the sound of one page into frames. Not thread-safe."""

    def __init__(self, load_student: Callable[[int], Student], fps: float) -> None:
        """Make a session without a stream.

        Args:
            load_student: returns a student by its index in the page's list.
            fps: frames per second.
        """
        self._load_student = load_student
        self._fps = fps
        self._start: Start | None = None
        self._stream: Stream | None = None
        self._motion = NO_MOTION
        self._live_motion: LiveMotion | None = None
        self._stream_start = 0  # where in the page's sound the stream starts, in samples
        self._n_received = 0  # samples of the page's sound
        self._warned = False
        self._busy_notice_s = -BUSY_NOTICE_S

    @property
    def is_open(self) -> bool:
        """Whether a stream is waiting for sound."""
        return self._stream is not None

    def advance(self, work: Work) -> list[bytes]:
        """Process what has come and return the messages to the page.

        Raises:
            MarotteError: the student can't be loaded.
        """
        messages = list[bytes]()
        if work.motion is not None:
            self._motion = work.motion
            if self._live_motion is not None:
                self._live_motion.set(work.motion)
        if work.start is not None:
            self._open_stream(work.start, work.skipped_samples)
            self._warned = False
        elif self._start is not None and (
            work.skipped_samples or (self._stream is None and len(work.samples))
        ):  # sound was lost, or goes on after a pause
            self._open_stream(self._start, self._n_received + work.skipped_samples)
        if self._start is None:
            return messages
        if self._stream is not None:
            messages += self._push(self._start, self._stream, work)
        if work.stop:
            messages += self.rest(work.received_s)
            messages.append(protocol.ended(self._start.stream))
            self._start = None
        return messages

    def rest(self, received_s: float) -> list[bytes]:
        """End the stream; return the messages that close the mouth. More sound begins another.

        Args:
            received_s: when the last message came, on the clock `perf_counter`.
        """
        start, stream, self._stream = self._start, self._stream, None
        if start is None or stream is None:
            return []
        return self._encode(start, stream.flush(), received_s)

    def _open_stream(self, start: Start, first_sample: int) -> None:
        student = self._load_student(start.student)
        self._start = start
        self._live_motion = LiveMotion(student.rig, start.rate, self._motion)
        self._stream = Stream(student, start.rate, self._fps, start.smooth, [self._live_motion])
        self._stream_start = self._n_received = first_sample

    def _push(self, start: Start, stream: Stream, work: Work) -> list[bytes]:
        """Push the samples, with silence in place of NaN and infinity."""
        invalid = ~np.isfinite(work.samples)
        samples = np.where(invalid, np.float32(0), work.samples).clip(-1, 1)
        self._n_received += len(samples)
        late = work.waited_s > LATE_S or work.skipped_samples > 0
        frames = stream.push(samples, NEWEST_FRAMES if late else None)
        messages = self._encode(start, frames, work.received_s)
        if invalid.any() and not self._warned:
            self._warned = True
            text = "Some samples are NaN or infinite: they are replaced by silence."
            messages.append(protocol.notice(text))
        return messages + (self._busy_notice() if late else [])

    def _encode(self, start: Start, frames: list[Frame], received_s: float) -> list[bytes]:
        server_ms = 1000 * (perf_counter() - received_s)
        stream_start_s = self._stream_start / start.rate
        return [
            protocol.frame(
                start.stream,
                stream_start_s + frame.time_s,
                frame.delay_ms,
                frame.controls,
                frame.head,
                server_ms,
            )
            for frame in frames
        ]

    def _busy_notice(self) -> list[bytes]:
        now_s = perf_counter()
        if now_s - self._busy_notice_s < BUSY_NOTICE_S:
            return []
        self._busy_notice_s = now_s
        return [protocol.notice("This computer is too busy to keep up: frames are dropped.")]
