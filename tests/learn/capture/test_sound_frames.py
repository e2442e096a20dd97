"""Tests of what a sound says about frames."""

from __future__ import annotations

import numpy as np
import pytest

from marotte.learn.capture import sound_frames
from marotte.learn.capture.take import Word


def slow_loudness(samples: np.ndarray, n_frames: int, fps: float) -> list[float]:
    """Return the loudness by its definition, frame by frame."""
    result = []
    for frame in range(n_frames):
        first = max(0, int((frame / fps - 0.0125) * 16_000))
        last = max(1, int((frame / fps + 0.0125) * 16_000))
        power = np.mean(samples[first:last].astype(np.float64) ** 2) + 1e-12
        result.append(float(np.clip(10 * np.log10(power), -60, 0)))
    return result


@pytest.mark.parametrize("fps", [25.0, 60.0])
def test_loudness_is_the_rms_around_each_frame(fps: float) -> None:
    rng = np.random.default_rng(0)
    samples = (rng.normal(size=16_000) * np.linspace(0, 0.3, 16_000)).astype(np.float32)
    found = sound_frames.loudness_db(samples, int(fps), fps)
    assert np.allclose(found, slow_loudness(samples, int(fps), fps), atol=1e-6)


def test_speech_is_within_30_db_of_the_loudest() -> None:
    level = np.array([-20.0] * 20 + [-45.0] * 20 + [-55.0] * 20)
    assert sound_frames.sounding(level).tolist() == [True] * 40 + [False] * 20
    assert not sound_frames.sounding(np.full(10, -60.0)).any()  # digital silence
    assert not len(sound_frames.sounding(np.zeros(0)))


def test_widened_is_dilation() -> None:
    flags = np.random.default_rng(0).random(500) < 0.05
    wide = sound_frames.widened(flags, 7)
    expected = [flags[max(0, i - 7) : i + 8].any() for i in range(500)]
    assert wide.tolist() == expected
    assert not len(sound_frames.widened(np.zeros(0, bool), 3))


def test_word_frames_have_a_margin() -> None:
    flags = sound_frames.word_frames([Word(0.05, 0.1, "a"), Word(0.9, 1.5, "b")], 60, 60.0)
    assert np.flatnonzero(flags).tolist() == [*range(12), *range(48, 60)]


def test_utterances_are_parted_by_pauses() -> None:
    flags = np.ones(200, bool)
    flags[50:67] = False  # 0.28 s
    flags[100:118] = False  # 0.3 s
    assert sound_frames.utterances(flags, 60.0).tolist() == [[0, 100], [118, 200]]
    assert not len(sound_frames.utterances(np.zeros(9, bool), 60.0))


def test_spans_of_words() -> None:
    spans = sound_frames.word_spans([Word(0.5, 1.0, "a")], 60.0)
    assert spans.tolist() == [[30, 60]]
    assert sound_frames.word_spans([], 60.0).shape == (0, 2)
