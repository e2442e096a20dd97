"""Streamed frames are those of the whole sound, whatever pieces it comes in."""

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
from marotte.infer.evaluators import StepEvaluator, WindowEvaluator
from marotte.infer.offline import animate
from marotte.infer.stream import Stream
from marotte.model.session import Student, load_student

LOOKAHEAD_MS = 64  # of the student that ships
HELLO = Path(__file__).parents[2] / "samples" / "hello.wav"


@pytest.fixture(scope="module")
def student() -> Student:
    return load_student()


def pieces(samples: Floats, seed: int) -> list[Floats]:
    """The samples in pieces of random sizes, some of them empty, some long."""
    rng = np.random.default_rng(seed)
    places = np.sort(rng.integers(0, len(samples), rng.integers(0, 60)))
    return np.split(samples, places)


def frames_of(stream: Stream, parts: list[Floats]) -> list[Frame]:
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
def test_streamed_is_whole(student: Student, fps: float, rate: int, smooth: bool) -> None:
    voice = make_voice(1.234, rate)
    whole = animate(Recording.from_samples(voice, rate), student, fps, smooth=smooth)
    for seed in range(2):
        frames = frames_of(Stream(student, rate, fps, smooth), pieces(voice, seed))
        assert [frame.time_s for frame in frames] == [k / fps for k in range(whole.n_frames)]
        np.testing.assert_allclose([f.controls for f in frames], whole.controls, atol=1e-5)


def test_a_voice_is_what_animate_makes_of_it(student: Student) -> None:
    recording = open_recording(HELLO)
    whole = animate(recording, student)
    frames = frames_of(Stream(student), pieces(recording.read(), 0))
    np.testing.assert_allclose([f.controls for f in frames], whole.controls, atol=1e-5)


def test_an_opened_stream_is_new_whatever_another_heard(student: Student) -> None:
    voice = make_voice(0.5, 16_000)
    first = frames_of(Stream(student), [voice])
    frames_of(Stream(student), [np.ones(5000, np.float32)])
    again = frames_of(Stream(student), [voice])
    np.testing.assert_array_equal([f.controls for f in first], [f.controls for f in again])


@pytest.mark.parametrize(
    ("fps", "steps"), [(60, 5), (120, 5), (30, 5), (50, 1), (25, 2), (100, 1), (20, 5)]
)
def test_frames_share_their_steps(student: Student, fps: float, steps: int) -> None:
    stream = Stream(student, fps=fps, smooth=False)
    assert isinstance(stream._evaluator, StepEvaluator)
    assert f"computes {steps} steps" in stream.cost
    assert stream.delay_ms == LOOKAHEAD_MS  # all of the window is in its steps


@pytest.mark.parametrize("fps", [24, 59.94, 7])
def test_frames_that_share_none_hear_whole_windows_and_say_so(student: Student, fps: float) -> None:
    stream = Stream(student, fps=fps, smooth=False)
    assert isinstance(stream._evaluator, WindowEvaluator)
    assert f"at {fps:g} fps too few of them share their steps" in stream.cost
    assert stream.delay_ms == LOOKAHEAD_MS


def test_a_student_without_a_streamed_form_says_so(tiny_student: Path) -> None:
    stream = Stream(load_student(tiny_student))
    assert "tiny has no streamed form" in stream.cost
    assert stream.delay_ms == 7


def test_smoothing_adds_its_delay(student: Student) -> None:
    assert Stream(student, smooth=True).delay_ms == pytest.approx(LOOKAHEAD_MS + 1000 / 60)


