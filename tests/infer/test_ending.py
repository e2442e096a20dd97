"""At the end of a sound, the mouth closes: in recordings, streams, and where a sound is cut off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic import Floats, make_voice

import marotte
from marotte.audio.recording import Recording
from marotte.face.loading import load_head
from marotte.infer.ending import CLOSING_S, closing_shares, rest_of
from marotte.infer.offline import animate
from marotte.infer.stream import Stream
from marotte.model.session import Student, load_student
from marotte.model.timing import n_frames

HELLO = Path(__file__).parents[2] / "samples" / "hello.wav"
CLOSED_MM = 1.5


@pytest.fixture(scope="module", params=["live", "offline", "tiny"])
def student(request: pytest.FixtureRequest) -> Student:
    return load_student(request.param)


def cut_in_a_vowel(student: Student) -> Floats:
    """Return speech that ends where the mouth is widest open."""
    recording = marotte.open_recording(HELLO)
    gaps_mm = gaps(animate(recording, student).controls)
    return recording.read()[: int(np.argmax(gaps_mm)) * 16_000 // 60 + 400]


def gaps(controls: Floats) -> Floats:
    head = load_head()
    rest_mm, weights_mm = head.lip_gap_weights(head.names)
    return rest_mm + controls @ weights_mm


@pytest.mark.parametrize("fps", [24, 60])
def test_recording_that_is_cut_in_a_vowel_ends_with_a_closed_mouth(
    student: Student, fps: float
) -> None:
    sound = cut_in_a_vowel(student)
    recording = Recording.from_samples(sound, 16_000)
    raw = animate(recording, student, fps, close=False).controls
    closed = animate(recording, student, fps).controls
    assert gaps(raw)[-1] > 2 * CLOSED_MM
    assert gaps(closed)[-1] < CLOSED_MM
    np.testing.assert_array_equal(closed[-1], rest_of(student))
    n_closing = len(closed) - int(np.argmax((raw != closed).any(axis=1)))
    assert n_closing / fps <= CLOSING_S + 1 / fps
    assert len(closed) == n_frames(len(sound), fps)


@pytest.mark.parametrize(("fps", "rate"), [(60, 16_000), (24, 16_000), (30, 44_100), (7, 48_000)])
def test_stream_ends_as_the_recording_does(student: Student, fps: float, rate: int) -> None:
    voice = make_voice(1.13, rate)
    stream = Stream(student, rate, fps)
    frames = [f for part in np.array_split(voice, 37) for f in stream.push(part)] + stream.flush()
    whole = animate(Recording.from_samples(voice, rate), student, fps).controls
    np.testing.assert_allclose([frame.controls for frame in frames], whole, atol=1e-4)


def test_no_frame_closes_where_all_are_known_before_the_end(student: Student) -> None:
    smoothing = student.contract.smoothing
    assert not len(closing_shares(student, 0.3, smoothing, 16_000, 1))


def test_silence_stays_as_it_is(student: Student) -> None:
    recording = Recording.from_samples(np.zeros(16_000, np.float32), 16_000)
    raw = animate(recording, student, close=False).controls
    np.testing.assert_allclose(animate(recording, student).controls, raw, atol=1e-6)
