import json

import numpy as np
import pytest
from marotte_blender.curve_files import CurveError, Curves, read

HEADER = "Timecode,BlendShapeCount,JawOpen,HeadYaw\n"


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_live_link_csv_counts_sixtieths_and_has_no_angles(tmp_path):
    rows = "23:59:59:58.000,61,0.25,1\n23:59:59:59.500,0\n00:00:00:00.000,61,0.5,1\n"
    curves = read(write(tmp_path, "take.csv", HEADER + rows))
    assert curves.names == ["JawOpen"]
    assert curves.time_s == pytest.approx([0, 2 / 60])  # past midnight; a lost face in between
    assert curves.values.tolist() == [[0.25], [0.5]]


def test_time_csv_json_lines_and_npz(tmp_path):
    times, values = [0.0, 0.5, 1.0], [[0.0, 1.0], [0.5, 0.0], [1.0, 0.25]]
    table = "time,a,b\n" + "".join(
        f"{t},{x},{y}\n" for t, (x, y) in zip(times, values, strict=True)
    )
    a2f = {"exportFps": 2, "facsNames": ["a", "b"], "weightMat": values, "joints": []}
    lines = "".join(
        json.dumps({"time_s": t, "delay_ms": 1, "controls": {"a": x, "b": y}, "head": [0]}) + "\n"
        for t, (x, y) in zip(times, values, strict=True)
    )
    np.savez(tmp_path / "c.npz", controls=np.array(values), names=np.array(["a", "b"]), fps=2.0)
    paths = [
        write(tmp_path, "a.csv", table),
        write(tmp_path, "b.json", json.dumps(a2f)),
        write(tmp_path, "d.json", lines),
        tmp_path / "c.npz",
    ]
    for path in paths:
        curves = read(path)
        assert curves.names == ["a", "b"]
        assert curves.time_s.tolist() == times
        assert curves.values.tolist() == values


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", "", "not a file of curves: choose .csv, .json, .npz"),
        ("a.csv", "", "neither"),
        ("a.csv", "x,y\n1,2\n", "begins with neither"),
        ("a.csv", HEADER, "has no frames"),
        ("a.csv", HEADER + "00:00:00:00,61,0.5\n", "frame 1: expected 2 values, got 1"),
        ("a.csv", HEADER + "soon,61,0.5,0\n", "timecode 'soon'"),
        ("a.csv", HEADER + "00:00:00:00,61,wide,0\n", "damaged"),
        ("a.csv", "time,a\n0,nan\n", "not numbers"),
        ("a.csv", "time,a\n1,0\n1,0\n", "do not rise"),
        ("a.json", "{", "damaged"),
        ("a.json", "[1]", "JSON of another kind"),
        ("a.json", '{"facsNames": ["a"], "weightMat": [[1, 2]], "exportFps": 60}', "1 names for 2"),
        ("a.json", '{"facsNames": ["a"], "weightMat": [[1]], "exportFps": 0}', "damaged"),
        ("a.npz", "PK", "damaged"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(tmp_path, name, content, sentence):
    with pytest.raises(CurveError, match=sentence) as error:
        read(write(tmp_path, name, content))
    assert "\n" not in str(error.value)


def test_missing_and_foreign_archives(tmp_path):
    with pytest.raises(CurveError, match=r"can't read a.csv: No such file"):
        read(tmp_path / "a.csv")
    np.savez(tmp_path / "b.npz", names=np.array(["a"]), fps=1, controls=np.array([object()]))
    with pytest.raises(CurveError, match="damaged"):
        read(tmp_path / "b.npz")


def test_resampling_keeps_what_a_frame_shows():
    curves = Curves(["a"], np.arange(5) / 4, np.array([[0.0], [1], [0], [1], [0]]))
    assert curves.at(np.array([0.125, 0.5])).values[:, 0].tolist() == [0.5, 0.0]