@pytest.mark.parametrize(("fps", "rate"), [(60, 16_000), (30, 44_100), (24, 16_000)])
def test_a_student_has_a_smoothing_of_its_own(tmp_path, fps: float, rate: int) -> None:
    own = replace(TINY, smooth_behind=3, smooth_ahead=1)
    student = load_student(write_tiny(tmp_path / "own.onnx", own.to_json()))
    bare = load_student(write_tiny(tmp_path / "bare.onnx"))
    recording = Recording.from_samples(make_voice(1.0, rate), rate)
    stream = Stream(student, rate, fps)
    assert stream.delay_ms == student.delay_ms == pytest.approx(bare.delay_ms + 1000 / 60)
    whole = animate(recording, student, fps).controls
    frames = frames_of(stream, pieces(make_voice(1.0, rate), 0))
    np.testing.assert_allclose([each.controls for each in frames], whole, atol=1e-5)
    np.testing.assert_array_equal(animate(recording, student, fps, smooth=True).controls, whole)
    plain = animate(recording, bare, fps).controls
    np.testing.assert_array_equal(animate(recording, student, fps, smooth=False).controls, plain)
    if fps == 60:
        mean = np.mean([plain[lane : len(plain) - 4 + lane] for lane in range(5)], axis=0)
        np.testing.assert_allclose(whole[3:-1], mean, atol=1e-5)


def test_smoothing_is_the_mean_of_three_moments(tiny_student: Path) -> None:
    student = load_student(tiny_student)
    recording = Recording.from_samples(make_voice(1.0, 16_000), 16_000)
    plain = animate(recording, student).controls
    smooth = animate(recording, student, smooth=True).controls
    mean = (plain[:-2] + plain[1:-1] + plain[2:]) / 3
    np.testing.assert_allclose(smooth[1:-1], mean, atol=1e-6)
    at_30 = animate(recording, student, 30, smooth=True).controls
    np.testing.assert_allclose(at_30, smooth[::2], atol=1e-6)


def test_a_frame_comes_with_the_sample_that_makes_it_known(student: Student) -> None:
    stream = Stream(student)
    heard = 0
    for k in range(20):
        n = stream.n_missing
        assert not stream.push(np.zeros(n - 1, np.float32))
        [frame] = stream.push(np.zeros(1, np.float32))
        heard += n
        assert frame.time_s == k / 60
        assert heard / 16 == pytest.approx(1000 * frame.time_s + frame.delay_ms, abs=0.05)


def test_who_is_late_makes_the_newest_frames_alone(student: Student) -> None:
    voice = make_voice(2.0, 16_000)
    every = frames_of(Stream(student), [voice])
    stream = Stream(student)
    stream.push(voice[:8000])
    [newest] = stream.push(voice[8000:24_000], newest=1)
    after = stream.push(voice[24_000:28_000])
    for frame in (newest, *after):
        expected = every[round(frame.time_s * 60)]
        assert frame.time_s == expected.time_s
        np.testing.assert_allclose(frame.controls, expected.controls, atol=1e-5)
    assert after[0].time_s == pytest.approx(newest.time_s + 1 / 60)


@pytest.mark.parametrize("smooth", [False, True])
def test_nothing_that_is_remembered_grows(student: Student, smooth: bool) -> None:
    stream = Stream(student, rate=48_000, smooth=smooth)
    sizes = []
    for second in range(6):
        for block in np.split(make_voice(1, 48_000), 50):
            stream.push(block)
        assert isinstance(stream._evaluator, StepEvaluator)
        if second > 1:
            sizes.append((len(stream._evaluator.phases), len(stream._memory.answers)))
            assert len(stream._memory.sound.samples) < 8192 + 2048
    assert len(set(sizes)) == 1
    assert max(sizes[0]) <= 18


def test_a_stream_without_a_sample_has_no_frame(student: Student) -> None:
    stream = Stream(student)
    assert stream.push(np.zeros(0, np.float32)) == []
    assert stream.flush() == []


def test_a_stream_is_flushed_once(student: Student) -> None:
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
def test_samples_that_are_no_sound_are_refused(
    student: Student, samples: Floats, message: str
) -> None:
    with pytest.raises(MarotteError, match=message):
        Stream(student).push(samples)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"fps": 0}, "fps must be"), ({"rate": 4000}, "rate must be 8000 to 768000")],
)
def test_impossible_rates_are_refused(
    student: Student, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(MarotteError, match=message):
        Stream(student, **settings)
