"""Fixtures of many tests: sound files and a small student."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import browser
from synthetic import TINY, make_voice, write_tiny

__all__ = ["browser", "changed_student", "tiny_student", "write_sound"]


@pytest.fixture
def write_sound(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes samples, by default three seconds of voice, as a sound file."""
    import soundfile

    def write(name: str, samples: Any = None, rate: int = 24_000, **options: Any) -> Path:
        samples = make_voice(3, rate) if samples is None else samples
        soundfile.write(tmp_path / name, samples, rate, **options)
        return tmp_path / name

    return write


@pytest.fixture
def tiny_student(tmp_path: Path) -> Path:
    """Write a student whose predictions `tiny_prediction` computes; return its path."""
    folder = tmp_path / "students"
    folder.mkdir()
    return write_tiny(folder / "tiny.onnx")


@pytest.fixture
def changed_student(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the tiny student with changes in its contract."""

    def write(**changes: Any) -> Path:
        return write_tiny(tmp_path / "changed.onnx", replace(TINY, **changes).to_json())

    return write
