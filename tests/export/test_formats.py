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


def moving(n_frames: int = 90, fps: float = 60.0, rig: Rig = ARKIT_52) -> Animation:
    """Every control has values of its own, so that a column in the wrong place shows."""
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


def written(animation: Animation, path: Path) -> Path:
    writer_for(path)(animation, path)
    return path


class TestChoosing:
    def test_every_ending_has_its_module(self):
        for ending in plugins.names(plugins.FORMATS):
            if ending != ".mp4":
                assert callable(writer_for(Path(f"face.{ending}")))

    def test_capitals_do_not_matter(self):
        assert writer_for(Path("FACE.CSV")) is writer_for(Path("face.csv"))

    @pytest.mark.parametrize("name", ["face.fbx", "face", "face.csv.gz", ".csv"])
    def test_another_ending_is_refused_with_those_there_are(self, name: str):
        with pytest.raises(
            MarotteError, match=r"\.csv, \.json, \.npz, \.npy, \.html, \.glb, \.mp4"
        ):
            writer_for(Path(name))


class TestLiveLinkCsv:
    def test_the_header_is_the_apps(self, tmp_path: Path):
        header, _ = read_csv(written(moving(1), tmp_path / "a.csv"))
        assert header[:3] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft"]
        assert len(header) == 2 + 61
        assert header[17:20] == ["JawRight", "JawLeft", "JawOpen"]
        assert header[23:25] == ["MouthRight", "MouthLeft"]
        assert header[53:] == [
            "TongueOut", "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch",
            "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
        ]  # fmt: skip

    def test_every_control_is_under_its_own_name(self, tmp_path: Path):
        animation = moving()
        header, rows = read_csv(written(animation, tmp_path / "a.csv"))
        assert len(rows) == animation.n_frames
        for name in ARKIT_NAMES:
            column = header.index(name[0].upper() + name[1:])
            values = [float(row[column]) for row in rows]
            np.testing.assert_allclose(values, animation[name], atol=1e-9)

    def test_rows_are_written_as_the_app_does(self, tmp_path: Path):
        animation = moving(2)
        animation.controls[1] = -0.0
        _, rows = read_csv(written(animation, tmp_path / "a.csv"))
        assert all(row[1] == "61" and len(row) == 63 for row in rows)
        assert rows[1][2:] == ["0.0000000000"] * 61
        assert rows[0][-9:] == ["0.0000000000"] * 9
        assert rows[0][2] == f"{animation.controls[0, 0]:.10f}"

    def test_thirty_frames_a_second_step_by_two_sixtieths(self, tmp_path: Path):
        _, rows = read_csv(written(moving(32, fps=30.0), tmp_path / "a.csv"))
        assert [row[0] for row in rows[:3]] == [
            "00:00:00:00.000",
            "00:00:00:02.000",
            "00:00:00:04.000",
        ]
        assert rows[29][0] == "00:00:00:58.000"
        assert rows[30][0] == "00:00:01:00.000"

    def test_sixty_frames_a_second_step_by_one(self, tmp_path: Path):
        _, rows = read_csv(written(moving(62), tmp_path / "a.csv"))
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
            # 0.9999999 s is nearer to the next second than to any thousandth of its last frame.
            (9_999_999, 10_000_000, "00:00:01:00.000"),
            (60 * 3600 * 24 - 1, 60, "23:59:59:59.000"),
            (60 * 3600 * 24, 60, "00:00:00:00.000"),
            (60 * 3600 * 25 + 1, 60, "01:00:00:01.000"),
        ],
    )
    def test_times_are_exact(self, frame: int, fps: str, expected: str):
        assert timecode(frame, Fraction(fps)) == expected

    def test_times_do_not_drift_in_hours_at_an_uneven_rate(self, tmp_path: Path):
        fps = 30_000 / 1001
        _, rows = read_csv(written(moving(3001, fps=fps), tmp_path / "a.csv"))
        assert rows[3000][0] == "00:01:40:06.000"

    def test_a_rig_with_a_few_arkit_controls_leaves_the_others_at_rest(self, tmp_path: Path):
        rig = Rig("some", ("jawOpen", "beard"), (0.0, 0.0), (1.0, 1.0), ("jawOpen",))
        animation = moving(3, rig=rig)
        header, rows = read_csv(written(animation, tmp_path / "a.csv"))
        values = np.array([[float(v) for v in row[2:]] for row in rows])
        jaw = header.index("JawOpen") - 2
        np.testing.assert_allclose(values[:, jaw], animation["jawOpen"], atol=1e-9)
        assert not np.delete(values, jaw, 1).any()

    def test_a_rig_without_any_is_refused_and_nothing_written(self, tmp_path: Path):
        with pytest.raises(MarotteError, match="'lips3' has none of ARKit's controls"):
            written(moving(rig=OTHER_RIG), tmp_path / "a.csv")
        assert not list(tmp_path.iterdir())


