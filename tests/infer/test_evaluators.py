"""A stream chooses the cheaper way to run its student, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from marotte.infer.evaluators import StepEvaluator, WindowEvaluator
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
    assert f"computes {steps} steps" in stream.cost
    assert stream.delay_ms == LOOKAHEAD_MS  # the steps cover the whole window


@pytest.mark.parametrize("fps", [24, 59.94, 7])
def test_frames_without_shared_steps_use_whole_windows(student: Student, fps: float) -> None:
    stream = Stream(student, fps=fps, smooth=False)
    assert isinstance(stream._evaluator, WindowEvaluator)
    assert f"at {fps:g} fps too few of them share their steps" in stream.cost
    assert stream.delay_ms == LOOKAHEAD_MS


def test_student_without_a_streamed_form_uses_whole_windows(tiny_student: Path) -> None:
    stream = Stream(load_student(tiny_student))
    assert "tiny has no streamed form" in stream.cost
    assert stream.delay_ms == 7
