"""Batches: what is written and skipped, what fails, and what an interruption leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from signals import heed_interrupts
from synthetic import make_voice

import marotte
from marotte import MarotteError
from marotte.batch import BatchResult, Settings, animate_files
from marotte.batch.plan import count_recordings, find_recordings
from marotte.batch.settings import SETTINGS_FILE
from marotte.paths import LEFTOVER_AGE_S, PARTIAL_FOLDER
from marotte.postprocess.motion import Motion

Write = Callable[..., Path]


@pytest.fixture
def lines(tmp_path: Path, write_sound: Write) -> Path:
    """A folder with two short recordings, one of them in a folder."""
    folder = tmp_path / "lines"
    (folder / "town").mkdir(parents=True)
    voice = write_sound("voice.wav", make_voice(0.3, 16_000), 16_000)
    shutil.copy(voice, folder / "a.wav")
    shutil.copy(voice, folder / "town" / "b.WAV")
    (folder / "notes.txt").write_text("not a sound")
    (folder / ".hidden.wav").write_text("not a sound")
    return folder


@pytest.fixture
def settings(tiny_student: Path) -> Settings:
    return Settings(str(tiny_student), fps=30)


def files_in(folder: Path) -> list[str]:
    """The files that a person sees, as paths below the folder."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(p.as_posix() for p in paths if not any(part[0] == "." for part in p.parts))


def counts(result: BatchResult) -> tuple[int, int, int]:
    return result.animated, result.skipped, len(result.failures)


def test_a_batch_keeps_the_folders_and_writes_what_the_model_writes(
    lines: Path, tmp_path: Path, settings: Settings
) -> None:
    steps: list[tuple[int, int]] = []
    result = animate_files(
        [lines, tmp_path / "voice.wav"],
        tmp_path / "out",
        ["csv", "npz"],
        settings,
        workers=2,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert counts(result) == (3, 0, 0)
    assert result.sound_s == pytest.approx(0.9)
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]
    names = ("a", "town/b", "voice")
    assert files_in(tmp_path / "out") == sorted(f"{n}.{e}" for n in names for e in ("csv", "npz"))
    assert not (tmp_path / "out" / PARTIAL_FOLDER).exists()
    animation = marotte.load(settings.student).animate(lines / "a.wav", fps=30)
    animation.save(tmp_path / "one.csv")
    assert (tmp_path / "out/a.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_a_second_run_does_only_what_is_missing_or_out_of_date(
    lines: Path, tmp_path: Path, settings: Settings, tiny_student: Path
) -> None:
    def run(changed: Settings = settings, again: bool = False) -> tuple[int, int, int]:
        return counts(animate_files([lines], tmp_path / "out", ["csv"], changed, again=again))

    assert run() == (2, 0, 0)
    assert run() == (0, 2, 0)
    (tmp_path / "out" / "a.csv").unlink()
    assert run() == (1, 1, 0)
    later = time.time() + 60
    os.utime(lines / "town" / "b.WAV", (later, later))
    os.utime(tmp_path / "out" / "town" / "b.csv", (later - 1, later - 1))
    assert run() == (1, 1, 0)
    os.utime(lines / "town" / "b.WAV", (1, 1))
    assert run(again=True) == (2, 0, 0)
    assert run() == (0, 2, 0)
    faster = Settings(str(tiny_student), fps=60)
    assert run(faster) == (2, 0, 0), "other settings make other files"
    assert run(faster) == (0, 2, 0)
    moody = replace(faster, motion=Motion(mood="happy"))
    assert run(moody) == (2, 0, 0)
    assert run(moody) == (0, 2, 0)
    assert run(replace(faster, motion=Motion(mood="happy", gain=1.5))) == (2, 0, 0)


def test_settings_of_earlier_versions_have_the_same_fingerprint(settings: Settings) -> None:
    """Folders that were made before moods existed stay up to date."""
    assert list(json.loads(settings.fingerprint())) == [
        "fps", "smooth", "idle_motion", "seed", "student",
    ]  # fmt: skip
    changed = replace(settings, motion=Motion(effort="auto"))
    assert json.loads(changed.fingerprint())["effort"] == "auto"