class TestA2fJson:
    def test_the_layout_is_audio2faces(self, tmp_path: Path):
        animation = with_sound(moving(7, fps=30.0))
        content = json.loads(written(animation, tmp_path / "a.json").read_text(encoding="ascii"))
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

    def test_any_rig_keeps_its_names_and_ranges(self, tmp_path: Path):
        animation = moving(rig=OTHER_RIG)
        content = json.loads(written(animation, tmp_path / "a.json").read_text(encoding="ascii"))
        assert content["facsNames"] == ["open", "wide", "round"]
        assert content["trackPath"] == ""
        np.testing.assert_allclose(content["weightMat"], animation.controls, atol=1e-6)


class TestNpz:
    def test_everything_is_there_without_pickles(self, tmp_path: Path):
        animation = with_sound(moving(30, fps=30.0))
        with np.load(written(animation, tmp_path / "a.npz")) as stored:
            np.testing.assert_array_equal(stored["controls"], animation.controls)
            assert stored["controls"].dtype == np.float32
            assert stored["names"].tolist() == list(ARKIT_NAMES)
            assert stored["rig"] == "arkit52"
            assert stored["student"] == "test"
            assert (stored["fps"], stored["seconds"]) == (30.0, 1.0)
            assert (stored["sample_rate"], stored["n_samples"]) == (16_000, 16_000)

    def test_a_name_in_capitals_stays_as_it_is(self, tmp_path: Path):
        written(moving(), tmp_path / "A.NPZ")
        assert os.listdir(tmp_path) == ["A.NPZ"]


@pytest.mark.parametrize("ending", [".csv", ".json", ".npz", ".npy", ".glb", ".html"])
class TestAll:
    def test_the_same_animation_gives_the_same_file(self, tmp_path: Path, ending: str):
        animation = with_sound(moving(30))
        first = written(animation, tmp_path / f"a{ending}").read_bytes()
        assert written(animation, tmp_path / f"b{ending}").read_bytes() == first

    def test_progress_ends_at_the_last_frame(self, tmp_path: Path, ending: str):
        told: list[tuple[int, int]] = []
        path = tmp_path / f"a{ending}"
        writer_for(path)(moving(1500), path, lambda done, total: told.append((done, total)))
        assert told[-1] == (1500, 1500)
        assert told == sorted(told)

    def test_a_single_frame_is_enough(self, tmp_path: Path, ending: str):
        assert written(moving(1), tmp_path / f"a{ending}").stat().st_size > 0

    def test_a_missing_folder_is_refused(self, tmp_path: Path, ending: str):
        with pytest.raises(MarotteError, match="does not exist"):
            written(moving(1), tmp_path / "none" / f"a{ending}")


@pytest.mark.parametrize("ending", [".csv", ".json", ".npy"])
def test_what_is_stopped_halfway_leaves_what_was_there(tmp_path: Path, ending: str):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / f"a{ending}"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        writer_for(path)(moving(1), path, stop)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == [path.name]


def test_an_ending_whose_package_is_missing_names_the_extra(monkeypatch):
    monkeypatch.setattr("marotte.face.animation.find_spec", lambda name: None)
    with pytest.raises(MarotteError, match=r"pip install '\.\[video\]'"):
        writer_for(Path("face.mp4"))
    writer_for(Path("face.csv"))
