"""The level follower lifts quiet speech, lowers loud speech, and leaves noise and pauses alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from marotte.audio.level import LOUDEST_DB, QUIETEST_DB, LevelFollower, follow_level
from marotte.audio.recording import Recording, open_recording
from marotte.infer.offline import animate
from marotte.infer.stream import Stream
from marotte.model.session import load_student

RATE = 16_000
SAMPLE = Path(__file__).parents[2] / "samples" / "hello.wav"
VOICE = open_recording(SAMPLE).read()[: 4 * RATE]
NOISE = np.random.default_rng(0).standard_normal(8 * RATE).astype(np.float32)


def decibels(samples: np.ndarray) -> float:
    return 10 * np.log10(np.square(samples).mean())


def at_level(samples: np.ndarray, level_db: float) -> np.ndarray:
    return (samples * 10 ** ((level_db - decibels(samples)) / 20)).astype(np.float32)


def test_speech_of_a_usual_level_is_returned_unchanged() -> None:
    speech = at_level(VOICE, -20)
    assert LevelFollower().push(speech) is speech


@pytest.mark.parametrize("level_db", [-65, -55, -40, -6, 0])
def test_speech_of_any_level_comes_to_a_usual_one(level_db: float) -> None:
    levelled = LevelFollower().push(at_level(VOICE, level_db))
    assert QUIETEST_DB - 4 < decibels(levelled[RATE:]) < LOUDEST_DB + 1


def test_gain_does_not_depend_on_the_pieces() -> None:
    speech, random = at_level(VOICE, -50), np.random.default_rng(1)
    cuts = np.sort(random.integers(0, len(speech), 300))
    pieces = np.concatenate(list(follow_level(np.split(speech, cuts))))
    assert np.array_equal(pieces, LevelFollower().push(speech))


def test_gain_depends_on_earlier_samples_only() -> None:
    speech = at_level(VOICE, -50)
    changed = speech.copy()
    changed[2 * RATE :] *= 20
    before = [LevelFollower().push(sound)[: 2 * RATE] for sound in (speech, changed)]
    assert np.array_equal(*before)


@pytest.mark.parametrize("level_db", [-80, -65, -50])
def test_noise_alone_is_never_lifted(level_db: float) -> None:
    noise = at_level(NOISE, level_db)
    assert LevelFollower().push(noise) is noise


def test_noise_in_pauses_is_not_lifted() -> None:
    pause = np.zeros(4 * RATE, np.float32)
    sound = np.concatenate([at_level(VOICE, -50), pause]) + at_level(NOISE, -75)
    levelled = LevelFollower().push(sound)
    assert decibels(levelled[RATE : 4 * RATE]) > -30
    assert decibels(levelled[5 * RATE :]) == pytest.approx(-75, abs=0.1)


def test_offset_and_short_pushes_are_harmless() -> None:
    quiet = at_level(VOICE, -50)
    shifted = LevelFollower().push(quiet + np.float32(0.01))
    assert np.var(shifted[RATE:]) == pytest.approx(np.var(LevelFollower().push(quiet)[RATE:]), 0.1)
    follower = LevelFollower()
    assert len(follower.push(np.zeros(0, np.float32))) == 0
    assert len(follower.push(np.zeros(1, np.float32))) == 1


@pytest.mark.parametrize("level_db", [-55, -6])
def test_face_is_the_same_at_any_level(level_db: float) -> None:
    student = load_student("live")
    usual, other = (
        animate(Recording.from_samples(at_level(VOICE, each), RATE), student)
        for each in (-20, level_db)
    )
    assert other.lip_gap_mm.std() == pytest.approx(usual.lip_gap_mm.std(), rel=0.05)
    assert other["jawOpen"].mean() == pytest.approx(usual["jawOpen"].mean(), rel=0.05)


def test_stream_of_a_quiet_voice_equals_animate() -> None:
    student, speech = load_student("live"), at_level(VOICE, -55)
    expected = animate(Recording.from_samples(speech, RATE), student, 30.0)
    stream = Stream(student, fps=30.0)
    frames = [f for block in np.array_split(speech, 37) for f in stream.push(block)]
    frames += stream.flush()
    controls = np.stack([frame.controls for frame in frames])
    np.testing.assert_allclose(controls, expected.controls, atol=1e-5)
    unchanged = animate(Recording.from_samples(speech, RATE), student, 30.0, level=False)
    assert unchanged["jawOpen"].std() < 0.9 * expected["jawOpen"].std()
