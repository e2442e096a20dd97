"""Tests of captured facial motion: files of other programs as ARKit controls."""

import json

import numpy as np
import pytest

from marotte.export import a2f_json, livelink_csv, npy, npz
from marotte.face.animation import Animation
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, ARKIT_NAMES, Rig
from marotte.learn.data.captured import (
    CapturedCurves,
    arkit_name,
    read_controls,
    read_curves,
    resample,
)
from marotte.learn.errors import Skip


def controls(n_frames):
    return np.random.default_rng(0).random((n_frames, 52)).astype(np.float32)


def animation(values, fps=60.0):
    return Animation(values, fps, ARKIT_52)


def test_names_are_mapped_to_arkit():
    assert {arkit_name(name) for name in ARKIT_NAMES} == set(ARKIT_NAMES)
    for spelling, name in {
        "JawOpen": "jawOpen",
        "EyeBlink_L": "eyeBlinkLeft",
        "mouthSmile_R": "mouthSmileRight",
        "Head.BROWDOWNLEFT": "browDownLeft",
        "mouth_left": "mouthLeft",
        "mouth_upper_up_right": "mouthUpperUpRight",
    }.items():
        assert arkit_name(spelling) == name
    assert arkit_name("HeadYaw") is None


@pytest.mark.parametrize("fps", [60.0, 30.0, 24.0])
@pytest.mark.parametrize(("writer", "name"), [(livelink_csv, "a.csv"), (a2f_json, "a.json")])
def test_files_of_marotte_are_read(tmp_path, writer, name, fps):
    values = controls(30)
    writer.write(animation(values, fps), tmp_path / name)
    read = read_controls(tmp_path / name, 30 / fps, fps)
    # The CSV's timecodes have a resolution of 1/60,000 s.
    assert np.allclose(read, values, atol=2e-3)


def test_curves_at_another_frame_rate_are_interpolated(tmp_path):
    values = controls(15)
    a2f_json.write(animation(values, 30.0), tmp_path / "a.json")
    read = read_controls(tmp_path / "a.json", 0.5, 60.0)
    assert read.shape == (30, 52)
    assert np.allclose(read[::2], values, atol=1e-6)
    assert np.allclose(read[1:28:2], (values[:-1] + values[1:]) / 2, atol=1e-6)


def test_a_live_link_take_uses_its_timecodes(tmp_path):
    """The take has dropped frames, frames without a face, and passes midnight."""
    livelink_csv.write(animation(np.zeros((1, 52), np.float32)), tmp_path / "a.csv")
    header = (tmp_path / "a.csv").read_text().splitlines()[0]
    jaw = header.split(",").index("JawOpen") - 2
    rows = [("23:59:59:30.000", None), ("23:59:59:45.000", 0.25), ("00:00:00:30.000", 1.0)]
    rows += [("00:00:00:45.000", None), ("00:00:01:00.000", None)]
    lines = [header]
    for timecode, value in rows:
        weights = ["0"] * 61
        weights[jaw] = str(value)
        lines.append(f"{timecode},0" if value is None else f"{timecode},61,{','.join(weights)}")
    (tmp_path / "b.csv").write_text("\n".join(lines))
    read = read_controls(tmp_path / "b.csv", 1.75, 4.0)
    assert read[:, ARKIT_52.index["jawOpen"]].tolist() == [0.25, 0.25, 0.5, 0.75, 1, 1, 1]


def test_beat_json(tmp_path):
    frames = [{"weights": [k / 30, 1.2], "time": k / 60, "rotation": []} for k in range(30)]
    content = {"names": ["jawOpen", "mouthSmile_L"], "frames": frames}
    (tmp_path / "a.json").write_text(json.dumps(content))
    read = read_controls(tmp_path / "a.json", 0.5, 60.0)
    assert np.allclose(read[:, ARKIT_52.index["jawOpen"]], np.arange(30) / 30)
    assert (read[:, ARKIT_52.index["mouthSmileLeft"]] == 1).all()
    assert (read[:, ARKIT_52.index["mouthSmileRight"]] == 0).all()


@pytest.mark.parametrize("fps", [60, 30])
@pytest.mark.parametrize("flat", [True, False])
def test_vertices_of_the_packaged_head_become_controls(tmp_path, fps, flat):
    values = controls(fps)
    vertices = load_head().vertices(values, ARKIT_NAMES)
    np.save(tmp_path / "a.npy", vertices.reshape(fps, -1) if flat else vertices)
    assert np.allclose(read_controls(tmp_path / "a.npy", 1.0, fps), values, atol=1e-4)


