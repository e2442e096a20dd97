"""Motion that changes while frames are made: it starts as fixed motion does, and never jumps."""

from __future__ import annotations

import numpy as np
from synthetic import make_voice, pose

from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52
from marotte.postprocess.live_motion import LiveMotion
from marotte.postprocess.motion import AUTO, NO_MOTION, Motion
from marotte.postprocess.processors import FrameProcessor, make_processors

RATE, FPS = 16_000, 60
EVERYTHING = Motion(1.5, AUTO, "angry", 0.8, gaze=True, idle_motion=True, seed=2)


def spoken(k: int) -> Frame:
    """Return a frame of a mouth that opens and closes."""
    return Frame(k / FPS, 0.0, pose(jawOpen=0.15 * (1 - np.cos(k / 5)), mouthPucker=0.1))


def test_fixed_settings_give_the_frames_of_fixed_processors() -> None:
    voice = make_voice(5.0, RATE)
    fixed: list[FrameProcessor] = make_processors(ARKIT_52, RATE, EVERYTHING)
    live = LiveMotion(ARKIT_52, RATE, EVERYTHING)
    for processor in (live, *fixed):
        processor.push_samples(voice)
    for k in range(5 * FPS - 10):
        expected = spoken(k)
        for processor in fixed:
            expected = processor.apply(expected)
        frame = live.apply(spoken(k))
        np.testing.assert_array_equal(frame.controls, expected.controls)
        assert frame.head == expected.head


def test_no_motion_gives_the_frame_itself() -> None:
    live = LiveMotion(ARKIT_52, RATE, NO_MOTION)
    live.push_samples(make_voice(1.0, RATE))
    for k in range(FPS // 2):
        frame = spoken(k)
        assert live.apply(frame) is frame


def test_changes_are_smooth() -> None:
    live = LiveMotion(ARKIT_52, RATE, NO_MOTION)
    live.push_samples(make_voice(6.0, RATE))
    added = []
    for k in range(5 * FPS):
        if k == FPS:
            live.set(EVERYTHING)
        if k == 3 * FPS:
            live.set(NO_MOTION)
        frame, still = live.apply(spoken(k)), spoken(k)
        added.append(frame.controls - still.controls)
    brows = np.array(added)[:, ARKIT_52.index["browDownLeft"]]
    jaw = np.array(added)[:, ARKIT_52.index["jawOpen"]]
    assert not brows[:FPS].any()
    assert brows[3 * FPS - 1] > 0.7
    assert abs(brows[-1]) < 0.01
    assert np.abs(np.diff(brows)).max() < 0.05
    assert np.abs(np.diff(jaw)).max() < 0.1
