"""Each format is read back and compared with the animation."""

import json
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from marotte import plugins
from marotte.audio.recording import Recording
from marotte.errors import MarotteError
from marotte.export.livelink_csv import timecode
from marotte.face.animation import Animation, writer_for
from marotte.face.rig import ARKIT_52, ARKIT_NAMES, Rig

OTHER_RIG = Rig("lips3", ("open", "wide", "round"), (-1.0, 0.0, 0.0), (1.0, 2.0, 1.0), ("open",))


def make_animation(n_frames: int = 90, fps: float = 60.0, rig: Rig = ARKIT_52) -> Animation:
    """Each control has different values, so that swapped columns are found."""
    random = np.random.default_rng(3)
    shares = random.random((n_frames, len(rig.names)), np.float32)
    low, high = np.float32(rig.minimum), np.float32(rig.maximum)
    return Animation(low + shares * (high - low), fps, rig, student="test")


def with_sound(animation: Animation, name: str = "voice.wav") -> Animation:
    samples = np.zeros(round(animation.seconds * 16_000), np.float32)
    recording = Recording.from_samples(samples, 16_000)
    named = Recording(Path("/some/where") / name, 16_000, len(samples), recording.source)
    return Animation(animation.controls, animation.fps, animation.rig, named, animation.student)


def read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    header, *rows = path.read_text(encoding="ascii").splitlines()
    return header.split(","), [row.split(",") for row in rows]


def write(animation: Animation, path: Path) -> Path:
    writer_for(path)(animation, path)
    return path


class TestChoosing:
    def test_every_ending_has_a_writer(self):
        for ending in plugins.names(plugins.FORMATS):
            if ending not in ("mp4", "webm", "mov"):  # which need a package
                assert callable(writer_for(Path(f"face.{ending}")))

    def test_endings_ignore_case(self):
        assert writer_for(Path("FACE.CSV")) is writer_for(Path("face.csv"))

    def test_values_that_are_not_finite_are_never_written(self, tmp_path: Path):
        controls = ARKIT_52.neutral(3)
        controls[2, ARKIT_52.index["jawOpen"]] = np.nan
        animation = Animation(controls, 60.0, ARKIT_52)
        with pytest.raises(MarotteError, match="'jawOpen' is not a finite number in frame 2"):
            animation.save(tmp_path / "a.csv", tmp_path / "a.json")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("name", ["face.fbx", "face", "face.csv.gz", ".csv"])
    def test_unknown_ending_lists_the_known_ones(self, name: str):
        with pytest.raises(
            MarotteError, match=r"\.csv, \.json, \.npz, \.npy, \.html, \.glb, \.mp4"
        ):
            writer_for(Path(name))


class TestLiveLinkCsv:
    def test_header_is_that_of_the_app(self, tmp_path: Path):
        header, _ = read_csv(write(make_animation(1), tmp_path / "a.csv"))
        assert header[:3] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft"]
        assert len(header) == 2 + 61
        assert header[17:20] == ["JawRight", "JawLeft", "JawOpen"]
        assert header[23:25] == ["MouthRight", "MouthLeft"]
        assert header[53:] == [
            "TongueOut", "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch",
            "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
        ]  # fmt: skip

    def test_each_control_is_in_the_column_of_its_name(self, tmp_path: Path):
        animation = make_animation()
        header, rows = read_csv(write(animation, tmp_path / "a.csv"))
        assert len(rows) == animation.n_frames
        for name in ARKIT_NAMES:
            column = header.index(name[0].upper() + name[1:])
            values = [float(row[column]) for row in rows]
            np.testing.assert_allclose(values, animation[name], atol=1e-9)

    def test_rows_have_the_layout_of_the_app(self, tmp_path: Path):
        animation = make_animation(2)
        animation.controls[1] = -0.0
        _, rows = read_csv(write(animation, tmp_path / "a.csv"))
        assert all(row[1] == "61" and len(row) == 63 for row in rows)
        assert rows[1][2:] == ["0.0000000000"] * 61
        assert rows[0][-9:] == ["0.0000000000"] * 9
        assert rows[0][2] == f"{animation.controls[0, 0]:.10f}"

    def test_timecode_steps_by_two_at_30_fps(self, tmp_path: Path):
        _, rows = read_csv(write(make_animation(32, fps=30.0), tmp_path / "a.csv"))
        assert [row[0] for row in rows[:3]] == [
            "00:00:00:00.000",
            "00:00:00:02.000",
            "00:00:00:04.000",
        ]
        assert rows[29][0] == "00:00:00:58.000"
        assert rows[30][0] == "00:00:01:00.000"

    def test_timecode_steps_by_one_at_60_fps(self, tmp_path: Path):
        _, rows = read_csv(write(make_animation(62), tmp_path / "a.csv"))
        assert [row[0] for row in rows[59:]] == [
            "00:00:00:59.000",
            "00:00:01:00.000",
            "00:00:01:01.000",
        ]

    @pytest.mark.parametrize(
        ("frame", "fps", "expected"),
        [
            (1, 24, "00:00:00:02.500"),
            (1, 25, "00:00:00:02.400"),
            (2997, "29.97", "00:01:40:00.000"),
            (30_000, "30000/1001", "00:16:41:00.000"),
            # 0.9999999 s is rounded up to the next second.
            (9_999_999, 10_000_000, "00:00:01:00.000"),
            (60 * 3600 * 24 - 1, 60, "23:59:59:59.000"),
            (60 * 3600 * 24, 60, "00:00:00:00.000"),
            (60 * 3600 * 25 + 1, 60, "01:00:00:01.000"),
        ],
    )
    def test_timecodes_are_exact(self, frame: int, fps: str, expected: str):
        assert timecode(frame, Fraction(fps)) == expected

    def test_timecodes_do_not_drift_at_29_97_fps(self, tmp_path: Path):
        fps = 30_000 / 1001
        _, rows = read_csv(write(make_animation(3001, fps=fps), tmp_path / "a.csv"))
        assert rows[3000][0] == "00:01:40:06.000"

    def test_missing_controls_stay_at_zero(self, tmp_path: Path):
        rig = Rig("some", ("jawOpen", "beard"), (0.0, 0.0), (1.0, 1.0), ("jawOpen",))
        animation = make_animation(3, rig=rig)
        header, rows = read_csv(write(animation, tmp_path / "a.csv"))
        values = np.array([[float(v) for v in row[2:]] for row in rows])
        jaw = header.index("JawOpen") - 2
        np.testing.assert_allclose(values[:, jaw], animation["jawOpen"], atol=1e-9)
        assert not np.delete(values, jaw, 1).any()

    def test_a_rig_without_arkit_controls_gets_a_table_with_its_own_names(self, tmp_path: Path):
        animation = make_animation(3, rig=OTHER_RIG)
        header, rows = read_csv(write(animation, tmp_path / "a.csv"))
        assert header == ["Timecode", "BlendShapeCount", "open", "wide", "round"]
        assert [row[:2] for row in rows[:2]] == [["00:00:00:00.000", "3"], ["00:00:00:01.000", "3"]]
        values = np.array([[float(v) for v in row[2:]] for row in rows])
        np.testing.assert_allclose(values, animation.controls, atol=1e-9)


