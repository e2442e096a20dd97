"""Moods: smooth, and never against the lips: closed ones stay closed, open ones open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic import pose

import marotte
from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52, Rig
from marotte.postprocess.lips import CLOSED_MM, Lips
from marotte.postprocess.mood import Mood
from marotte.postprocess.moods import ACTION_UNITS, MOODS, mood_controls
from marotte.postprocess.processors import process

SAMPLE = Path(__file__).parents[2] / "samples" / "hello.wav"
SHOWN = [name for name in MOODS if name != "neutral"]
MOUTH = [name for name in ARKIT_52.names if name.startswith(("mouth", "jaw"))]
TOLERANCE_MM = 0.05
LONG_S = 10.0  # after which a face is fully in its mood


def in_mood(controls: np.ndarray, mood: str, intensity: float) -> np.ndarray:
    """Return a face that has been in a mood for long."""
    processor = Mood(ARKIT_52, mood, intensity)
    processor.apply(Frame(0.0, 0.0, controls))
    return processor.apply(Frame(LONG_S, 0.0, controls)).controls


def random_faces(n: int, seed: int) -> np.ndarray:
    """Return faces [n, 52]: mouths of all kinds, a third of them closed by mouthClose."""
    random = np.random.default_rng(seed)
    faces = ARKIT_52.neutral(n)
    columns = [ARKIT_52.index[name] for name in MOUTH]
    used = random.random((n, len(columns))) < random.random((n, 1))
    faces[:, columns] = used * random.random((n, len(columns))) * random.random((n, 1))
    close, jaw = ARKIT_52.index["mouthClose"], ARKIT_52.index["jawOpen"]
    faces[: n // 3, close] = faces[: n // 3, jaw]
    return faces


def assert_lips_are_kept(before: np.ndarray, after: np.ndarray) -> None:
    lips = Lips(ARKIT_52)
    was, now = lips.gap(before), lips.gap(after)
    assert (now[was <= CLOSED_MM] <= CLOSED_MM + TOLERANCE_MM).all()
    np.testing.assert_allclose(now, was, atol=TOLERANCE_MM)


@pytest.mark.parametrize("intensity", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("mood", SHOWN)
def test_lip_gap_of_random_faces_is_kept(mood: str, intensity: float) -> None:
    faces = random_faces(150, seed=len(mood))
    gap = Lips(ARKIT_52).gap(faces)
    assert (gap <= CLOSED_MM).sum() > 20
    assert (gap > 5).sum() > 20
    after = np.stack([in_mood(face, mood, intensity) for face in faces])
    assert_lips_are_kept(faces, after)
    assert after.min() >= 0
    assert after.max() <= 1


@pytest.mark.parametrize("mood", SHOWN)
def test_lip_gap_of_the_sample_is_kept(mood: str, spoken: marotte.Animation) -> None:
    moved = process(spoken, [Mood(ARKIT_52, mood, 1.0)])
    assert_lips_are_kept(spoken.controls, moved.controls)
    assert np.abs(moved.controls[60:] - spoken.controls[60:]).max() > 0.3
    steps = np.abs(np.diff(moved.controls - spoken.controls, axis=0))
    assert steps.max() < 0.25  # per sixtieth of a second: no jumps


@pytest.fixture(scope="module")
def spoken() -> marotte.Animation:
    return marotte.load("live").animate(SAMPLE)


def test_mouth_at_the_end_of_its_range_keeps_its_gap() -> None:
    wide = pose(jawOpen=1, mouthLowerDownLeft=1, mouthLowerDownRight=1, mouthUpperUpLeft=1)
    wide[ARKIT_52.index["mouthUpperUpRight"]] = 1
    for mood in SHOWN:
        assert_lips_are_kept(wide[None], in_mood(wide, mood, 1.0)[None])


@pytest.mark.parametrize("mood", SHOWN)
def test_mood_starts_smoothly_and_stays(mood: str) -> None:
    processor = Mood(ARKIT_52, mood, 1.0)
    frames = [processor.apply(Frame(k / 60, 0.0, pose())).controls for k in range(180)]
    assert not frames[0].any()
    assert np.abs(np.diff(frames, axis=0)).max() < 0.07
    for name, value in mood_controls(mood).items():
        if not name.startswith(("mouthUpperUp", "mouthLowerDown")):  # these would part the lips
            assert frames[-1][ARKIT_52.index[name]] == pytest.approx(value, abs=0.01)


def test_mood_changes_smoothly_while_frames_are_made() -> None:
    processor = Mood(ARKIT_52, "happy", 1.0)
    frames = []
    for k in range(240):
        if k == 90:
            processor.set("sad", 0.8)
        if k == 100:
            processor.set("neutral", 1.0)
        frames.append(processor.apply(Frame(k / 60, 0.0, pose())).controls)
    assert np.abs(np.diff(frames, axis=0)).max() < 0.07
    assert np.abs(frames[-1]).max() < 0.01


def test_motion_does_not_depend_on_the_frame_rate() -> None:
    np.testing.assert_allclose(_at_half_a_second(10), _at_half_a_second(60), atol=1e-5)


def _at_half_a_second(fps: int) -> np.ndarray:
    processor = Mood(ARKIT_52, "fear", 1.0)
    frames = [processor.apply(Frame(k / fps, 0.0, pose())) for k in range(fps // 2 + 1)]
    return frames[-1].controls


def test_round_lips_stay_round() -> None:
    round_lips = pose(mouthPucker=0.5, jawOpen=0.1)
    smile = ARKIT_52.index["mouthSmileLeft"]
    assert in_mood(round_lips, "happy", 1.0)[smile] < 0.5 * in_mood(pose(), "happy", 1.0)[smile]


def test_neutral_changes_nothing() -> None:
    frame = Frame(1.0, 0.0, pose(jawOpen=0.3))
    assert Mood(ARKIT_52, "neutral", 1.0).apply(frame) is frame
    assert Mood(ARKIT_52, "happy", 0.0).apply(frame) is frame


def test_action_units_are_controls_of_arkit() -> None:
    for mood in MOODS:
        assert set(mood_controls(mood)) <= set(ARKIT_52.names)
        assert set(MOODS[mood]) <= set(ACTION_UNITS)


def test_other_rigs() -> None:
    few = Rig("few", ("jawOpen", "mouthSmileLeft"), (0.0, 0.0), (1.0, 1.0), ("jawOpen",))
    mood = Mood(few, "happy", 1.0)
    mood.apply(Frame(0.0, 0.0, few.neutral(1)[0]))
    after = mood.apply(Frame(LONG_S, 0.0, few.neutral(1)[0])).controls
    assert after[1] == pytest.approx(0.75)
    assert Lips(few).gap(after) == pytest.approx(Lips(few).rest_mm, abs=TOLERANCE_MM)
    strange = Rig("strange", ("pc0",), (-1.0,), (1.0,), ())
    with pytest.raises(MarotteError, match=r"rig 'strange' has none of ARKit's controls"):
        Mood(strange, "happy", 1.0)
