"""Frame k is at k / fps and does not depend on blocks and batches."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic import FUTURE, PAST, Floats, make_voice, tiny_prediction

from marotte.audio.recording import Recording, open_recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.face.animation import Animation
from marotte.infer.offline import animate, windows_at
from marotte.model.session import Student, load_student
from marotte.model.smoothing import moments as frame_moments
from marotte.model.timing import WindowSpec, n_frames


@pytest.fixture
def student(tiny_student: Path) -> Student:
    return load_student(tiny_student)


def windows_at_once(sound: Floats, window: WindowSpec, fps: float) -> Floats:
    """Return all windows [n_frames, n_samples] of a sound that is whole in memory."""
    padded = np.pad(sound, (window.past_samples, window.n_samples))
    starts = frame_moments(0, n_frames(len(sound), fps), fps)[:, 0]
    return np.stack([padded[start : start + window.n_samples] for start in starts])


@pytest.mark.parametrize("fps", [0.3, 7, 29.97, 30, 60, 1000])
@pytest.mark.parametrize("seconds", [0.001, 0.5, 4.321])
def test_frames_equal_predictions_for_all_windows_at_once(
    student: Student, fps: float, seconds: float
) -> None:
    recording = Recording.from_samples(make_voice(seconds, 44_100), 44_100)
    progress: list[tuple[int, int]] = []
    animation = animate(
        recording,
        student,
        fps,
        lambda *done: progress.append(done),
        level=False,
        close=False,
    )
    predictions = tiny_prediction(windows_at_once(recording.read(), student.window, fps))
    assert animation.n_frames == max(1, math.ceil(seconds * fps))
    np.testing.assert_allclose(animation["jawOpen"], predictions[:, 0].clip(0, 1), atol=1e-6)
    assert progress[-1] == (animation.n_frames, animation.n_frames)
    assert (animation.fps, animation.student) == (fps, "tiny")
    assert animation.recording is recording


@pytest.mark.parametrize("window", [WindowSpec(PAST, FUTURE), WindowSpec(0, 99), WindowSpec(99, 0)])
@pytest.mark.parametrize("fps", [5, 60, 240])
def test_windows_do_not_depend_on_the_block_size(window: WindowSpec, fps: float) -> None:
    recording = Recording.from_samples(make_voice(3.21, 22_050), 22_050)
    expected = windows_at_once(recording.read(), window, fps)
    for block_samples in (50, 999, 16_000, 100_000):
        moments = frame_moments(0, n_frames(recording.n_samples, fps), fps)[:, 0]
        batches = windows_at(recording, window, moments, block_samples=block_samples)
        windows = np.concatenate(list(batches))
        assert np.array_equal(windows, expected)


@pytest.mark.parametrize("fps", [0.0, -30.0, math.nan, math.inf, 1001.0])
def test_impossible_frame_rate_is_an_error(student: Student, fps: float) -> None:
    recording = Recording.from_samples(make_voice(1), 24_000)
    with pytest.raises(MarotteError, match=r"fps must be 0\.001 to 1000"):
        animate(recording, student, fps)


def test_silence_gives_a_face_at_rest(student: Student) -> None:
    animation = animate(Recording.from_samples(np.zeros(8000), 16_000), student)
    assert not animation["jawOpen"].any()
    assert (animation["mouthClose"] == 1).all()


@pytest.mark.parametrize("ending", ["flac", "mp3", "ogg"])
def test_truncated_file_is_an_error_even_if_no_window_reaches_its_end(
    student: Student, write_sound: Callable[..., Path], ending: str
) -> None:
    path = write_sound(f"voice.{ending}")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(MarotteError, match="cut short"):
        animate(open_recording(path), student, fps=0.1)


@pytest.mark.parametrize("fps", [0.01, 0.5])
def test_two_hours_need_no_more_memory_than_seconds(student: Student, fps: float) -> None:
    n_samples = 2 * 3600 * SAMPLE_RATE  # 461 MB as float32

    def silence(n: int) -> Iterator[Floats]:
        return (np.zeros(n, np.float32) for _ in range(n_samples // n))

    def traced() -> tuple[Animation, int]:
        """Animate silence; return the animation and the most bytes that were allocated."""
        tracemalloc.start()
        animation = animate(Recording(None, SAMPLE_RATE, n_samples, silence), student, fps)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return animation, peak_bytes

    animation, peak_bytes = traced()
    limit_bytes = animation.controls.nbytes + 2_000_000
    if peak_bytes >= limit_bytes:
        # Python's table of interned strings may have doubled meanwhile: that is one allocation of
        # megabytes after many imports. It can't happen again in the next run.
        _, peak_bytes = traced()
    assert animation.n_frames == 7200 * fps
    assert peak_bytes < limit_bytes
