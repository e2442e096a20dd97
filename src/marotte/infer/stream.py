"""Samples in, in pieces of any size; frames out, each as soon as it can be computed.

A `Stream` holds all state between two pieces; to begin again, make another one. Frame k is the face
at exactly k / fps seconds. The frames do not depend on how the sound is cut into pieces: they equal
those of the whole recording (`marotte.infer.offline`). This module uses no clock, device or thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from marotte.audio.level import LevelFollower
from marotte.audio.levels import check_array, check_samples
from marotte.audio.resampling import SAMPLE_RATE, Resampler, check_rate, converted_samples
from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.frame_rate import check_fps
from marotte.face.rig import Rig
from marotte.infer.ending import close_mouth, closing_shares, rest_of
from marotte.infer.evaluators import (
    Prediction,
    SampleBuffer,
    choose_evaluator,
    without_denormals,
)
from marotte.model.session import Student
from marotte.model.smoothing import Smoothing, ensemble, moments_of, resolve_smoothing
from marotte.model.timing import DEFAULT_FPS, n_frames
from marotte.postprocess.processors import FrameProcessor

Controls = NDArray[np.float32]


@dataclass
class _Position:
    """The position of the next frame in the sound, in samples at 16 kHz.

    Attributes:
        frame: the number of the next frame.
        window_start: the first sample of the frame's first window.
        window_end: the sample after the frame's last window.
    """

    frame: int
    window_start: int
    window_end: int


@dataclass
class _Memory:
    """The state of a stream between two pieces of sound.

    Attributes:
        sound: the samples at 16 kHz that may still be needed.
        position: the position of the next frame.
        predictions: the predictions that coming frames average, by their moment.
        n_pushed: samples pushed so far, at the stream's rate.
        flushed: whether the sound has ended.
    """

    sound: SampleBuffer
    position: _Position
    predictions: dict[int, Prediction] = field(default_factory=dict[int, Prediction])
    n_pushed: int = 0
    flushed: bool = False


@final
class Stream:
    """Turns a voice into frames while it is spoken.

    Attributes:
        student: the network that turns sound into controls.
        rig: the rig of the frames: the student's, or the one they are retargeted to.
        rate: sample rate of the sound that is pushed, in Hz.
        fps: frames per second.
        smoothing: the neighbouring predictions that each frame averages.
        delay_ms: the delay of each frame after its moment, see `Frame`.
        cost: a sentence about the computation per frame.

    Example:
        >>> import numpy as np, marotte
        >>> stream = marotte.load("live").stream(rate=48_000, fps=60)
        >>> stream
        Stream('live', 48000 Hz to 60 fps, 81 ms of delay)
        >>> for block in np.split(np.zeros(48_000), 100):  # 10 ms each
        ...     for frame in stream.push(block):
        ...         jaw = frame.controls[stream.rig.index["jawOpen"]]
        >>> rest = stream.flush()
    """

    def __init__(
        self,
        student: Student,
        rate: int = SAMPLE_RATE,
        fps: float = DEFAULT_FPS,
        smooth: bool | None = None,
        processors: Sequence[FrameProcessor] = (),
        *,
        level: bool = True,
    ) -> None:
        """Start a stream, without any sound yet.

        Args:
            student: the network that turns sound into controls.
            rate: sample rate of the sound to come, in Hz, 8000 or more.
            fps: frames per second, 0.001 to 1000.
            smooth: whether each frame is the mean of neighbouring predictions
                (`marotte.model.smoothing`); each later one adds 16.7 ms of delay. None for the
                student's own setting.
            processors: change the frames, in this order; they must be made for sound at `rate`.
            level: whether quiet and loud speech is brought to a usual level
                (`marotte.audio.level`).

        Raises:
            MarotteError: a rate is impossible.
        """
        check_fps(fps)
        check_rate(rate)
        self.student, self.rate, self.fps = student, rate, fps
        self.rig: Rig = processors[-1].rig if processors else student.rig
        self.smoothing: Smoothing = resolve_smoothing(student.contract.smoothing, smooth)
        self._evaluator, self.cost = choose_evaluator(student, fps, self.smoothing)
        self._past_samples = student.window.past_samples
        ahead_ms = 1000 * (self._evaluator.n_samples - self._past_samples) / SAMPLE_RATE
        self.delay_ms: float = ahead_ms + self.smoothing.delay_ms
        self._processors = tuple(processors)
        self._resampler = Resampler(rate)
        self._level = LevelFollower() if level else None
        first = self._position_of(0)
        silence = np.zeros(-first.window_start, np.float32)  # before the sound begins
        self._memory = _Memory(SampleBuffer(silence, first.window_start), first)

    def __repr__(self) -> str:
        """Return the student, the rates and the delay."""
        rates = f"{self.rate} Hz to {self.fps:g} fps"
        return f"Stream({self.student.name!r}, {rates}, {self.delay_ms:.0f} ms of delay)"

    @property
    def n_pushed(self) -> int:
        """Samples pushed so far."""
        return self._memory.n_pushed

    @property
    def next_frame(self) -> int:
        """The number of the frame that comes next."""
        return self._memory.position.frame

    @property
    def n_missing(self) -> int:
        """The least number of samples to push until the next frame is complete.

        It is 1 if the sound is resampled, because the number is not known then.
        """
        if self.rate != SAMPLE_RATE:
            return 1
        return max(1, self._memory.position.window_end - self._memory.sound.end)

    def push(self, samples: ArrayLike, newest: int | None = None) -> list[Frame]:
        """Take in the next samples and return the frames that they complete, in order.

        Args:
            samples: mono floats [n] at the stream's rate, about -1..1; n may be 0.
            newest: the largest number of frames to compute, the last ones, so that a late caller
                catches up; None for all.

        Raises:
            MarotteError: the samples are not as described, or the stream was flushed.

        Example:
            >>> import numpy as np, marotte
            >>> stream = marotte.load("live").stream(rate=16_000, fps=60)
            >>> len(stream.push(np.zeros(16_000)))
            56
        """
        checked = _as_mono(samples)
        memory = self._memory
        if memory.flushed:
            raise MarotteError("this stream was flushed: open another one")
        check_samples(checked, "the sound", self.rate, memory.n_pushed)
        checked = without_denormals(checked)
        for processor in self._processors:
            processor.push_samples(checked)
        memory.n_pushed += len(checked)
        self._add(self._resampler.push(checked))
        if memory.sound.end < memory.position.window_end:
            return []
        return self._frames(self._n_ready(), newest)

    def flush(self) -> list[Frame]:
        """End the sound and return the last frames: the mouth closes at the last sample.

        A second flush, or a flush before any sample, returns no frames.

        Example:
            >>> import numpy as np, marotte
            >>> stream = marotte.load("live").stream(rate=16_000, fps=60)
            >>> len(stream.push(np.zeros(16_000))) + len(stream.flush())
            60
        """
        memory = self._memory
        if memory.flushed or not memory.n_pushed:
            return []
        total = converted_samples(memory.n_pushed, self.rate)
        rest = self._resampler.flush()[: total - memory.sound.end]
        n_total = n_frames(total, self.fps)
        end = self._position_of(n_total - 1).window_end
        n_silent = max(0, end - memory.sound.end - len(rest))
        self._add(np.append(rest, np.zeros(n_silent, np.float32)))
        memory.flushed = True
        shares = closing_shares(self.student, self.fps, self.smoothing, total, n_total)
        return self._frames(n_total, None, shares)

    def _add(self, samples: NDArray[np.float32]) -> None:
        """Append samples [n] at 16 kHz to the sound."""
        if self._level is not None:
            samples = self._level.push(samples)
        self._memory.sound.add(samples, self._memory.position.window_start)

    def _position_of(self, frame: int) -> _Position:
        """Return the position of a frame."""
        at = moments_of(frame, self.fps, self.smoothing)
        start, last = at[0] - self._past_samples, at[-1] - self._past_samples
        return _Position(frame, start, last + self._evaluator.n_samples)

    def _n_ready(self) -> int:
        """Return how many frames, counted from the beginning of the sound, can be computed now."""
        end = self._memory.sound.end
        if end <= 0:
            return 0
        n = n_frames(end, self.fps)
        # Frames are evenly spaced up to rounding, so the estimate is at most a few too high.
        late = self._position_of(n - 1).window_end - end
        n -= max(0, int(late * self.fps / SAMPLE_RATE) - 1)
        while n > self.next_frame and self._position_of(n - 1).window_end > end:
            n -= 1
        return n

    def _frames(
        self, until: int, newest: int | None, shares: Controls | None = None
    ) -> list[Frame]:
        """Compute the frames up to the one before `until`; at the end, the last ones come to rest.

        Args:
            until: the number of the frame after the last.
            newest: the largest number of frames to compute; None for all.
            shares: what `closing_shares` returns, at the end of the sound.
        """
        first = self.next_frame if newest is None else max(self.next_frame, until - newest)
        if until <= first:
            return []
        taps = (moments_of(frame, self.fps, self.smoothing) for frame in range(first, until))
        controls = [self._controls(each) for each in taps]
        if shares is not None and (n := min(len(shares), len(controls))):
            last = np.stack(controls[-n:])
            controls[-n:] = close_mouth(last, shares[-n:], rest_of(self.student))
        frames = [
            self._processed(Frame(k / self.fps, self.delay_ms, each))
            for k, each in enumerate(controls, first)
        ]
        self._memory.position = self._position_of(until)
        return frames

    def _controls(self, taps: list[int]) -> Controls:
        """Return the mean of the predictions at some moments, in order, as controls of the rig."""
        memory = self._memory
        for tap, moment in enumerate(taps):
            if moment not in memory.predictions:
                start = moment - self._past_samples
                memory.predictions[moment] = self._evaluator.predict(memory.sound, start, tap)
        mean = ensemble([memory.predictions[moment] for moment in taps])
        memory.predictions = {at: p for at, p in memory.predictions.items() if at > taps[0]}
        return self.student.in_rig(mean[None])[0]

    def _processed(self, frame: Frame) -> Frame:
        for processor in self._processors:
            frame = processor.apply(frame)
        return frame


def _as_mono(samples: ArrayLike) -> NDArray[np.float32]:
    """Return samples [n] as float32.

    Raises:
        MarotteError: they are not floats [n].
    """
    array = np.asarray(samples)
    if array.ndim != 1:
        raise MarotteError(
            f"a stream takes mono samples [n], got {list(array.shape)}: mix the channels first"
        )
    if array.size:
        check_array(array)
    return array.astype(np.float32, copy=False)
