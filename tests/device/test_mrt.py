"""A .mrt file holds what its student's ONNX file holds, packed for the C library."""

from dataclasses import replace

import numpy as np
import pytest
from random_students import random_records, random_student
from typer.testing import CliRunner

from marotte.cli import app
from marotte.device.mrt import check_supported, write_mrt
from marotte.device.packing import packed, packed_taps
from marotte.device.records import from_bytes, to_bytes
from marotte.errors import MarotteError
from marotte.model.session import load_student, student_path
from marotte.model.weights import read_weights


def test_weights_are_those_that_onnx_reads():
    import onnx
    from onnx import numpy_helper

    path = student_path("live")
    ours = read_weights(path)
    theirs = {
        tensor.name.removeprefix("net.").removesuffix(".half"): numpy_helper.to_array(tensor)
        for tensor in onnx.load(path).graph.initializer
        if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    }
    assert set(ours) == set(theirs)
    for name, values in theirs.items():
        np.testing.assert_array_equal(ours[name], values.astype(np.float32))


@pytest.mark.parametrize("content", [b"\x3a", b"\x3a\xff\x01", b"\x3a" + b"\xff" * 20, b"\x07"])
def test_a_damaged_onnx_file_is_one_sentence(tmp_path, content):
    (tmp_path / "cut.onnx").write_bytes(content)
    with pytest.raises(MarotteError, match="cut short or not an ONNX file"):
        read_weights(tmp_path / "cut.onnx")


def test_records_come_back():
    records = {
        "name": np.frombuffer(b"live\0", np.uint8),
        "shape": np.uint32([1, 2, 3]),
        "w": np.float16([0.5]),
        "b": np.float32([1, 2]),
        "q": np.int8([-127, 3]),
    }
    content = to_bytes(records)
    assert len(content) % 16 == 0
    for name, values in from_bytes(content, "x").items():
        np.testing.assert_array_equal(values, records[name])
        assert values.dtype == records[name].dtype


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: b"RIFF" + c[4:], "is not a .mrt file"),
        (lambda c: c[:4] + b"\x09" + c[5:], "has version 9"),
        (lambda c: c[:-1], "is damaged"),
        (lambda c: c[:-1] + b"\x01", "is damaged"),
    ],
    ids=["foreign", "version", "short", "changed"],
)
def test_a_damaged_file_is_one_sentence(change, message):
    content = to_bytes({"golden": np.float32([0.5, 0, 0])})
    with pytest.raises(MarotteError, match=message):
        from_bytes(change(content), "face.mrt")


def test_packing_keeps_every_weight():
    random = np.random.default_rng(0)
    weight = random.normal(size=(21, 9)).astype(np.float32)
    blocks = packed(weight, int8=False)["w"]
    np.testing.assert_array_equal(blocks.transpose(0, 2, 1).reshape(24, 9)[:21], weight)
    arrays = packed(weight, int8=True)
    rows = arrays["w"].transpose(0, 2, 1, 3).reshape(24, 10)[:21, :9] * arrays["s"][:21, None]
    assert np.abs(rows - weight).max() <= np.abs(weight).max() / 254 * 1.001


def test_layer_9_keeps_the_taps_that_meet_a_step():
    random = np.random.default_rng(0)
    weight = random.normal(size=(8, 2, 64)).astype(np.float32)
    taps = packed_taps(weight, 4, 23, int8=False)["w"]
    assert taps.shape == (45, 4, 1, 2, 8)
    # Group 1, from input 1 to output 0, from step 5 to step 3.
    assert taps[22 + 2, 1, 0, 1, 0] == weight[2, 1, 32 + 2]


@pytest.mark.parametrize(("frontend", "norm"), [("waveform", "window"), ("sinc", "step")])
def test_other_front_ends_are_refused_by_name(frontend, norm):
    contract = replace(load_student("live").contract, frontend=frontend, norm=norm)
    with pytest.raises(MarotteError, match=f"the front end '{frontend}' with norm '{norm}'"):
        check_supported(contract)


def test_a_student_without_a_streamed_form_is_refused(tiny_student, tmp_path):
    with pytest.raises(MarotteError, match="'tiny' has no streamed form"):
        write_mrt(tiny_student, tmp_path / "tiny.mrt")
    assert not (tmp_path / "tiny.mrt").exists()


@pytest.mark.parametrize(("frontend", "n_steps"), [("mel", 23), ("waveform", 25)])
def test_a_student_of_any_front_end_that_streams(frontend, n_steps):
    records = random_records(random_student(16, frontend))
    assert records["shape"].tolist()[1:3] == [16, n_steps]
    assert bytes(records["controls"]).count(b"\0") == 52
    assert records["outputs"].tolist() == [17, 18, 19]


def test_the_command_writes_a_file_and_an_array(tmp_path):
    output = tmp_path / "my-face.mrt"
    result = CliRunner().invoke(app, ["export", "live", "-o", str(output), "--int8", "--c-array"])
    assert result.exit_code == 0, result.output
    content = output.read_bytes()
    source = (tmp_path / "my-face.mrt.c").read_text()
    assert f"my_face_mrt_size = {len(content)};" in source
    words = [int(word, 16) for word in source.split("{")[1].split("}")[0].split(",")[:-1]]
    assert np.array(words, "<u4").tobytes()[: len(content)] == content


def test_options_of_mrt_files_are_refused_for_onnx_files(tmp_path):
    result = CliRunner().invoke(app, ["export", "live", "-o", str(tmp_path / "a.onnx"), "--int8"])
    assert result.exit_code == 2
    assert "--int8 and --c-array are for .mrt files" in result.stderr
