"""`marotte animate` with one recording: what it writes, and how it refuses bad input."""

from __future__ import annotations

import importlib
import json
import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from synthetic import make_voice
from typer.testing import CliRunner

import marotte
from marotte import __version__
from marotte.cli import Commands, app

Write = Callable[..., Path]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(*args: object) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args], prog_name="marotte")


def rows(path: Path) -> list[str]:
    return path.read_text().splitlines()[1:]


@pytest.mark.parametrize("fps", [30, 60])
@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [("a.wav", 8_000, 1), ("a.flac", 44_100, 2), ("a.mp3", 44_100, 1), ("a.ogg", 48_000, 2)],
)
def test_there_is_one_row_per_frame(
    work: Path,
    write_sound: Write,
    tiny_student: Path,
    name: str,
    rate: int,
    channels: int,
    fps: int,
) -> None:
    seconds = 1.51
    path = write_sound(name, np.stack([make_voice(seconds, rate)] * channels, axis=1), rate)
    result = run("animate", path, "-o", "a.csv", "--fps", fps, "--student", tiny_student)
    assert result.exit_code == 0, result.output
    assert len(rows(work / "a.csv")) == math.ceil(seconds * fps)


def test_by_default_curves_and_a_page_are_written(
    work: Path, write_sound: Write, tiny_student: Path
) -> None:
    path = write_sound("voice.wav")
    result = run("animate", path, "--student", tiny_student)
    assert result.exit_code == 0, result.output
    assert {file.name for file in work.iterdir()} == {"voice.csv", "voice.html"}
    assert "3.0 s of sound, 180 frames × 52 controls at 60 fps" in result.stdout
    assert "made by tiny in" in result.stdout
    assert "real time" in result.stdout
    assert "voice.csv" in result.stdout
    assert result.stderr == ""


def test_a_long_recording_gets_no_page_by_default(
    work: Path, write_sound: Write, tiny_student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marotte.cli.animate.LONGEST_PAGE_S", 2)
    path = write_sound("voice.wav")
    result = run("animate", path, "--student", tiny_student)
    assert result.exit_code == 0, result.output
    assert [file.name for file in work.iterdir()] == ["voice.csv"]
    assert "ask for one with -o voice.html" in result.stdout


def test_each_output_is_written(work: Path, write_sound: Write, tiny_student: Path) -> None:
    path = write_sound("voice.wav")
    result = run("animate", path, "-o", "a.json", "-o", "b.npz", "--student", tiny_student)
    assert result.exit_code == 0, result.output
    assert {file.name for file in work.iterdir()} == {"a.json", "b.npz"}


def test_motion_is_added(work: Path, write_sound: Write, tiny_student: Path) -> None:
    path = write_sound("a.wav", make_voice(1.0, 16_000), 16_000)
    words = ("--mood", "happy", "--intensity", 1, "--gaze", "--gain", 1.5, "--effort", "auto")
    result = run("animate", path, "-o", "a.npz", "--student", tiny_student, *words)
    assert result.exit_code == 0, result.output
    model = marotte.load(tiny_student)
    expected = model.animate(path, mood="happy", intensity=1, gaze=True, gain=1.5, effort="auto")
    with np.load(work / "a.npz") as stored:
        np.testing.assert_array_equal(stored["controls"], expected.controls)
    assert expected["mouthSmileLeft"].max() > 0.5


def test_another_rig(work: Path, write_sound: Write, tiny_student: Path) -> None:
    controls = [{"name": "mouthClose"}, {"name": "jawOpen", "max": 0.01}, {"name": "wig"}]
    (work / "rig.json").write_text(json.dumps({"name": "mine", "controls": controls}))
    result = run(
        "animate", write_sound("voice.wav"), "-o", "a.npz", "--rig", "rig.json",
        "--student", tiny_student,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    with np.load(work / "a.npz") as archive:
        assert archive["names"].tolist() == ["mouthClose", "jawOpen", "wig"]
        assert archive["controls"].max(axis=0)[1:].tolist() == pytest.approx([0.01, 0])


def text_named_wav(write_sound: Write, folder: Path) -> Path:
    path = folder / "text.wav"
    path.write_text("not a sound")
    return path


def empty(write_sound: Write, folder: Path) -> Path:
    path = folder / "empty.wav"
    path.touch()
    return path


def sound(samples: np.ndarray, rate: int = 16_000) -> Callable[[Write, Path], Path]:
    return lambda write_sound, _: write_sound("sound.wav", samples, rate, subtype="FLOAT")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _, folder: folder / "none.wav", "no such file"),
        (lambda _, folder: folder, "is a folder"),
        (text_named_wav, "is not a sound file"),
        (empty, "is empty"),
        (sound(np.zeros(0)), "0 samples"),
        (sound(np.append(make_voice(1, 16_000), np.nan)), "sample nan"),
        (sound(np.append(make_voice(1, 16_000), np.inf)), "sample inf"),
        (sound(make_voice(1, 7_999), 7_999), "sample rate of 7999 Hz"),
    ],
)
def test_bad_sound_is_refused(
    work: Path,
    write_sound: Write,
    tiny_student: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    make: Callable[[Write, Path], Path],
    message: str,
) -> None:
    path = make(write_sound, tmp_path)
    refuses(work, message, path, "-o", "a.csv", "--student", tiny_student)
    assert capfd.readouterr() == ("", ""), "a library wrote to the terminal"


