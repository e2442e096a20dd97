"""Where somebody speaks, how far picture and sound are apart, and how clips are cut."""

import numpy as np
import pytest

from marotte.learn.capture.sync import Sync, measure_sync, speech_frames
from marotte.learn.capture.take_files import EDGE_S, LONGEST_CLIP_S, find_clips

FPS = 30


def voice(seconds, seed=0, noise=0.0):
    """Return samples of syllables and their loudness [n_frames]."""
    generator = np.random.default_rng(seed)
    time_s = np.arange(seconds * FPS) / FPS
    loud = np.interp(time_s, np.arange(seconds * 5) / 5, generator.random(seconds * 5) ** 2)
    clock_s = np.arange(seconds * 16_000) / 16_000
    samples = np.interp(clock_s, time_s, loud) * np.sin(2 * np.pi * 200 * clock_s)
    samples += noise * generator.normal(size=len(samples))
    return time_s, loud, samples.astype(np.float32)


@pytest.mark.parametrize("late_s", [-0.2, 0.0, 0.15])
def test_the_offset_of_picture_and_sound_is_found(late_s):
    time_s, loud, samples = voice(20)
    gap_mm = 10 * np.interp(time_s - late_s, time_s, loud)
    gap_mm[40:60] = np.nan
    sync = measure_sync(samples, time_s, gap_mm)
    assert sync.offset_ms == pytest.approx(1000 * late_s, abs=20)
    assert sync.clear
    assert bool(sync.warning) == (late_s != 0)


def test_an_offset_that_means_nothing_is_no_warning():
    assert not Sync(300, 0.6, seconds=3).warning
    assert not Sync(300, 0.1, seconds=60).warning
    assert "300 ms after the sound" in Sync(300, 0.6, 60).warning
    assert "300 ms before the sound" in Sync(-300, 0.6, 60).warning
    time_s, _, samples = voice(20)
    assert not measure_sync(samples, time_s, np.full(len(time_s), np.nan)).clear


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.02])
def test_speech_is_told_from_the_noise_of_the_room(noise):
    time_s, _, samples = voice(10)
    pauses = (time_s < 2) | (time_s > 8)
    clock_s = np.arange(len(samples)) / 16_000
    samples[(clock_s < 2) | (clock_s > 8)] = 0
    samples += (noise * np.random.default_rng(5).normal(size=len(samples))).astype(np.float32)
    spoken = speech_frames(samples, time_s)
    assert not spoken[(time_s < 1.7) | (time_s > 8.3)].any()
    assert spoken[~pauses].mean() > 0.9


def test_long_speech_is_cut_and_short_remains_are_left_out():
    time_s = np.arange(0, 60, 1 / FPS)
    speech = (time_s > 5) & (time_s < 45) | (time_s > 50) & (time_s < 50.2)
    clips = find_clips(time_s, np.zeros(len(time_s), bool), speech)
    assert len(clips) == 3
    assert clips[0][0] == pytest.approx(5 - EDGE_S, abs=0.05)
    assert clips[-1][1] == pytest.approx(45 + EDGE_S, abs=0.05)
    assert all(1 <= end - start <= LONGEST_CLIP_S for start, end in clips)
    assert find_clips(time_s, np.ones(len(time_s), bool), speech) == []
