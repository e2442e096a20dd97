"""Gain and effort: open mouths open more or less, closed lips stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic import make_voice, pose

from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52, Rig
from marotte.postprocess.effort import LARGEST, SMALLEST, EffortMeter
from marotte.postprocess.lips import CLOSED_MM, PRESSING, Lips
from marotte.postprocess.opening import MouthOpening, scaled_gap

RATE = 16_000
JAW = ARKIT_52.index["jawOpen"]
LIPS = Lips(ARKIT_52)


def scaled(controls: np.ndarray, gain: float = 1.0, effort: float | None = 1.0) -> np.ndarray:
    """Return a face after gain and effort."""
    return MouthOpening(ARKIT_52, RATE, gain, effort).apply(Frame(0.0, 0.0, controls)).controls


def spoken_faces(n: int) -> np.ndarray:
    """Return faces [n, 52] as in speech: small values, half of the lips closed by mouthClose."""
    random = np.random.default_rng(0)
    faces = ARKIT_52.neutral(n)
    for name in ARKIT_52.speech:
        faces[:, ARKIT_52.index[name]] = 0.25 * random.random(n) * (random.random(n) < 0.7)
    faces[: n // 2, ARKIT_52.index["mouthClose"]] = faces[: n // 2, JAW]
    return faces


@pytest.mark.parametrize("gain", [0.0, 0.4, 1.3, 2.0, 3.0])
@pytest.mark.parametrize("effort", [0.5, 1.0, 2.0])
def test_closed_lips_stay_closed_and_pressed(gain: float, effort: float) -> None:
    faces = spoken_faces(200)
    before = LIPS.gap(faces)
    after = np.stack([scaled(face, gain, effort) for face in faces])
    gap = LIPS.gap(after)
    closed = before <= CLOSED_MM
    assert 40 < closed.sum() < 160
    assert (gap[closed] <= CLOSED_MM + 0.01).all()
    pressed = before <= LIPS.rest_mm
    np.testing.assert_allclose(gap[pressed], before[pressed], atol=0.01)
    columns = [ARKIT_52.index[name] for name in PRESSING]
    np.testing.assert_array_equal(after[:, columns], faces[:, columns])
    assert after.min() >= 0
    assert after.max() <= 1


@pytest.mark.parametrize(("gain", "effort"), [(2.0, 1.0), (1.0, 2.0), (0.5, 1.0), (1.0, 0.5)])
def test_open_mouths_are_scaled(gain: float, effort: float) -> None:
    faces = spoken_faces(200)
    before = LIPS.gap(faces)
    open_faces = faces[before > 3.0]
    after = np.stack([scaled(face, gain, effort) for face in open_faces])
    expected = [scaled_gap(gap, gain * effort, LIPS.rest_mm) for gap in LIPS.gap(open_faces)]
    np.testing.assert_allclose(LIPS.gap(after), expected, atol=0.01)
    smile = ARKIT_52.index["mouthSmileLeft"]
    np.testing.assert_allclose(after[:, smile], gain * open_faces[:, smile], atol=1e-6)
    brows = ARKIT_52.index["browInnerUp"]
    assert not after[:, brows].any()


def test_factors_of_one_give_the_frame_itself() -> None:
    frame = Frame(0.0, 0.0, pose(jawOpen=0.3))
    assert MouthOpening(ARKIT_52, RATE).apply(frame) is frame


def test_gap_changes_smoothly_from_closed_to_open() -> None:
    jaws = np.linspace(0, 0.2, 400)
    for factor in (0.5, 2.0):
        gaps = [float(LIPS.gap(scaled(pose(jawOpen=jaw), factor))) for jaw in jaws]
        assert np.diff(gaps).min() > -1e-3
        assert np.diff(gaps).max() < 2.1 * 34.5 * 0.2 / 399


def test_gain_changes_smoothly_while_frames_are_made() -> None:
    opening = MouthOpening(ARKIT_52, RATE)
    values = []
    for k in range(120):
        if k == 30:
            opening.gain = 2.0
        if k == 60:
            opening.effort = None
        if k == 90:
            opening.gain, opening.effort = 0.5, 1.5
        values.append(opening.apply(Frame(k / 60, 0.0, pose(jawOpen=0.3))).controls[JAW])
    assert np.abs(np.diff(values)).max() < 0.08
    assert values[50] == pytest.approx(0.56, abs=0.03)


def test_rig_without_a_mouth_is_an_error() -> None:
    eyes = Rig("eyes", ("eyeBlinkLeft",), (0.0,), (1.0,), ())
    with pytest.raises(MarotteError, match=r"rig 'eyes' has no control of ARKit's that moves"):
        MouthOpening(eyes, RATE, gain=2.0)


def utterances(levels: list[float], rate: int = RATE) -> np.ndarray:
    """Return two seconds of a voice at each level, with half a second of silence between them."""
    silence = np.zeros(rate // 2, np.float32)
    return np.concatenate(
        [part for level in levels for part in (level * make_voice(2.0, rate), silence)]
    )


def factors(voice: np.ndarray, rate: int = RATE, block: int = 0) -> np.ndarray:
    """Return the factor every 100 ms."""
    meter = EffortMeter(rate)
    for first in range(0, len(voice), block or len(voice)):
        meter.push_samples(voice[first : first + (block or len(voice))])
    return np.array([meter.factor(k / 10) for k in range(len(voice) * 10 // rate)])


def test_loud_speech_opens_wider_and_soft_speech_less() -> None:
    measured = factors(utterances([1.0, 1.0, 3.0, 0.3]))
    usual, loud, soft = measured[30:45], measured[65:70], measured[90:95]
    np.testing.assert_allclose(usual, 1.0, atol=0.05)
    assert loud.min() > 1.05
    assert soft.max() < 0.95
    assert measured.min() >= SMALLEST
    assert measured.max() <= LARGEST
    assert np.abs(np.diff(measured)).max() < 0.15  # per 100 ms


def test_level_of_a_recording_does_not_matter() -> None:
    voice = utterances([1.0, 2.0])
    np.testing.assert_allclose(factors(voice), factors(0.1 * voice), atol=0.01)


def test_higher_speech_opens_wider() -> None:
    low = make_voice(4.0, RATE)
    high = make_voice(4.0, RATE * 100 // 140)  # played faster: its pitch is higher by 40 %
    measured = factors(np.concatenate([low, high]))
    assert measured[60] > measured[35] + 0.05


def test_effort_may_start_to_follow_the_voice_at_any_time() -> None:
    opening = MouthOpening(ARKIT_52, RATE)
    quiet, loud = make_voice(2.0, RATE), 3 * make_voice(2.0, RATE)
    opening.push_samples(quiet)
    opening.effort = None
    opening.push_samples(quiet)
    opening.push_samples(loud)
    jaws = [
        opening.apply(Frame(k / 60, 0.0, pose(jawOpen=0.3))).controls[JAW] for k in range(6 * 60)
    ]
    assert jaws[180] == pytest.approx(0.3, abs=0.02)
    assert jaws[-1] > 0.31


def test_silence_and_noise_change_nothing() -> None:
    assert (factors(np.zeros(RATE, np.float32)) == 1).all()
    hiss = np.random.default_rng(0).normal(0, 1e-4, 2 * RATE).astype(np.float32)
    assert (factors(hiss) == 1).all()


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 8_000])
def test_effort_does_not_depend_on_the_pieces(rate: int) -> None:
    voice = utterances([1.0, 2.5], rate)
    whole = factors(voice, rate)
    for block in (1 if rate == 8_000 else 33, 480, 5000):
        np.testing.assert_array_equal(factors(voice, rate, block), whole)