def test_vertices_of_the_packaged_head_are_written_and_read_back(tmp_path):
    values = np.random.default_rng(0).uniform(0, 1, (150, 52)).astype(np.float32)
    npy.write(animation(values), tmp_path / "head.npy")
    read = read_controls(tmp_path / "head.npy", 150 / 60, 60.0)
    np.testing.assert_allclose(read, values, atol=1e-3)


def test_vertices_of_another_head_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((30, 5023 * 3), np.float32))
    with pytest.raises(Skip, match=r"5023 vertices; only the 5156 vertices of Marotte"):
        read_controls(tmp_path / "a.npy", 0.5, 60.0)


def a2f(**changes):
    content = {"exportFps": 60, "facsNames": ["jawOpen"], "weightMat": [[0.5]] * 30}
    return json.dumps(content | changes).encode()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.npy", b"no array", "an array that can't be read"),
        ("a.npy", b"", "an array that can't be read"),
        ("a.json", b"\xff", "JSON that can't be read"),
        ("a.json", b"[1, 2]", "from neither BEAT nor Audio2Face"),
        ("a.json", a2f(exportFps=0), "from neither BEAT nor Audio2Face"),
        ("a.json", a2f(exportFps=10), "duration differs from the sound's"),
        ("a.json", a2f(facsNames=["blink"]), "no column is a control of ARKit"),
        (
            "a.json",
            a2f(facsNames=["jawOpen", "jawLeft"]),
            "more or fewer values than there are names",
        ),
        ("a.json", a2f(weightMat=[["wide"]] * 30), "a value that is not a number"),
        ("a.json", a2f(weightMat=[[50]] * 30), "values far outside 0 to 1"),
        ("a.json", a2f(weightMat=[[float("nan")]] * 30), "values far outside 0 to 1"),
        ("a.json", a2f(weightMat=[]), "no frames"),
        ("a.csv", b"", "a CSV that can't be read"),
    ],
)
def test_broken_files_are_skipped(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Skip, match=f"curves: .*{reason}"):
        read_controls(tmp_path / name, 0.5, 60.0)


def test_decreasing_times_are_skipped():
    curves = CapturedCurves(["jawOpen"], np.array([0.0, 0.2, 0.1]), np.zeros((3, 1)), 0.3)
    with pytest.raises(Skip, match="decreasing times"):
        resample(curves, 0.3, 60.0)


def test_a_rig_of_other_names_is_refused(tmp_path):
    rig = Rig("mine", ("happy", "sad"), (0, 0), (1, 1), ())
    a2f_json.write(Animation(np.zeros((30, 2), np.float32), 60.0, rig), tmp_path / "a.json")
    with pytest.raises(Skip, match="no column is a control of ARKit"):
        read_controls(tmp_path / "a.json", 0.5, 60.0)


def test_a_table_of_times_is_read_and_rows_without_a_face_are_interpolated(tmp_path):
    text = "time,jawOpen,lipGap\n0.0,0.0,0.01\n0.1,,\n0.2,nan,\n0.3,0.6,0.02\n0.4,0.6,0.02\n"
    (tmp_path / "a.csv").write_text(text)
    curves = read_curves(tmp_path / "a.csv", 0.5)
    assert curves.names == ["jawOpen", "lipGap"]
    assert curves.time_s.tolist() == [0.0, 0.3, 0.4]
    assert curves.seconds == pytest.approx(0.5)
    jaw = read_controls(tmp_path / "a.csv", 0.5, 10.0)[:, ARKIT_52.index["jawOpen"]]
    assert np.allclose(jaw, [0, 0.2, 0.4, 0.6, 0.6])
    (tmp_path / "a.csv").write_text("time,jawOpen\n,0.1\n0.1,0.2\n")
    with pytest.raises(Skip, match="without a time"):
        read_curves(tmp_path / "a.csv", 0.5)


def test_an_animation_of_marotte_is_read(tmp_path):
    values = controls(30)
    npz.write(animation(values), tmp_path / "a.npz")
    assert np.allclose(read_controls(tmp_path / "a.npz", 0.5, 60.0), values)
    np.savez(tmp_path / "b.npz", other=values)
    with pytest.raises(Skip, match="an archive that Marotte did not write"):
        read_curves(tmp_path / "b.npz", 0.5)
