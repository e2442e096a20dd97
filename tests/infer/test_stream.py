"""Streamed frames equal those of the whole recording, however the sound is cut into pieces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import TINY, Floats, make_voice, write_tiny

from marotte.audio.recording import Recording, open_recording
from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.infer.evaluators import StepEvaluator
from marotte.infer.offline import animate
from marotte.infer.stream import Stream
from marotte.model.session import Student, load_student

LOOKAHEAD_MS = 64  # of the student `live`
HELLO = Path(__file__).parents[2] / "samples" / "hello.wav"


@pytest.fixture(scope="module")
def student() -> Student:
    return load_student()


def pieces(samples: Floats, seed: int) -> list[Floats]:
    """Split samples into pieces of random sizes, some of them empty, some long."""
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.integers(0, len(samples), rng.integers(0, 60)))
    return np.split(samples, cuts)


def frames_of(stream: Stream, parts: list[Floats]) -> list[Frame]:
    """Push all parts and return all frames, those of the flush included."""
    frames = [frame for part in parts for frame in stream.push(part)]
    return frames + stream.flush()


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (60, 16_000),
        (30, 48_000),
        (25, 44_100),
        (59.94, 16_000),
        (24, 22_050),
        (75, 8_000),
        (7, 16_000),
    ],
)
def test_stream_equals_animate(student: Student, fps: float, rate: int, smooth: bool) -> None:
    voice = make_voice(1.234, rate)
    whole = animate(Recording.from_samples(voice, rate), student, fps, smooth=smooth)
    for seed in range(2):
        frames = frames_of(Stream(student, rate, fps, smooth), pieces(voice, seed))
        assert [frame.time_s for frame in frames] == [k / fps for k in range(whole.n_frames)]
        np.testing.assert_allclose([frame.controls for frame in frames], whole.controls, atol=1e-5)


def test_stream_of_speech_equals_animate(student: Student) -> None:
    recording = open_recording(HELLO)
    whole = animate(recording, student)
    frames = frames_of(Stream(student), pieces(recording.read(), 0))
    np.testing.assert_allclose([frame.controls for frame in frames], whole.controls, atol=1e-5)


def test_streams_are_independent(student: Student) -> None:
    voice = make_voice(0.5, 16_000)
    first = frames_of(Stream(student), [voice])
    frames_of(Stream(student), [np.ones(5000, np.float32)])
    again = frames_of(Stream(student), [voice])
    np.testing.assert_array_equal(
        [frame.controls for frame in first], [frame.controls for frame in again]
    )


def test_smoothing_adds_delay(student: Student) -> None:
    assert Stream(student, smooth=True).delay_ms == pytest.approx(LOOKAHEAD_MS + 1000 / 60)


@pytest.mark.parametrize(("fps", "rate"), [(60, 16_000), (30, 44_100), (24, 16_000)])
def test_smoothing_in_the_contract_is_the_default(tmp_path, fps: float, rate: int) -> None:
    own = replace(TINY, smooth_behind=3, smooth_ahead=1)
    student = load_student(write_tiny(tmp_path / "own.onnx", own.to_json()))
    bare = load_student(write_tiny(tmp_path / "bare.onnx"))
    recording = Recording.from_samples(make_voice(1.0, rate), rate)
    stream = Stream(student, rate, fps)
    assert stream.delay_ms == student.delay_ms == pytest.approx(bare.delay_ms + 1000 / 60)
    whole = animate(recording, student, fps).controls
    frames = frames_of(stream, pieces(make_voice(1.0, rate), 0))
    np.testing.assert_allclose([frame.controls for frame in frames], whole, atol=1e-5)
    np.testing.assert_array_equal(animate(recording, student, fps, smooth=True).controls, whole)
    plain = animate(recording, bare, fps).controls
    np.testing.assert_array_equal(animate(recording, student, fps, smooth=False).controls, plain)
    if fps == 60:
        raw = animate(recording, student, fps, level=False, close=False).controls
        plain = animate(recording, bare, fps, level=False, close=False).controls
        mean = np.mean([plain[tap : len(plain) - 4 + tap] for tap in range(5)], axis=0)
        np.testing.assert_allclose(raw[3:-1], mean, atol=1e-5)


def test_frame_is_returned_with_the_last_sample_it_needs(student: Student) -> None:
    stream = Stream(student)
    n_pushed = 0
    for k in range(20):
        n = stream.n_missing
        assert not stream.push(np.zeros(n - 1, np.float32))
        [frame] = stream.push(np.zeros(1, np.float32))
        n_pushed += n
        assert frame.time_s == k / 60
        assert n_pushed / 16 == pytest.approx(1000 * frame.time_s + frame.delay_ms, abs=0.05)


def test_late_caller_gets_the_newest_frames_only(student: Student) -> None:
    voice = make_voice(2.0, 16_000)
    all_frames = frames_of(Stream(student), [voice])
    stream = Stream(student)
    stream.push(voice[:8000])
    [newest] = stream.push(voice[8000:24_000], newest=1)
    after = stream.push(voice[24_000:28_000])
    for frame in (newest, *after):
        expected = all_frames[round(frame.time_s * 60)]
        assert frame.time_s == expected.time_s
        np.testing.assert_allclose(frame.controls, expected.controls, atol=1e-5)
    assert after[0].time_s == pytest.approx(newest.time_s + 1 / 60)


@pytest.mark.parametrize("smooth", [False, True])
def test_memory_of_a_stream_is_bounded(student: Student, smooth: bool) -> None:
    stream = Stream(student, rate=48_000, smooth=smooth)
    sizes = []
    for second in range(6):
        for block in np.split(make_voice(1, 48_000), 50):
            stream.push(block)
        assert isinstance(stream._evaluator, StepEvaluator)
        if second > 1:
            sizes.append((len(stream._evaluator.phases), len(stream._memory.predictions)))
            assert len(stream._memory.sound.samples) < 8192 + 2048
    assert len(set(sizes)) == 1
    assert max(sizes[0]) <= 18


def test_stream_without_samples_has_no_frames(student: Student) -> None:
    stream = Stream(student)
    assert stream.push(np.zeros(0, np.float32)) == []
    assert stream.flush() == []


def test_stream_is_flushed_once(student: Student) -> None:
    stream = Stream(student)
    assert stream.push(np.zeros(1, np.float32)) == []
    assert len(stream.flush()) == 1
    assert stream.flush() == []
    with pytest.raises(MarotteError, match="was flushed: open another"):
        stream.push(np.zeros(1, np.float32))


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((2, 2), np.float32), r"takes mono samples \[n\], got \[2, 2\]"),
        (np.array([0, np.nan], np.float32), "the sound has the sample nan at 0.000 s"),
        (np.array([1e6], np.float32), "the sound has the sample 1e[+]06"),
    ],
)
def test_impossible_samples_are_errors(student: Student, samples: Floats, message: str) -> None:
    with pytest.raises(MarotteError, match=message):
        Stream(student).push(samples)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"fps": 0}, "fps must be"), ({"rate": 4000}, "rate must be 8000 to 768000")],
)
def test_impossible_rates_are_errors(
    student: Student, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(MarotteError, match=message):
        Stream(student, **settings)