class TestA2fJson:
    def test_layout_is_that_of_audio2face(self, tmp_path: Path):
        animation = with_sound(make_animation(7, fps=30.0))
        content = json.loads(write(animation, tmp_path / "a.json").read_text(encoding="ascii"))
        assert list(content) == [
            "exportFps", "trackPath", "numPoses", "numFrames", "facsNames", "weightMat",
            "joints", "rotations", "translations",
        ]  # fmt: skip
        assert content["exportFps"] == 30.0
        assert content["trackPath"] == "voice.wav"
        assert (content["numPoses"], content["numFrames"]) == (52, 7)
        assert content["facsNames"] == list(ARKIT_NAMES)
        assert content["joints"] == content["rotations"] == content["translations"] == []
        np.testing.assert_allclose(content["weightMat"], animation.controls, atol=1e-6)

    def test_other_rigs_keep_their_names_and_ranges(self, tmp_path: Path):
        animation = make_animation(rig=OTHER_RIG)
        content = json.loads(write(animation, tmp_path / "a.json").read_text(encoding="ascii"))
        assert content["facsNames"] == ["open", "wide", "round"]
        assert content["trackPath"] == ""
        np.testing.assert_allclose(content["weightMat"], animation.controls, atol=1e-6)


class TestNpz:
    def test_archive_is_complete_and_needs_no_pickle(self, tmp_path: Path):
        animation = with_sound(make_animation(30, fps=30.0))
        with np.load(write(animation, tmp_path / "a.npz")) as stored:
            np.testing.assert_array_equal(stored["controls"], animation.controls)
            assert stored["controls"].dtype == np.float32
            assert stored["names"].tolist() == list(ARKIT_NAMES)
            assert stored["rig"] == "arkit52"
            assert stored["student"] == "test"
            assert (stored["fps"], stored["seconds"]) == (30.0, 1.0)
            assert (stored["sample_rate"], stored["n_samples"]) == (16_000, 16_000)

    def test_file_name_in_capitals_is_kept(self, tmp_path: Path):
        write(make_animation(), tmp_path / "A.NPZ")
        assert os.listdir(tmp_path) == ["A.NPZ"]


@pytest.mark.parametrize("ending", [".csv", ".json", ".npz", ".npy", ".glb", ".html"])
class TestAll:
    def test_writing_is_deterministic(self, tmp_path: Path, ending: str):
        animation = with_sound(make_animation(30))
        first = write(animation, tmp_path / f"a{ending}").read_bytes()
        assert write(animation, tmp_path / f"b{ending}").read_bytes() == first

    def test_progress_ends_at_the_last_frame(self, tmp_path: Path, ending: str):
        reports: list[tuple[int, int]] = []
        path = tmp_path / f"a{ending}"
        writer_for(path)(
            make_animation(1500), path, lambda done, total: reports.append((done, total))
        )
        assert reports[-1] == (1500, 1500)
        assert reports == sorted(reports)

    def test_one_frame_is_enough(self, tmp_path: Path, ending: str):
        assert write(make_animation(1), tmp_path / f"a{ending}").stat().st_size > 0

    def test_missing_folder_is_an_error(self, tmp_path: Path, ending: str):
        with pytest.raises(MarotteError, match="does not exist"):
            write(make_animation(1), tmp_path / "none" / f"a{ending}")


@pytest.mark.parametrize("ending", [".csv", ".json", ".npy"])
def test_interrupted_write_keeps_the_old_file(tmp_path: Path, ending: str):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / f"a{ending}"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        writer_for(path)(make_animation(1), path, stop)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == [path.name]


def test_missing_package_error_names_the_extra(monkeypatch):
    monkeypatch.setattr("marotte.face.animation.find_spec", lambda name: None)
    with pytest.raises(MarotteError, match=r"pip install '\.\[video\]'"):
        writer_for(Path("face.mp4"))
    writer_for(Path("face.csv"))
