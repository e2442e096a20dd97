"""The rim of the live path: an input's thread, the stream's, and one for each output.

Sound comes in as it is heard; frames leave as soon as the student can know them. Nothing here
waits in a queue that could grow: who is late drops frames, and is in time again at once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Condition, Event, Thread
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.levels import LOUDEST
from marotte.face.animation import Frame
from marotte.infer.stream import Stream
from marotte.realtime.inputs import Input, Report
from marotte.realtime.output_queue import OutputQueue

Samples = NDArray[np.float32]

INBOX_S = 4.0  # of sound may wait for the stream
LATE_S = 0.05  # sound that waited so long makes only the newest frame
SHOW_S = 0.1
SILENT_S = 3.0  # of nothing but zeros at the beginning: something is wrong
KEPT_DELAYS = 3600  # a minute of frames


@dataclass(frozen=True)
class SoundBlock:
    """Sound that came in one piece.

    Attributes:
        samples: mono [n] at the input's rate.
        at_s: when the last of them was heard, of `time.perf_counter`.
        since_s: since when the first of them has waited.
        n_lost: samples that were dropped before them.
    """

    samples: Samples
    at_s: float
    since_s: float
    n_lost: int = 0


@final
class InputBuffer:
    """Where an input's thread leaves sound, and the stream's takes it."""

    def __init__(self, rate: int, drop: bool) -> None:
        """Make an empty one; `drop` the oldest when it is full, else who gives waits."""
        self._most = round(INBOX_S * rate)
        self._drop = drop
        self._waiting: deque[SoundBlock] = deque()
        self._n_waiting = 0
        self._n_lost = 0
        self._n_wanted = 1
        self._ended = False
        self._changed = Condition()

    def put(self, samples: Samples, at_s: float) -> None:
        """Leave samples [n] there."""
        with self._changed:
            if not self._drop:
                self._changed.wait_for(lambda: self._n_waiting < self._most or self._ended)
            while self._waiting and self._n_waiting + len(samples) > self._most and self._drop:
                oldest = self._waiting.popleft()
                self._n_waiting -= len(oldest.samples)
                self._n_lost += len(oldest.samples)
            self._waiting.append(SoundBlock(samples, at_s, time.perf_counter()))
            self._n_waiting += len(samples)
            if self._n_waiting >= self._n_wanted:
                self._changed.notify_all()

    def end(self) -> None:
        """Report that no more will come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def take(self, n_wanted: int = 1) -> SoundBlock | None:
        """Wait for so many samples, and take all there are; None when there will be no more."""
        with self._changed:
            self._n_wanted = min(n_wanted, self._most)
            # A wait without an end can't be interrupted on Windows.
            while self._n_waiting < self._n_wanted and not self._ended:
                self._changed.wait(0.5)
            if not self._waiting:
                return None
            parts, n_lost = list(self._waiting), self._n_lost
            self._waiting.clear()
            self._n_waiting = self._n_lost = 0
            self._changed.notify_all()
        samples = np.concatenate([part.samples for part in parts])
        return SoundBlock(samples, parts[-1].at_s, parts[0].since_s, n_lost)


