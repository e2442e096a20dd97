"""The moments of frames, and the mean of the predictions at neighbouring moments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from synthetic import make_voice

from marotte.audio.recording import Recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.infer.offline import animate
from marotte.model.session import load_student
from marotte.model.smoothing import Smoothing, moments, moments_of


def test_frame_k_is_at_k_over_fps() -> None:
    assert moments(0, 4, 60)[:, 0].tolist() == [0, 267, 533, 800]
    assert moments(216_000, 216_001, 60)[:, 0].tolist() == [SAMPLE_RATE * 3600]


def test_frames_do_not_drift() -> None:
    fps = 30_000 / 1001
    late = moments(30_000, 30_001, fps)[:, 0]
    assert late.tolist() == [1001 * SAMPLE_RATE]


def test_smoothing_is_the_mean_of_three_predictions(tiny_student: Path) -> None:
    student = load_student(tiny_student)
    recording = Recording.from_samples(make_voice(1.0, 16_000), 16_000)
    plain = animate(recording, student, close=False, level=False).controls
    smooth = animate(recording, student, smooth=True, close=False, level=False).controls
    mean = (plain[:-2] + plain[1:-1] + plain[2:]) / 3
    np.testing.assert_allclose(smooth[1:-1], mean, atol=1e-6)
    at_30 = animate(recording, student, 30, smooth=True, close=False, level=False).controls
    np.testing.assert_allclose(at_30, smooth[::2], atol=1e-6)


def test_the_moments_of_one_frame_are_those_among_many() -> None:
    for fps in (60, 30, 24_000 / 1001, 144.0, 0.7):
        for smoothing in (Smoothing(), Smoothing(2, 1)):
            expected = moments(0, 400, fps, smoothing).tolist()
            assert [moments_of(frame, fps, smoothing) for frame in range(400)] == expected
