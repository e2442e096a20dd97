"""Samples in, in pieces of any size; frames out, each as soon as its student can know it.

All that a stream remembers is one value, a `Stream`, made by `open_stream`; to begin again, make
another. Frame k stands at exactly k / fps seconds of the sound, and whatever the pieces are, the
frames are those of the whole sound (`marotte.infer.offline.animate`). Nothing here knows a clock, a
device or a thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.levels import check_samples
from marotte.audio.resampling import (
    HIGHEST_RATE,
    LOWEST_RATE,
    SAMPLE_RATE,
    Resampler,
    converted_samples,
)
from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.infer.evaluators import Answer, Evaluator, SampleBuffer, choose_evaluator
from marotte.model.session import Student
from marotte.model.smoothing import Smoothing, chosen, ensemble, moments
from marotte.model.timing import check_fps, n_frames

Samples = NDArray[np.float32]
Controls = NDArray[np.float32]


@final
@dataclass
class Stream:
    """All that is remembered from one piece of sound to the next.

    Attributes:
        student: who turns it into controls.
        fps: frames a second.
        rate: samples a second of the sound that is pushed.
        smoothing: the moments that every frame is the mean of.
        delay_ms: of every frame, see `Frame`.
        cost: what a frame costs, in words.
        ear: what asks the student.
        resampler: to 16 kHz.
        sound: at 16 kHz, as much of it as may be needed yet.
        n_pushed: samples so far.
        next_frame: the number of the frame that comes next.
        begins_at: where the first window of that frame begins, in samples at 16 kHz.
        ends_at: where its last one ends.
        ended: whether it was flushed.
        known: the answers to moments that coming frames are made of too.
    """

    student: Student
    fps: float
    rate: int
    smoothing: Smoothing
    delay_ms: float
    cost: str
    ear: Evaluator = field(repr=False)
    resampler: Resampler = field(repr=False)
    sound: SampleBuffer = field(repr=False)
    n_pushed: int = 0
    next_frame: int = 0
    begins_at: int = 0
    ends_at: int = 0
    ended: bool = False
    known: dict[int, Answer] = field(default_factory=dict[int, Answer], repr=False)


def open_stream(
    student: Student, fps: float = 60.0, rate: int = SAMPLE_RATE, smooth: bool | None = None
) -> Stream:
    """Make a stream that has heard nothing yet.

    Args:
        student: who turns sound into controls.
        fps: frames a second, above 0 and up to 1000.
        rate: samples a second of the sound to come, 8000 or more.
        smooth: whether every frame is the mean of neighbouring moments (`marotte.model.smoothing`),
            each later one of which adds 16.7 ms; None for as the student is made.

    Raises:
        MarotteError: a rate is impossible.
    """
    check_fps(fps)
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise MarotteError(f"rate must be {LOWEST_RATE} to {HIGHEST_RATE} a second, got {rate}")
    smoothing = chosen(student.contract.smoothing, smooth)
    ear, cost = choose_evaluator(student, fps, smoothing)
    past = student.window.past_samples
    ahead_ms = 1000 * (ear.n_samples - past) / SAMPLE_RATE
    first = int(moments(0, 1, fps, smoothing)[0, 0]) - past
    stream = Stream(
        student=student,
        fps=fps,
        rate=rate,
        smoothing=smoothing,
        delay_ms=ahead_ms + smoothing.delay_ms,
        cost=cost,
        ear=ear,
        resampler=Resampler(rate),
        sound=SampleBuffer(np.zeros(-first, np.float32), first),  # silence before the beginning
    )
    _go_to(stream, 0)
    return stream


def push(stream: Stream, samples: Samples, newest: int | None = None) -> list[Frame]:
    """Hear samples, and give the frames that they make known, in order.

    Args:
        stream: what was heard before; it is changed.
        samples: mono floats [n] at the stream's rate, about -1..1; n may be 0.
        newest: make only that many of the frames, the last ones; who is late gains by it.

    Raises:
        MarotteError: the samples are not as said, or the stream was flushed.
    """
    samples = np.asarray(samples, np.float32)
    if samples.ndim != 1:
        raise MarotteError(f"a stream hears mono samples [n], got {list(samples.shape)}")
    if stream.ended:
        raise MarotteError("this stream was flushed: open another one")
    check_samples(samples, "the sound", stream.rate, stream.n_pushed)
    stream.n_pushed += len(samples)
    stream.sound.add(stream.resampler.push(samples), stream.begins_at)
    if stream.sound.end < stream.ends_at:
        return []
    return _frames(stream, _n_ready(stream), newest)


def n_missing(stream: Stream) -> int:
    """How many samples must be pushed, at least, until there is another frame.

    Where the rate is converted that can't be told: it is 1.
    """
    return max(1, stream.ends_at - stream.sound.end) if stream.rate == SAMPLE_RATE else 1


def flush(stream: Stream) -> list[Frame]:
    """Give the last frames: after the end of the sound there is silence.

    Of a sound without a sample there are none.
    """
    if stream.ended or not stream.n_pushed:
        return []
    total = converted_samples(stream.n_pushed, stream.rate)
    rest = stream.resampler.flush()[: total - stream.sound.end]
    n_total = n_frames(total, stream.fps)
    n_silent = max(0, _end_of(stream, n_total - 1) - stream.sound.end - len(rest))
    stream.sound.add(np.append(rest, np.zeros(n_silent, np.float32)), stream.begins_at)
    stream.ended = True
    return _frames(stream, n_total, None)


def _end_of(stream: Stream, frame: int) -> int:
    """Where the last window of a frame ends."""
    last = int(moments(frame, frame + 1, stream.fps, stream.smoothing)[0, -1])
    return last - stream.student.window.past_samples + stream.ear.n_samples


def _go_to(stream: Stream, frame: int) -> None:
    """Let a frame be the next one."""
    stream.next_frame = frame
    first = int(moments(frame, frame + 1, stream.fps, stream.smoothing)[0, 0])
    stream.begins_at = first - stream.student.window.past_samples
    stream.ends_at = _end_of(stream, frame)


def _n_ready(stream: Stream) -> int:
    """How many frames, from the sound's beginning, are known by now."""
    heard = stream.sound.end
    if heard <= 0:
        return 0
    n = n_frames(heard, stream.fps)
    # Frames are evenly spaced, but for rounding: this is at most a few too many.
    late = _end_of(stream, n - 1) - heard
    n -= max(0, int(late * stream.fps / SAMPLE_RATE) - 1)
    while n > stream.next_frame and _end_of(stream, n - 1) > heard:
        n -= 1
    return n


def _frames(stream: Stream, until: int, newest: int | None) -> list[Frame]:
    """Make the frames up to the one before `until`."""
    first = stream.next_frame if newest is None else max(stream.next_frame, until - newest)
    if until <= first:
        return []
    lanes = moments(first, until, stream.fps, stream.smoothing).tolist()
    frames = [
        Frame(frame / stream.fps, stream.delay_ms, _controls_of(stream, lanes[frame - first]))
        for frame in range(first, until)
    ]
    _go_to(stream, until)
    return frames


def _controls_of(stream: Stream, lanes: list[int]) -> Controls:
    """The controls of a frame that is made of some moments, in the order of time."""
    known = stream.known
    for lane, moment in enumerate(lanes):
        if moment not in known:
            start = moment - stream.student.window.past_samples
            known[moment] = stream.ear.answer(stream.sound, start, lane)
    answer = ensemble([known[moment] for moment in lanes])
    stream.known = {at: answer for at, answer in known.items() if at > lanes[0]}
    return stream.student.in_rig(answer[None])[0]
