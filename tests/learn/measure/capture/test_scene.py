"""Tests of scenes: what the sound of takes says, put end to end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from captured_takes import make_take

from marotte.face.rig import ARKIT_52
from marotte.learn.capture.take import Clip
from marotte.learn.data.captured import CapturedCurves
from marotte.learn.measure.capture.pitch import Voice
from marotte.learn.measure.capture.scene import face_motion, make_scene, parts_of

FPS = 60.0


def scene_of(*takes, held_out=None):
    return make_scene("me", parts_of(takes, FPS, held_out), FPS)


def test_a_scene_without_words_finds_speech_by_loudness() -> None:
    scene = scene_of(make_take())
    assert scene.minutes == pytest.approx(13 / 60)
    assert scene.events.utterances.shape == (6, 2)
    assert np.allclose(scene.events.utterances[:, 0], 60 * (1 + 2 * np.arange(6)), atol=6)
    assert scene.events.loudness.argmax() == 1
    assert len(scene.events.onsets) == 6
    assert len(scene.events.pauses) == 6
    assert not len(scene.events.initial)
    assert not (scene.silent & scene.speech).any()
    assert scene.silent.mean() > 0.1


def test_a_scene_with_words_takes_their_times() -> None:
    scene = scene_of(make_take(words=True))
    assert scene.events.utterances.tolist() == [[60 + 120 * i, 120 + 120 * i] for i in range(6)]
    assert scene.events.onsets.tolist() == [60, 300, 420, 660]  # not those of `bin`
    assert scene.events.initial.tolist() == [180, 540]
    assert scene.events.wide.tolist() == [[300, 360], [660, 720]]
    assert scene.events.pauses[:, 0].tolist() == [120 + 120 * i for i in range(6)]
    assert (np.diff(scene.events.pauses) == 30).all()  # to the end of each clip
    assert scene.speech[54:126].all()


def test_takes_are_put_end_to_end() -> None:
    first, second = make_take("me_1", 6), make_take("me_2", 2)
    alone, both = scene_of(second), scene_of(first, second)
    n_frames = len(scene_of(first).loudness)
    assert np.array_equal(both.loudness[n_frames:], alone.loudness)
    assert np.array_equal(both.events.pauses[6:], alone.events.pauses + n_frames)
    assert np.array_equal(both.real.controls[n_frames:], alone.real.controls)


def test_held_out_clips_are_cut_out_and_put_end_to_end() -> None:
    take = make_take(words=True)
    scene = scene_of(take, held_out=frozenset({"me_1_1", "me_1_4"}))
    whole = scene_of(take)
    frames = [*range(150, 270), *range(510, 630)]
    assert np.array_equal(scene.loudness, whole.loudness[frames])
    assert np.array_equal(scene.real.gap_mm, whole.real.gap_mm[frames])
    assert scene.events.utterances.tolist() == [[30, 90], [150, 210]]
    assert scene.events.initial.tolist() == [30, 150]
    assert scene.events.pauses.tolist() == [[90, 120], [210, 240]]
    assert scene.events.loudness.tolist() == whole.events.loudness[[1, 4]].tolist()


def test_held_out_takes_have_no_clips() -> None:
    takes = make_take("me_1"), make_take("me_2", 2)
    parts = parts_of(takes, FPS, frozenset({"me_2"}))
    assert [part.take.name for part in parts] == ["me_2"]


def test_clips_without_words_are_parts_of_one_recording() -> None:
    clips = (Clip("a", 0.8, 2.2), Clip("b", 2.8, 4.2), Clip("c", 4.4, 5.0))
    take = replace(make_take(), clips=clips)
    assert len(scene_of(take).events.onsets) == 6
    cut = scene_of(take, held_out=frozenset({"a", "c"}))
    assert len(cut.loudness) == 84 + 36
    assert len(cut.events.onsets) == 1  # an utterance of `a`; the one in `c` goes on after it


def test_the_measured_lip_gap_is_used_where_there_is_one() -> None:
    take = make_take()
    gap = np.linspace(0.4, 9, len(take.curves.time_s))[:, None]
    curves = CapturedCurves(
        [*take.curves.names, "lipGapMm"],
        take.curves.time_s,
        np.hstack([take.curves.values, gap]),
        take.curves.seconds,
    )
    measured = scene_of(replace(take, curves=curves)).real
    assert measured.gap_mm[0] == pytest.approx(0.4)
    assert measured.gap_mm[-1] == pytest.approx(9, abs=0.1)
    assert measured.rest_mm > 1  # its median in pauses
    assert scene_of(take).real.rest_mm == pytest.approx(0.36, abs=0.01)


def test_frames_without_a_face_are_not_scored() -> None:
    take = make_take()
    kept = (take.curves.time_s < 1.2) | (take.curves.time_s > 1.8)
    lost = CapturedCurves(
        take.curves.names, take.curves.time_s[kept], take.curves.values[kept], take.curves.seconds
    )
    speech, whole = (scene_of(each).speech for each in (replace(take, curves=lost), take))
    missing = np.flatnonzero(whole & ~speech)
    assert missing.min() == pytest.approx(71, abs=2)
    assert missing.max() == pytest.approx(109, abs=2)


def test_curves_that_end_early_hold_their_last_frame() -> None:
    parts = parts_of([make_take()], FPS, None)
    controls = ARKIT_52.neutral(700)
    controls[-1] = 0.5
    motion = face_motion(parts, [controls])
    assert len(motion.controls) == 780
    assert (motion.controls[699:] == 0.5).all()


def test_the_pitch_of_long_sounds_is_measured_in_blocks() -> None:
    samples = np.tile(make_take().samples, 4)  # 52 s
    blocks = Voice.of(samples)
    assert len(blocks.loudness) == 5_200
    once = Voice.of(samples[: 13 * 16_000])
    assert np.allclose(blocks.loudness[10:1290], once.loudness[10:1290])
    assert np.array_equal(blocks.pitch[10:1290], once.pitch[10:1290], equal_nan=True)
    assert np.allclose(blocks.loudness[3_910:5_190], once.loudness[10:1290], atol=1e-6)
    assert np.isnan(once.measure(0.0, 0.9)[1])  # silence
