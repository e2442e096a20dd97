"""Idle motion: blinks, head and brows move a little, and smoothly."""

from __future__ import annotations

import numpy as np
from synthetic import make_voice, pose

from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52
from marotte.postprocess.idle_motion import IdleMotion


def idle_frames(seconds: float, seed: int = 0, blocks: int = 7) -> list[Frame]:
    """Return a resting face with idle motion, for a voice that is pushed in some blocks."""
    idle_motion = IdleMotion(ARKIT_52, 16_000, seed)
    voice = make_voice(seconds, 16_000)
    frames, k = [], 0
    n_pushed = 0
    for part in np.array_split(voice, blocks):
        idle_motion.push_samples(part)
        n_pushed += len(part)
        while k / 60 + 0.1 < n_pushed / 16_000:
            frames.append(idle_motion.apply(Frame(k / 60, 116.0, pose())))
            k += 1
    return frames


def test_eyes_blink_now_and_then() -> None:
    lids = np.array([f.controls[ARKIT_52.index["eyeBlinkLeft"]] for f in idle_frames(60)])
    starts = np.flatnonzero((lids[1:] > 0) & (lids[:-1] == 0))
    assert 10 < len(starts) < 30  # per minute
    assert np.diff(starts).min() > 60
    assert lids.max() > 0.9
    assert (lids > 0).mean() < 0.15
    assert np.abs(np.diff(lids)).max() < 0.6  # smooth


def test_head_and_brows_move_a_little_and_smoothly() -> None:
    frames = idle_frames(20)
    head = np.degrees([f.head for f in frames])
    brows = np.array([f.controls[ARKIT_52.index["browInnerUp"]] for f in frames])
    assert (head.std(axis=0) > 0.2).all()
    assert np.abs(head).max() < 6
    assert np.abs(np.diff(head, axis=0)).max() < 0.5
    assert 0.05 < brows.max() < 0.5
    assert np.abs(np.diff(brows)).max() < 0.05


def test_motion_depends_on_the_seed_and_not_on_the_pieces() -> None:
    one, same, other = (
        np.array([(*f.head, *f.controls) for f in idle_frames(6, seed, blocks)])
        for seed, blocks in ((0, 1), (0, 400), (1, 1))
    )
    n = min(len(one), len(same))
    np.testing.assert_allclose(one[:n], same[:n], atol=1e-6)
    assert np.abs(one - other).max() > 0.1


def test_mouth_is_not_changed() -> None:
    frames = idle_frames(5)
    speech = [ARKIT_52.index[name] for name in ARKIT_52.speech]
    assert not np.array([f.controls[speech] for f in frames]).any()
