"""The number of frames of a sound, and the window of a frame."""

import pytest

from marotte.audio.resampling import SAMPLE_RATE
from marotte.model.timing import WINDOW_SAMPLES, n_frames, window


@pytest.mark.parametrize(
    ("n_samples", "fps", "frames"),
    [
        (1, 60, 1),
        (SAMPLE_RATE, 60, 60),  # the frame at exactly one second lies after the sound
        (SAMPLE_RATE + 1, 60, 61),
        (SAMPLE_RATE, 30, 30),
        (SAMPLE_RATE * 10, 29.97, 300),
        (SAMPLE_RATE, 0.001, 1),
        (0, 60, 1),
    ],
)
def test_frames_begin_within_the_sound(n_samples: int, fps: float, frames: int) -> None:
    assert n_frames(n_samples, fps) == frames


def test_window_is_512_ms_for_any_look_ahead() -> None:
    spec = window(92)
    assert spec.n_samples == WINDOW_SAMPLES == 8192
    assert spec.future_samples == 1472
    assert spec.lookahead_ms == pytest.approx(92)
