"""A live take: sound from an input through a stream to outputs, each end in its own thread.

Frames leave as soon as the student can know them. No queue here grows without limit: when the
stream is late, frames are dropped, so that latency recovers at once. Where an input gives nothing
for a while, silence takes its place, so that the face comes to rest.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.levels import LOUDEST
from marotte.face.animation import Frame
from marotte.infer.stream import Stream
from marotte.realtime.input_queue import TIMEOUT_S, InputQueue, SoundBlock
from marotte.realtime.inputs import Input, Report
from marotte.realtime.output_queue import OutputQueue

Samples = NDArray[np.float32]

LATE_S = 0.05  # for sound queued longer than this, only the newest frame is computed
STARVED_S = 0.2  # after so long without sound, silence takes its place
SILENCE_S = 0.01  # of silence at a time
SHOW_INTERVAL_S = 0.1
SILENT_S = 3.0  # nothing but zeros for so long at the beginning means a muted input
N_DELAYS = 3600  # one minute of frames


@final
class LiveRunner:
    """Runs one take from an input through a stream to outputs.

    Attributes:
        stream: computes the frames.
        fast: whether the sound is processed as fast as possible and nothing is dropped.
        n_frames: frames computed so far.
        n_skipped: frames that were skipped because the stream was late.
        n_lost: samples that were dropped because the input queue was full.
        level: the largest sample of the last block of sound.
        delays_ms: of the latest frames, from their moment in the sound to their sending.
    """

    def __init__(
        self,
        source: Input,
        stream: Stream,
        outputs: Sequence[OutputQueue],
        *,
        fast: bool = False,
        ended: Callable[[], bool] = lambda: False,
        report: Report = lambda line: None,
        show: Callable[[LiveRunner], None] = lambda runner: None,
    ) -> None:
        """Prepare the take; `run` starts it.

        Args:
            source: the input; its rate is the rate of the stream.
            stream: computes the frames.
            outputs: take the frames.
            fast: process sound as fast as possible and drop nothing.
            ended: called between two blocks of sound; the take ends when it returns true.
            report: called with a line of text about each problem.
            show: called several times per second to show the state.
        """
        self.stream = stream
        self.fast = fast
        self.n_frames = self.n_skipped = self.n_lost = 0
        self.level = 0.0
        self.delays_ms: deque[float] = deque(maxlen=N_DELAYS)
        self._source, self._outputs = source, outputs
        self._ended, self._report, self._show = ended, report, show
        self._queue = InputQueue(source.rate, drop=not fast)
        self._stop = Event()
        self._failure: BaseException | None = None
        self._reported_bad_samples = False
        self._all_zeros = True  # so far
        self._starving = False
        self._given_s = math.inf  # until when the stream has sound; none has come yet

    def run(self) -> None:
        """Run until the sound ends, every output has failed, or `ended`; then close the outputs.

        Raises:
            MarotteError: the input failed.
        """
        Thread(target=self._read_input, name="input", daemon=True).start()
        shown_at_s = 0.0
        try:
            while not self._is_over():
                block = self._next_block()
                if block is None:
                    continue
                self._process(block)
                if block.at_s - shown_at_s > SHOW_INTERVAL_S:
                    shown_at_s = block.at_s
                    self._show(self)
        finally:
            self._finish()
        if self._failure:
            raise self._failure

    def _is_over(self) -> bool:
        working = any(output.failure is None for output in self._outputs)
        return self._ended() or self._queue.ended or not working

    def _next_block(self) -> SoundBlock | None:
        """Return the next sound, or silence where the input starves; None if there is none yet."""
        timeout_s = SILENCE_S if self._starving else TIMEOUT_S
        block = self._queue.take(self.stream.n_missing, timeout_s)
        now_s = time.perf_counter()
        if block is None and now_s - self._given_s > STARVED_S:
            block = self._queue.take(1, 0.0)  # less than the next frame needs
        if block is not None:
            self._starving, self._given_s = False, now_s
            return block
        if self.fast or (not self._starving and now_s - self._given_s < STARVED_S):
            return None
        if not self._starving:  # what the last frames of the sound wait for comes at once
            self._starving, self._given_s = True, now_s - self.stream.delay_ms / 1000
        n_silent = round((now_s - self._given_s) * self.stream.rate)
        self._given_s = now_s
        return SoundBlock(np.zeros(n_silent, np.float32), now_s, now_s)

    def _finish(self) -> None:
        """Send the last frames, at the pace of all others, and close every output."""
        self._stop.set()
        self._queue.end()
        try:
            begun_s = time.perf_counter()
            for k, frame in enumerate(self.stream.flush()):
                if not self.fast:
                    time.sleep(max(0.0, begun_s + k / self.stream.fps - time.perf_counter()))
                self._send([frame], begun_s + (0 if self.fast else k / self.stream.fps))
        finally:
            for output in self._outputs:
                output.end()
            for output in self._outputs:
                if not output.close():
                    self._report(f"{output.name} does not respond: it was not closed")

    def _read_input(self) -> None:
        try:
            self._source.run(self._queue.put, self._stop, self._report)
        except BaseException as error:
            self._failure = error
        finally:
            self._queue.end()

    def _process(self, block: SoundBlock) -> None:
        """Compute and send the frames that a block of sound completes."""
        samples = self._without_bad_samples(block.samples)
        self._check_for_mute(samples)
        if block.n_lost:  # lost samples become silence, so that later ones keep their position
            self.n_lost += block.n_lost
            samples = np.concatenate([np.zeros(block.n_lost, np.float32), samples])
        for output in self._outputs:
            output.send_samples(samples, self.stream.n_pushed, self._ended)
        late = not self.fast and time.perf_counter() - block.queued_at_s > LATE_S
        before = self.stream.next_frame
        frames = self.stream.push(samples, newest=1 if late else None)
        self.n_skipped += self.stream.next_frame - before - len(frames)
        self.level = float(np.abs(samples).max(initial=0))
        self._send(frames, block.at_s)

    def _send(self, frames: list[Frame], at_s: float) -> None:
        """Send frames; the last sample pushed so far was recorded at `at_s`."""
        pushed_s = self.stream.n_pushed / self.stream.rate
        for frame in frames:
            for output in self._outputs:
                output.send(frame, self._ended)
            moment = at_s - (pushed_s - frame.time_s)
            self.delays_ms.append(1000 * (time.perf_counter() - moment))
        self.n_frames += len(frames)

    def _check_for_mute(self, samples: Samples) -> None:
        """Report once if the sound starts with seconds of zeros: no real room is that silent."""
        self._all_zeros = self._all_zeros and not samples.any()
        if self._all_zeros and self.stream.n_pushed > SILENT_S * self.stream.rate:
            self._all_zeros = False
            self._report(
                "the input gives nothing but zeros: unmute it, or allow access to the microphone"
            )

    def _without_bad_samples(self, samples: Samples) -> Samples:
        """Return the samples with silence in place of values that devices should never give."""
        bad = ~(np.abs(samples) <= LOUDEST)
        if not bad.any():
            return samples
        if not self._reported_bad_samples:
            self._reported_bad_samples = True
            value = samples[bad][0]
            self._report(f"the input gives impossible samples ({value:g}): they become silence")
        return np.where(bad, np.float32(0), samples)
