"""The streamed form of a student belongs to that student alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from marotte.errors import MarotteError
from marotte.model import session
from marotte.model.session import load_student
from marotte.model.streaming import STREAMED


def test_streamed_form_of_another_student_is_an_error(tiny_student: Path) -> None:
    shipped = session.student_path().with_suffix(STREAMED)
    shutil.copy(shipped, tiny_student.with_suffix(STREAMED))
    with pytest.raises(MarotteError, match=r"tiny.stream.onnx is not the streamed form of"):
        load_student(tiny_student)


def test_streamed_form_is_not_a_student() -> None:
    with pytest.raises(MarotteError, match=r"streamed form of a student: give live.onnx"):
        load_student(session.student_path().with_suffix(STREAMED))