@final
class Live:
    """One take, from an input through a stream to outputs.

    Attributes:
        stream: makes the frames.
        fast: whether nothing is ever dropped.
        n_frames: made so far.
        n_skipped: frames that were not made, because it was too late for them.
        n_lost: samples that were never heard, because too many waited.
        level: the largest sample of the last piece of sound.
        delays_ms: of the last frames: from their moment in the sound to their leaving.
    """

    def __init__(
        self,
        source: Input,
        stream: Stream,
        senders: Sequence[OutputQueue],
        *,
        fast: bool = False,
        say: Report = lambda line: None,
        show: Callable[[Live], None] = lambda live: None,
    ) -> None:
        """Prepare it; `run` starts it.

        Args:
            source: where the sound comes from; its rate is the stream's.
            stream: makes the frames.
            senders: take them.
            fast: sound comes as fast as it is heard, and nothing is ever dropped.
            say: is told what goes wrong, a line each time.
            show: is shown how it goes, some times a second.
        """
        self.stream = stream
        self.n_frames = self.n_skipped = self.n_lost = 0
        self.level = 0.0
        self.delays_ms: deque[float] = deque(maxlen=KEPT_DELAYS)
        self._source, self._senders = source, senders
        self.fast, self._say, self._show = fast, say, show
        self._inbox = InputBuffer(source.rate, drop=not fast)
        self._stop = Event()
        self._failure: BaseException | None = None
        self._warned = False
        self._silent = True  # nothing but zeros came so far

    def run(self) -> None:
        """Go on until the sound ends, no output is left, or Ctrl-C; then end the outputs.

        Raises:
            MarotteError: the input is bad.
        """
        Thread(target=self._listen, name="input", daemon=True).start()
        shown_s = 0.0
        try:
            while self._anybody_left():
                heard = self._inbox.take(self.stream.n_missing)
                if heard is None:
                    break
                self._pass_on(heard)
                if heard.at_s - shown_s > SHOW_S:
                    shown_s = heard.at_s
                    self._show(self)
        finally:
            self._stop.set()
            self._send(self.stream.flush(), time.perf_counter())
            for sender in self._senders:
                if not sender.close():
                    self._say(f"{sender.name} takes no more: it is left behind")
        if self._failure:
            raise self._failure

    def _listen(self) -> None:
        try:
            self._source.run(self._inbox.put, self._stop, self._say)
        except BaseException as error:
            self._failure = error
        finally:
            self._inbox.end()

    def _anybody_left(self) -> bool:
        return any(sender.failure is None for sender in self._senders)

    def _pass_on(self, heard: SoundBlock) -> None:
        """Make and send the frames that a piece of sound makes known."""
        samples = self._without_errors(heard.samples)
        self._notice_silence(samples)
        if heard.n_lost:  # what was lost was silent, so that all that follows stays in its place
            self.n_lost += heard.n_lost
            samples = np.concatenate([np.zeros(heard.n_lost, np.float32), samples])
        for sender in self._senders:
            sender.send_samples(samples, self.stream.n_pushed)
        late = not self.fast and time.perf_counter() - heard.since_s > LATE_S
        before = self.stream.next_frame
        frames = self.stream.push(samples, newest=1 if late else None)
        self.n_skipped += self.stream.next_frame - before - len(frames)
        self.level = float(np.abs(samples).max(initial=0))
        self._send(frames, heard.at_s)

    def _send(self, frames: list[Frame], at_s: float) -> None:
        """Send frames that were known when the sound until now, heard at `at_s`, was heard."""
        heard_s = self.stream.n_pushed / self.stream.rate
        for frame in frames:
            for sender in self._senders:
                sender.send(frame)
            moment = at_s - (heard_s - frame.time_s)
            self.delays_ms.append(1000 * (time.perf_counter() - moment))
        self.n_frames += len(frames)

    def _notice_silence(self, samples: Samples) -> None:
        """Say so, once, if all that came for some seconds is zero: no room is as silent."""
        self._silent = self._silent and not samples.any()
        if self._silent and self.stream.n_pushed > SILENT_S * self.stream.rate:
            self._silent = False
            self._say("the input gives nothing but zeros: is it muted, or may we not hear it?")

    def _without_errors(self, samples: Samples) -> Samples:
        """The samples, silent where they are no sound; a device may give such."""
        wrong = ~(np.abs(samples) <= LOUDEST)
        if not wrong.any():
            return samples
        if not self._warned:
            self._warned = True
            bad = samples[wrong][0]
            self._say(f"the input gives samples that are no sound ({bad:g}): taken as silence")
        return np.where(wrong, np.float32(0), samples)
