"""Gaze: eyes jump, look at one point, follow no head, and blink with large jumps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from synthetic import make_voice, pose

from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52, Rig
from marotte.postprocess.blinks import Blinks
from marotte.postprocess.gaze import (
    BETWEEN_EYES_MM,
    CAMERA_MM,
    FULL_ACROSS_DEG,
    Gaze,
    look,
)
from marotte.postprocess.motion import Motion
from marotte.postprocess.processors import make_processors
from marotte.postprocess.saccades import HIGHEST_DEG, WIDEST_DEG, Saccades

FPS = 240


def directions(seconds: float, seed: int = 0) -> np.ndarray:
    """Return yaw and pitch of the gaze in degrees, [n, 2]."""
    saccades = Saccades(seed)
    return np.array([saccades.at(k / FPS) for k in range(round(seconds * FPS))])


def test_eyes_rest_and_jump_as_people_s_do() -> None:
    gaze = directions(300)
    speed = np.linalg.norm(np.diff(gaze, axis=0), axis=1) * FPS  # degrees per second
    moving = speed > 5
    assert 0.01 < moving.mean() < 0.1
    starts = np.flatnonzero(moving[1:] & ~moving[:-1])
    assert 1.0 < len(starts) / 300 < 2.5  # per second
    assert np.diff(starts).min() > 0.15 * FPS
    assert speed.max() < 700  # the main sequence: no eye is faster
    away = np.hypot(*gaze.T) > 4
    assert 0.05 < away.mean() < 0.3
    assert np.abs(gaze[:, 0]).max() < WIDEST_DEG + 1e-6
    assert np.abs(gaze[:, 1]).max() < HIGHEST_DEG + 1e-6
    assert np.abs(gaze.mean(axis=0)).max() < 1.5  # centred on the camera


def test_larger_saccades_last_longer() -> None:
    saccades = Saccades(0)
    saccades.next_blink(200.0)
    planned = list(saccades._planned)[1:]
    sizes = [
        np.hypot(after.yaw_deg - before.yaw_deg, after.pitch_deg - before.pitch_deg)
        for before, after in pairwise(planned)
    ]
    durations = [saccade.seconds for saccade in planned[1:]]
    np.testing.assert_allclose(durations, 0.021 + 0.0022 * np.array(sizes), atol=1e-9)


def test_seed_decides_and_dropped_frames_do_not_matter() -> None:
    np.testing.assert_array_equal(directions(10), directions(10))
    assert np.abs(directions(10) - directions(10, seed=1)).max() > 1
    sparse = Saccades(0)
    some = np.array([sparse.at(k / FPS) for k in range(0, 10 * FPS, 37)])
    np.testing.assert_array_equal(some, directions(10)[::37])


def test_blinks_come_with_large_saccades_and_only_seldom_more_often() -> None:
    saccades = Saccades(0)
    alone, coupled = Blinks(np.random.default_rng(0)), Blinks(np.random.default_rng(0), saccades)
    lids = []
    for k in range(300 * 60):
        lids.append((alone.closure(k / 60), coupled.closure(k / 60)))
        saccades.at(k / 60)
    starts = [np.flatnonzero((x[1:] > 0) & (x[:-1] == 0)) for x in np.array(lids).T]
    assert len(starts[0]) <= len(starts[1]) < 1.3 * len(starts[0])
    assert np.diff(starts[1]).min() > 60
    fresh = Saccades(0)
    evoked = [fresh.next_blink(float(k) / 60 - 0.02) for k in starts[1]]
    together = np.abs(np.array(evoked) - starts[1] / 60) < 0.05
    assert 0.05 < together.mean() < 0.6


def test_both_eyes_look_at_the_same_point() -> None:
    for yaw_deg in (-10.0, -1.0, 0.0, 3.0, 10.0):
        values = look(yaw_deg, 0.0)
        points_mm = []
        for side, sign in (("Left", 1), ("Right", -1)):
            out = values.get(f"eyeLookOut{side}", 0) - values.get(f"eyeLookIn{side}", 0)
            left_deg = sign * out * FULL_ACROSS_DEG
            at_mm = sign * BETWEEN_EYES_MM / 2 + CAMERA_MM * np.tan(np.radians(left_deg))
            points_mm.append(at_mm)
        assert points_mm[0] == pytest.approx(points_mm[1], abs=1e-6)
        assert points_mm[0] == pytest.approx(CAMERA_MM * np.tan(np.radians(yaw_deg)), abs=1e-6)


def test_eyelids_follow_the_eyes_up_and_down() -> None:
    down, up = look(0.0, 5.0), look(0.0, -5.0)
    assert down["eyeLookDownLeft"] == down["eyeLookDownRight"] > 0.2
    assert 0 < down["eyeBlinkLeft"] < 0.1
    assert "eyeWideLeft" not in down
    assert up["eyeLookUpLeft"] > 0.2
    assert 0 < up["eyeWideRight"] < 0.1
    assert "eyeBlinkLeft" not in up


def test_eyes_turn_against_the_head() -> None:
    look_in = ARKIT_52.index["eyeLookInLeft"]
    still = Gaze(ARKIT_52, Saccades(0)).apply(Frame(0.0, 0.0, pose()))
    turned = Gaze(ARKIT_52, Saccades(0)).apply(Frame(0.0, 0.0, pose(), (0.1, 0.0, 0.0)))
    more_deg = FULL_ACROSS_DEG * (turned.controls[look_in] - still.controls[look_in])
    assert more_deg == pytest.approx(np.degrees(0.1), abs=0.05)


def test_shut_eyelids_stay_shut() -> None:
    shut = pose(eyeBlinkLeft=1, eyeBlinkRight=1)
    lid = ARKIT_52.index["eyeBlinkLeft"]
    gaze = Gaze(ARKIT_52, Saccades(0))
    lids = [gaze.apply(Frame(k / 60, 0.0, shut)).controls[lid] for k in range(600)]
    assert set(lids) == {1.0}


def test_blink_shuts_eyes_that_a_mood_widens() -> None:
    processors = make_processors(
        ARKIT_52, 16_000, Motion(mood="surprised", intensity=1, idle_motion=True)
    )
    faces = []
    for k in range(600):
        frame = Frame(k / 60, 0.0, pose())
        for processor in processors:
            frame = processor.apply(frame)
        faces.append(frame.controls)
    lids = np.array(faces)[:, [ARKIT_52.index["eyeBlinkLeft"], ARKIT_52.index["eyeWideLeft"]]]
    assert (lids[lids[:, 0] > 0.99, 1] < 0.01).all()
    assert lids[:, 1].max() > 0.7


def test_mouth_is_not_changed() -> None:
    gaze = Gaze(ARKIT_52, Saccades(0))
    gaze.push_samples(make_voice(1, 16_000))
    frames = np.array([gaze.apply(Frame(k / 60, 0.0, pose())).controls for k in range(120)])
    assert not frames[:, [ARKIT_52.index[name] for name in ARKIT_52.speech]].any()


def test_rig_without_eyes_is_an_error() -> None:
    jaw = Rig("jaw", ("jawOpen",), (0.0,), (1.0,), ("jawOpen",))
    with pytest.raises(MarotteError, match="so it can't have gaze"):
        Gaze(jaw, Saccades(0))
