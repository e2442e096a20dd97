"""Samples that can't be sound are errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from synthetic import make_voice

from marotte.audio.recording import Recording, open_recording
from marotte.errors import MarotteError

Write = Callable[..., Path]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 32_000])
def test_file_with_impossible_samples_is_an_error(write_sound: Write, value: float) -> None:
    samples = make_voice(3, 16_000)
    samples[20_000] = value
    recording = open_recording(write_sound("voice.wav", samples, 16_000, subtype="FLOAT"))
    with pytest.raises(MarotteError, match=rf"the sample {value:g} at 1\.250 s"):
        recording.read()


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.zeros(10, np.int16), 16_000, "must be floats"),
        (np.zeros((2, 2, 2)), 16_000, "must be floats"),
        (np.zeros(0), 16_000, "0 samples"),
        (np.zeros((10, 0)), 16_000, "0 samples"),
        (np.zeros(10), 4_000, "rate must be 8000"),
        (np.full(10, np.nan), 16_000, "the sound has the sample nan"),
    ],
)
def test_impossible_samples_in_memory_are_errors(
    samples: np.ndarray, rate: int, message: str
) -> None:
    with pytest.raises(MarotteError, match=message):
        Recording.from_samples(samples, rate)
