"""A student is loaded only if its contract, its graph and the rig agree."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import FUTURE, PAST, TINY, tiny_prediction, write_tiny

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52, Rig
from marotte.model import session
from marotte.model.seal import START, check_seal
from marotte.model.session import load_student

Change = Callable[..., Path]
SEAL_BYTES = len(START) + 64


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
    near = tuple(value + 0.005 for value in TINY.golden)
    assert load_student(changed_student(golden=near)).check_golden() == pytest.approx(0.005, 1e-3)
    wrong = tuple(value + 0.5 for value in TINY.golden)
    with pytest.raises(MarotteError, match=r"is damaged: its output .* differs by 0\.5"):
        load_student(changed_student(golden=wrong))


@pytest.mark.parametrize("form", ["live.onnx", "live.stream.onnx"])
def test_a_flipped_bit_anywhere_is_refused(tmp_path: Path, form: str) -> None:
    for name in ("live.onnx", "live.stream.onnx"):
        (tmp_path / name).write_bytes((session.STUDENTS / name).read_bytes())
    whole = (tmp_path / form).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(15):
        damaged = bytearray(whole)
        damaged[random.integers(len(whole) - SEAL_BYTES)] ^= 1 << int(random.integers(8))
        (tmp_path / form).write_bytes(damaged)
        with pytest.raises(MarotteError, match=r"is damaged, or was changed after its export"):
            load_student(tmp_path / "live.onnx")


@pytest.mark.parametrize("name", session.shipped_students())
def test_shipped_students_are_sealed_and_checked_quickly(name: str) -> None:
    files = [session.STUDENTS / f"{name}{ending}" for ending in (".onnx", ".stream.onnx")]
    for path in filter(Path.exists, files):
        assert path.read_bytes()[-SEAL_BYTES:].startswith(START), "export it again"
    student = load_student(name)
    taken_s = []
    for _ in range(5):
        begun_s = time.process_time()  # other work on the machine does not count
        check_seal(session.student_path(name).read_bytes(), name)
        student.check_golden()
        if student.steps:
            student.steps.check_golden(student.contract)
        taken_s.append(time.process_time() - begun_s)
    assert min(taken_s) < 0.03


def test_a_student_without_a_digest_is_checked_by_its_output(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(session.STUDENTS / "live.onnx")
    entries = [each for each in model.metadata_props if each.key != "marotte_sha256"]
    del model.metadata_props[:]
    model.metadata_props.extend(entries)
    path = tmp_path / "other.onnx"
    onnx.save(model, path)
    assert load_student(path).check_golden() < 1e-3
    weights = next(each for each in model.graph.initializer if len(each.dims) > 1)
    values = onnx.numpy_helper.to_array(weights)
    weights.CopyFrom(onnx.numpy_helper.from_array(np.full_like(values, np.nan), weights.name))
    onnx.save(model, path)
    with pytest.raises(MarotteError, match=r"is damaged: its output .* differs by nan"):
        load_student(path)


def test_a_value_that_is_not_a_number_never_leaves_a_student(tiny_student: Path) -> None:
    student = load_student(tiny_student)
    windows = noise(2)
    for value in (np.nan, np.inf):
        windows[1, PAST] = value
        with pytest.raises(MarotteError, match="computed a value that is not a finite number"):
            student.predict(windows)


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
        ({"smooth_ahead": -1}, "must be 0 to 64, got 0 and -1"),
        ({"smooth_behind": 2**31}, "must be 0 to 64, got 2147483648 and 0"),
        ({"smooth_behind": 2**70}, "'smooth_behind' in the contract must be int"),
        ({"past_samples": 16_000 * 3600}, "a window of 57600000 past and 112 future"),
        ({"golden": (0.0, 1e39)}, "is damaged: its output"),
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


def test_a_graph_that_fails_or_has_names_that_are_not_text_is_one_sentence(
    tiny_student: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import onnx

    content = tiny_student.read_bytes()
    tiny_student.write_bytes(content.replace(b"batch", b"ba\xfech"))
    with pytest.raises(MarotteError, match="a name in its graph is not text"):
        load_student(tiny_student)
    model = onnx.load_model_from_string(content)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    del tensors["axis"].dims[:]  # a number instead of a list, which only fails when it is used
    onnx.save(model, tiny_student)
    with pytest.raises(MarotteError, match="can't be computed"):
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


def test_a_contract_that_is_not_text_is_one_sentence(
    tiny_student: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content = tiny_student.read_bytes()
    for place in (b'"format"', b"controls"):
        at = content.index(place)
        tiny_student.write_bytes(content[:at] + b"\xff" + content[at + 1 :])
        with pytest.raises(MarotteError):
            load_student(tiny_student)
    assert capfd.readouterr() == ("", "")
