"""Streamed frames are those of the whole sound, whatever pieces it comes in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import Floats, make_voice

from marotte.audio import Recording
from marotte.pipeline import animate
from marotte.runtime import Student, load_student
from marotte.stream import Frame, Stream, flush, open_stream, push

HELLO = Path(__file__).parents[1] / "samples" / "hello.wav"


@pytest.fixture(scope="module")
def student() -> Student:
    return load_student()


def pieces(samples: Floats, seed: int) -> list[Floats]:
    """The samples in pieces of random sizes, some of them empty, some long."""
    rng = np.random.default_rng(seed)
    places = np.sort(rng.integers(0, len(samples), rng.integers(0, 60)))
    return np.split(samples, places)


def frames_of(stream: Stream, parts: list[Floats]) -> list[Frame]:
    frames = [frame for part in parts for frame in push(stream, part)]
    return frames + flush(stream)


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (60, 16_000),
        (30, 48_000),
        (25, 44_100),
        (59.94, 16_000),
        (24, 22_050),
        (75, 8_000),
        (7, 16_000),
    ],
)
def test_streamed_is_whole(student: Student, fps: float, rate: int, smooth: bool) -> None:
    voice = make_voice(1.234, rate)
    whole = animate(Recording.from_samples(voice, rate), student, fps, smooth=smooth)
    for seed in range(3):
        frames = frames_of(open_stream(student, fps, rate, smooth), pieces(voice, seed))
        assert [frame.time_s for frame in frames] == [k / fps for k in range(whole.n_frames)]
        np.testing.assert_allclose([f.controls for f in frames], whole.controls, atol=1e-5)
