"""A stream chooses the cheaper way to run its student, and says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic import make_voice

from marotte.audio.recording import Recording
from marotte.infer.evaluators import StepEvaluator, WindowEvaluator, without_denormals, work_of
from marotte.infer.offline import animate
from marotte.infer.stream import Stream
from marotte.model.session import Student, load_student

LOOKAHEAD_MS = 64  # of the student `live`


@pytest.fixture(scope="module")
def student() -> Student:
    return load_student()


@pytest.mark.parametrize(
    ("fps", "steps"), [(60, 5), (120, 5), (30, 5), (50, 1), (25, 2), (100, 1), (20, 5)]
)
def test_frames_share_steps(student: Student, fps: float, steps: int) -> None:
    stream = Stream(student, fps=fps, smooth=False)
    assert isinstance(stream._evaluator, StepEvaluator)
    assert work_of(stream._evaluator, fps, stream.smoothing)[0] == steps
    assert f"only what is new: {100 * steps / student.steps.n_steps:.0f} %" in stream.cost
    assert stream.delay_ms == LOOKAHEAD_MS  # the steps cover the whole window


@pytest.mark.parametrize("fps", [24, 59.94, 7])
def test_frames_without_shared_steps_use_whole_windows(student: Student, fps: float) -> None:
    stream = Stream(student, fps=fps, smooth=False)
    assert isinstance(stream._evaluator, WindowEvaluator)
    assert "at 60, 50, 30 or 25 fps it takes less" in stream.cost
    assert stream.delay_ms == LOOKAHEAD_MS


def test_student_without_a_streamed_form_uses_whole_windows(tiny_student: Path) -> None:
    stream = Stream(load_student(tiny_student))
    assert "tiny has no form for streams" in stream.cost
    assert stream.delay_ms == 7


def test_denormals_are_zeros_before_anything_computes_with_them(student: Student) -> None:
    voice = make_voice(0.5, 16_000)
    tail = np.concatenate([voice, np.full(8000, 1e-41, np.float32)])
    whole = animate(Recording.from_samples(tail, 16_000), student).controls
    silent = np.concatenate([voice, np.zeros(8000, np.float32)])
    np.testing.assert_array_equal(
        whole, animate(Recording.from_samples(silent, 16_000), student).controls
    )
    stream = Stream(student)
    frames = stream.push(tail)
    kept = stream._memory.sound.samples
    assert not kept[(kept != 0) & (np.abs(kept) < 1e-30)].size
    np.testing.assert_allclose([f.controls for f in frames], whole[: len(frames)], atol=1e-5)
    np.testing.assert_allclose(without_denormals(voice), voice, atol=1e-14)
