"""A student is loaded only if its contract, its graph and the rig agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import FUTURE, PAST, TINY, tiny_prediction, write_tiny

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52, Rig
from marotte.model import session
from marotte.model.session import load_student

Change = Callable[..., Path]


def noise(batch: int, n_samples: int = PAST + FUTURE) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.3, 0.3, (batch, n_samples)).astype(np.float32)


def test_predictions_are_in_the_columns_of_the_rig(tiny_student: Path) -> None:
    student = load_student(tiny_student)
    windows = noise(5)
    controls = student.predict(windows)
    assert controls.dtype == np.float32
    assert controls.shape == (5, 52)
    columns = [ARKIT_52.index["jawOpen"], ARKIT_52.index["mouthClose"]]
    np.testing.assert_allclose(controls[:, columns], tiny_prediction(windows), atol=1e-6)
    assert not np.delete(controls, columns, axis=1).any()


def test_predictions_are_clamped_to_the_ranges_of_the_rig(tiny_student: Path) -> None:
    windows = 10 * noise(3)
    assert (tiny_prediction(windows)[:, 0] > 1).all()
    controls = load_student(tiny_student).predict(windows)
    assert set(np.unique(controls)) == {0, 1}


def test_another_rig_with_the_same_controls_fits(tiny_student: Path) -> None:
    rig = Rig("mine", ("mouthClose", "x", "jawOpen"), (0.0,) * 3, (2.0,) * 3, ())
    windows = noise(2)
    controls = load_student(tiny_student, rig).predict(windows)
    np.testing.assert_allclose(controls[:, [2, 0]], tiny_prediction(windows), atol=1e-6)


def test_golden_output_is_reproduced(tiny_student: Path, changed_student: Change) -> None:
    assert load_student(tiny_student).check_golden() < 1e-6
    wrong = tuple(value + 0.5 for value in TINY.golden)
    assert load_student(changed_student(golden=wrong)).check_golden() == pytest.approx(0.5)


@pytest.mark.parametrize("shape", [(1, PAST), (PAST + FUTURE,), (1, 1, PAST + FUTURE)])
def test_window_of_another_length_is_an_error(tiny_student: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(MarotteError, match=r"takes windows \[batch, 512\]"):
        load_student(tiny_student).predict(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 3}, "has contract format 3, this Marotte reads 2"),
        ({"sample_rate": 22_050}, "expects a sample rate of 22050 Hz"),
        ({"past_samples": -1, "future_samples": 513}, "a window of -1 past and 513 future"),
        ({"past_samples": 800}, r"its graph needs float 'samples' \[batch, 912\]"),
        ({"names": ("jawOpen",), "golden": (0.0,)}, r"float 'controls' \[batch, 1\]"),
        ({"smooth_ahead": -1}, "must be 0 or more, got 0 and -1"),
        ({"names": ("jawOpen", "jawOpen")}, "different names"),
        ({"golden": (0.0,)}, "2 names and 1 outputs"),
        ({"rig": "other", "names": ("jawOpen", "snout")}, "for rig 'other' and drives 'snout'"),
    ],
)
def test_student_that_does_not_fit_is_an_error(
    changed_student: Change, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(MarotteError, match=message):
        load_student(changed_student(**changes))


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "carries no contract"), ("{", "is not JSON"), ("[]", "is not a JSON object")],
)
def test_file_without_a_contract_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MarotteError, match=message):
        load_student(write_tiny(tmp_path / "bad.onnx", text))


def test_graph_with_another_window_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="contradicts its contract"):
        load_student(write_tiny(tmp_path / "bad.onnx", n_samples=1024))


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.99])
def test_truncated_file_is_an_error(
    tiny_student: Path, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    content = tiny_student.read_bytes()
    tiny_student.write_bytes(content[: int(share * len(content))])
    with pytest.raises(MarotteError, match="cut short"):
        load_student(tiny_student)
    assert capfd.readouterr() == ("", "")


def test_shipped_students_are_found_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "STUDENTS", tmp_path)
    with pytest.raises(MarotteError, match=r"no student 'ghost'.* \(none came with this copy\)"):
        load_student("ghost")
    write_tiny(tmp_path / "tiny.onnx")
    assert load_student("tiny").name == "tiny"
    write_tiny(tmp_path / f"{session.DEFAULT_STUDENT}.onnx")
    assert load_student().name == "tiny"
    with pytest.raises(MarotteError, match=f"one of the names {session.DEFAULT_STUDENT}, tiny"):
        load_student("ghost")