@pytest.mark.parametrize("ending", ["flac", "ogg", "mp3"])
def test_truncated_sound_is_refused(
    work: Path,
    write_sound: Write,
    tiny_student: Path,
    capfd: pytest.CaptureFixture[str],
    ending: str,
) -> None:
    path = write_sound(f"voice.{ending}")
    path.write_bytes(path.read_bytes()[:-500])
    refuses(work, "cut short", path, "-o", "a.csv", "--student", tiny_student)
    assert capfd.readouterr() == ("", ""), "a library wrote to the terminal"


def refuses(work: Path, message: str, *args: object) -> None:
    """The command exits with 2, prints one line and writes no file."""
    before = sorted(work.iterdir())
    result = run("animate", *args)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("marotte: ")
    assert result.stderr.endswith("\n")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert sorted(work.iterdir()) == before


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("-o", "a.xyz"), "its ending is '.xyz'"),
        (("-o", "a"), "it has no ending"),
        (("-o", "a.csv", "-o", "none/a.csv"), "folder none does not exist"),
        (("-o", "a.csv", "--fps", "0"), "fps must be 0.001 to 1000"),
        (("-o", "a.csv", "--fps", "-30"), "fps must be 0.001 to 1000"),
        (("-o", "a.csv", "--fps", "nan"), "fps must be 0.001 to 1000"),
        (("-o", "a.csv", "--fps", "1e-7"), "fps must be 0.001 to 1000"),
        (("-o", "a.csv", "--fps", "5e-324"), "fps must be 0.001 to 1000"),
        (("-o", "a.csv", "--fps", "1e9"), "0.001 to 1000"),
        (("-o", "a.csv", "--student", "ghost"), "there is no student 'ghost'"),
        (("-o", "a.csv", "--student", "none/a.onnx"), "there is no student"),
        (("-o", "a.csv", "--rig", "none.json"), "no rig file"),
        (("-o", "a.csv", "--mood", "merry"), "there is no mood 'merry': use neutral, happy"),
        (("-o", "a.csv", "--intensity", "2"), "intensity must be 0 to 1, got 2"),
        (("-o", "a.csv", "--gain", "4"), "gain must be 0 to 3, got 4"),
        (("-o", "a.csv", "--effort", "high"), "effort must be 'auto' or a number"),
        (("-o", "a.csv", "--effort", "9"), "effort must be 0.5 to 2, or 'auto', got 9"),
    ],
)
def test_bad_options_are_refused(
    work: Path, write_sound: Write, tiny_student: Path, args: tuple[str, ...], message: str
) -> None:
    student = () if "--student" in args else ("--student", tiny_student)
    refuses(work, message, write_sound("voice.wav"), *args, *student)


def test_a_read_only_folder_is_refused(
    work: Path, write_sound: Write, tiny_student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = write_sound("voice.wav")
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    refuses(work, "can't write into", path, "-o", "a.csv", "--student", tiny_student)


def test_a_truncated_student_is_refused(work: Path, write_sound: Write, tiny_student: Path) -> None:
    tiny_student.write_bytes(tiny_student.read_bytes()[:-50])
    path = write_sound("voice.wav")
    refuses(work, "cut short", path, "-o", "a.csv", "--student", tiny_student)


def test_a_student_of_another_rig_is_refused(
    work: Path, write_sound: Write, changed_student: Callable[..., Path]
) -> None:
    student = changed_student(rig="dog", names=("snout", "tail"))
    path = write_sound("voice.wav")
    refuses(work, "is for rig 'dog' and drives 'snout'", path, "-o", "a.csv", "--student", student)


def test_if_one_output_fails_none_is_written(
    work: Path, write_sound: Write, changed_student: Callable[..., Path]
) -> None:
    student = changed_student(rig="dog", names=("snout", "tail"))
    (work / "dog.json").write_text('{"controls": [{"name": "snout"}, {"name": "tail"}]}')
    refuses(
        work, "none of the head's controls", write_sound("voice.wav"), "-o", "a.csv", "-o", "a.glb",
        "--rig", "dog.json", "--student", student,
    )  # fmt: skip


def test_an_error_is_one_line_even_with_line_breaks_in_a_name(work: Path) -> None:
    refuses(work, "no such file: two lines.wav", "two\nlines.wav")


@pytest.mark.parametrize("while_importing", [False, True])
def test_an_interruption_leaves_no_file(
    work: Path,
    write_sound: Write,
    tiny_student: Path,
    monkeypatch: pytest.MonkeyPatch,
    while_importing: bool,
) -> None:
    def interrupt(*_: object) -> None:
        if while_importing:
            raise ImportError("initialization failed") from KeyboardInterrupt()
        raise KeyboardInterrupt

    monkeypatch.setattr("marotte.export.npz.write", interrupt)
    path = write_sound("voice.wav")
    result = run("animate", path, "-o", "a.csv", "-o", "a.npz", "--student", tiny_student)
    assert result.exit_code == 130
    assert result.stderr == "marotte: interrupted\n"
    assert not list(work.iterdir())


def test_a_wrong_call_exits_with_2(work: Path) -> None:
    for args in (("animate",), ("dance",), ("animate", "a.wav", "--fps", "many")):
        assert run(*args).exit_code == 2


def test_a_command_without_its_packages_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    learning = typer.Typer(cls=Commands)
    learning.command()(lambda: importlib.import_module("torch"))
    learning.callback()(lambda: None)
    result = CliRunner().invoke(learning, ["<lambda>"])
    assert result.exit_code == 2, result.output
    assert "'torch', which is not installed: pip install '.[train]' in a clone" in result.output


def test_the_version() -> None:
    assert run("--version").stdout == f"marotte {__version__}\n"