def test_a_broken_file_does_not_stop_the_others(
    lines: Path, tmp_path: Path, settings: Settings
) -> None:
    (lines / "b.wav").write_text("not a sound")
    (lines / "c.wav").touch()
    result = animate_files([lines], tmp_path / "out", ["csv"], settings, workers=1)
    assert counts(result) == (2, 0, 2)
    assert [failure.split(" is ")[0] for failure in result.failures] == [
        str(lines / "b.wav"),
        str(lines / "c.wav"),
    ]
    assert files_in(tmp_path / "out") == ["a.csv", "town/b.csv"]


def test_bad_arguments_are_refused_before_any_work(
    lines: Path, tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "empty").mkdir()
    shutil.copy(lines / "a.wav", lines / "a.flac")
    for inputs, formats, message in (
        ([lines], ["csv"], "a.flac and .*a.wav would write the same files"),
        ([lines / "a.wav"] * 2, ["csv"], "a.wav is given twice"),
        ([tmp_path / "none.wav"], ["csv"], "no such file"),
        ([tmp_path / "empty"], ["csv"], "holds no sound: no file ends in .wav, .flac"),
        ([lines / "a.wav"], ["xyz"], "there is no format 'xyz': use csv"),
        ([lines / "a.wav"], [], "give at least one format"),
    ):
        with pytest.raises(MarotteError, match=message):
            animate_files(inputs, tmp_path / "out", formats, settings)
    for changes in ({"student": "ghost"}, {"fps": 0}, {"retarget": Path("none.toml")}):
        with pytest.raises(MarotteError):
            animate_files(
                [lines / "a.wav"],
                tmp_path / "out",
                ["csv"],
                Settings(**{**vars(settings), **changes}),
            )
    assert not (tmp_path / "out").exists()


def test_folders_are_read_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "a.wav").touch()
    assert count_recordings([tmp_path]) == 3
    recordings: Iterator[tuple[Path, str]] = find_recordings([tmp_path])
    assert next(recordings)[1] == os.path.join("0", "a")
    shutil.rmtree(tmp_path / "2")
    assert [name for _, name in recordings] == [os.path.join("1", "a")]


def test_old_leftovers_of_killed_runs_are_removed(
    lines: Path, tmp_path: Path, settings: Settings
) -> None:
    old = tmp_path / "out" / PARTIAL_FOLDER / "old"
    old.mkdir(parents=True)
    (old / "1.csv").touch()
    before = time.time() - LEFTOVER_AGE_S - 10
    os.utime(old, (before, before))
    animate_files([lines / "a.wav"], tmp_path / "out", ["csv"], settings)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [SETTINGS_FILE, "a.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs process groups")
@pytest.mark.parametrize("killed", [False, True], ids=["Ctrl-C", "kill -9"])
def test_an_interrupted_run_leaves_whole_files_and_no_process(
    tmp_path: Path, write_sound: Write, tiny_student: Path, killed: bool
) -> None:
    voice = write_sound("voice.wav", make_voice(2, 16_000), 16_000)
    (tmp_path / "lines").mkdir()
    for number in range(300):
        os.link(voice, tmp_path / "lines" / f"{number:03}.wav")
    out = tmp_path / "out"
    words = ["animate", tmp_path / "lines", "-o", out, "--student", tiny_student, "--workers", 2]
    command = [sys.executable, "-m", "marotte", *map(str, words)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    while not list(out.glob("*.csv")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    if killed:
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    # Each worker holds the streams too, so they end when the last process ends.
    _, errors = process.communicate(timeout=30)
    if not killed:
        assert process.returncode == 130
        assert "of 300 recordings are done; the same command goes on from there" in errors
        assert errors.count("\n") == 1, errors
        assert not (out / PARTIAL_FOLDER).exists()
    names = files_in(out)
    assert 0 < len(names) < 300
    assert len({(out / name).stat().st_size for name in names}) == 1, "a file is not whole"
    for number in range(len(names) + 2, 300):  # the rest would take long
        (tmp_path / "lines" / f"{number:03}.wav").unlink()
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert f"{len(names)} skipped" in result.stdout
    assert len(files_in(out)) == len(names) + 2
