"""`marotte animate` with several recordings: where files go, what is printed, and exit codes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from synthetic import make_voice
from typer.testing import CliRunner

from marotte.batch import BatchResult
from marotte.cli import app

Write = Callable[..., Path]


@pytest.fixture
def work(tmp_path: Path, write_sound: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a recording and a folder of one more."""
    folder = tmp_path / "work"
    (folder / "lines").mkdir(parents=True)
    monkeypatch.chdir(folder)
    voice = write_sound("voice.wav", make_voice(0.3, 16_000), 16_000)
    shutil.copy(voice, folder / "a.wav")
    shutil.copy(voice, folder / "lines" / "b.wav")
    return folder


def run(student: Path, *args: object) -> Any:
    words = ["animate", *map(str, args), "--student", str(student), "--workers", "1"]
    return CliRunner().invoke(app, words, prog_name="marotte")


def test_several_recordings_go_to_one_folder(work: Path, tiny_student: Path) -> None:
    (work / "lines" / "bad.wav").write_text("not a sound")
    result = run(tiny_student, "a.wav", "lines", "-o", "out", "--format", "csv, .NPZ")
    assert result.exit_code == 1
    assert "2 of 3 recordings animated into out: 0.6 s of sound" in result.stdout
    first, last = result.stderr.splitlines()
    assert first.startswith(f"marotte: {Path('lines', 'bad.wav')} is not a sound file")
    assert last == "marotte: 1 of 3 recordings failed"
    names = [path.name for path in sorted((work / "out").iterdir()) if path.name[0] != "."]
    assert names == ["a.csv", "a.npz", "b.csv", "b.npz"]
    (work / "lines" / "bad.wav").unlink()
    again = run(tiny_student, "a.wav", "lines", "-o", "out", "--format", "csv,npz")
    assert again.exit_code == 0, again.output
    assert "2 skipped: their files are up to date" in again.stdout


def test_one_recording_goes_to_a_folder_or_in_other_formats_here(
    work: Path, tiny_student: Path
) -> None:
    assert run(tiny_student, "a.wav", "-o", "new/").exit_code == 0
    assert (work / "new" / "a.csv").is_file()
    result = run(tiny_student, "a.wav", "--format", "npz,json")
    assert result.exit_code == 0, result.output
    assert "18 frames" in result.stdout
    names = sorted(path.name for path in work.iterdir() if path.is_file())
    assert names == ["a.json", "a.npz", "a.wav"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("lines",), "lines is a folder: give one folder to write to"),
        (("lines", "-o", "a.csv"), "lines is a folder: give one folder to write to"),
        (("a.wav", "lines", "-o", "a.csv"), "there are 2 recordings: give one folder"),
        (("lines", "-o", "x", "-o", "y"), "give one folder to write to"),
        (("a.wav", "-o", "a.csv", "--format", "csv"), "--format is for a folder"),
        (("lines", "-o", "out", "--format", "xyz"), "there is no format 'xyz'"),
        (("a.wav", "--format", "xyz"), "its ending is '.xyz'"),
        (("lines", "none.wav", "-o", "out"), "no such file: none.wav"),
        (("a.wav", "a.wav", "-o", "out"), "a.wav is given twice"),
    ],
)
def test_bad_input_is_one_sentence(
    work: Path, tiny_student: Path, args: tuple[str, ...], message: str
) -> None:
    result = run(tiny_student, *args)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("marotte: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert sorted(path.name for path in work.iterdir()) == ["a.wav", "lines"]


def test_an_interruption_says_how_to_go_on(
    work: Path, tiny_student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, progress: Callable[[int, int], None], **__: object) -> BatchResult:
        progress(312, 10_000)
        raise KeyboardInterrupt

    monkeypatch.setattr("marotte.batch.animate_files", interrupt)
    result = run(tiny_student, "lines", "-o", "out", "--again")
    assert result.exit_code == 130
    assert result.stderr == (
        "marotte: interrupted: 312 of 10000 recordings are done; "
        "the same command, without --again, goes on from there\n"
    )
