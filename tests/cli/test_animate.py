"""The command line: what it writes, and that bad input is one sentence, exit 2 and no file."""

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
def test_a_recording_gives_a_row_a_frame(
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


def test_a_page_and_curves_are_written_unless_asked_otherwise(
    work: Path, write_sound: Write, tiny_student: Path
) -> None:
    path = write_sound("voice.wav")
    result = run("animate", path, "--student", tiny_student)
    assert result.exit_code == 0, result.output
    assert {file.name for file in work.iterdir()} == {"voice.csv", "voice.html"}
    assert "3.0 s of sound, 180 frames × 52 controls at 60 fps" in result.stdout
    assert "made by tiny" in result.stdout
    assert "times faster than real time" in result.stdout
    assert "voice.csv" in result.stdout
    assert result.stderr == ""


def test_a_long_recording_gets_no_page_unless_asked(
    work: Path, write_sound: Write, tiny_student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marotte.cli.animate.LONGEST_PAGE_S", 2)
    path = write_sound("voice.wav")
    result = run("animate", path, "--student", tiny_student)
    assert result.exit_code == 0, result.output
    assert [file.name for file in work.iterdir()] == ["voice.csv"]
    assert "ask for one with -o voice.html" in result.stdout


def test_all_outputs_that_are_asked_for_are_written(
    work: Path, write_sound: Write, tiny_student: Path
) -> None:
    path = write_sound("voice.wav")
    result = run("animate", path, "-o", "a.json", "-o", "b.npz", "--student", tiny_student)
    assert result.exit_code == 0, result.output
    assert {file.name for file in work.iterdir()} == {"a.json", "b.npz"}


def test_a_rig_of_ones_own(work: Path, write_sound: Write, tiny_student: Path) -> None:
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
def test_bad_sound(
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
    assert capfd.readouterr() == ("", ""), "a library wrote past Python"


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_sound_that_is_cut_short(
    work: Path,
    write_sound: Write,
    tiny_student: Path,
    capfd: pytest.CaptureFixture[str],
    ending: str,
) -> None:
    path = write_sound(f"voice.{ending}")
    path.write_bytes(path.read_bytes()[:-500])
    refuses(work, "cut short", path, "-o", "a.csv", "--student", tiny_student)
    assert capfd.readouterr() == ("", ""), "a library wrote past Python"


def refuses(work: Path, message: str, *args: object) -> None:
    """The command leaves with 2, says one line and leaves no file."""
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
        (("-o", "a.csv", "--fps", "0"), "fps must be above 0"),
        (("-o", "a.csv", "--fps", "-30"), "fps must be above 0"),
        (("-o", "a.csv", "--fps", "nan"), "fps must be above 0"),
        (("-o", "a.csv", "--fps", "1e9"), "up to 1000"),
        (("-o", "a.csv", "--student", "ghost"), "there is no student 'ghost'"),
        (("-o", "a.csv", "--student", "none/a.onnx"), "there is no student"),
        (("-o", "a.csv", "--rig", "none.json"), "no rig file"),
    ],
)
def test_bad_options(
    work: Path, write_sound: Write, tiny_student: Path, args: tuple[str, ...], message: str
) -> None:
    student = () if "--student" in args else ("--student", tiny_student)
    refuses(work, message, write_sound("voice.wav"), *args, *student)


def test_an_output_folder_that_refuses_files(
    work: Path, write_sound: Write, tiny_student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = write_sound("voice.wav")
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    refuses(work, "can't write into", path, "-o", "a.csv", "--student", tiny_student)


def test_a_student_that_is_cut_short(work: Path, write_sound: Write, tiny_student: Path) -> None:
    tiny_student.write_bytes(tiny_student.read_bytes()[:-50])
    path = write_sound("voice.wav")
    refuses(work, "cut short", path, "-o", "a.csv", "--student", tiny_student)


def test_a_student_of_another_rig(
    work: Path, write_sound: Write, changed_student: Callable[..., Path]
) -> None:
    student = changed_student(rig="dog", names=("snout", "tail"))
    path = write_sound("voice.wav")
    refuses(work, "is for rig 'dog' and drives 'snout'", path, "-o", "a.csv", "--student", student)


def test_one_output_that_fails_leaves_none(
    work: Path, write_sound: Write, changed_student: Callable[..., Path]
) -> None:
    student = changed_student(rig="dog", names=("snout", "tail"))
    (work / "dog.json").write_text('{"controls": [{"name": "snout"}, {"name": "tail"}]}')
    refuses(
        work, "none of ARKit's controls", write_sound("voice.wav"), "-o", "a.json", "-o", "a.csv",
        "--rig", "dog.json", "--student", student,
    )  # fmt: skip


def test_a_sentence_is_one_line_whatever_is_in_it(work: Path) -> None:
    refuses(work, "no such file: two lines.wav", "two\nlines.wav")


@pytest.mark.parametrize("while_importing", [False, True])
def test_an_interrupt_leaves_nothing(
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


def test_a_wrong_call_leaves_with_2(work: Path) -> None:
    for args in (("animate",), ("dance",), ("animate", "a.wav", "--fps", "many")):
        assert run(*args).exit_code == 2


def test_a_command_that_needs_torch_says_so(
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
