"""`marotte animate`: which part of the sound is animated, and pipes at both ends."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import make_voice
from typer.testing import CliRunner

import marotte
from marotte.cli import app

Write = Callable[..., Path]


def run(*args: object, **options: Any) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args], prog_name="marotte", **options)


@pytest.fixture
def voice(write_sound: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_sound("voice.wav", make_voice(2, 16_000), 16_000)


def test_curves_go_through_pipes(voice: Path, tiny_student: Path) -> None:
    options = ["-o", "-", "--student", tiny_student, "--fps", 30]
    result = run("animate", "-", *options, input=voice.read_bytes())
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    expected = marotte.load(tiny_student).animate(voice, fps=30)
    assert len(lines) == len(expected) == 60
    curve = [line["controls"]["jawOpen"] for line in lines]
    np.testing.assert_allclose(curve, expected["jawOpen"], atol=1e-4)
    assert "2.0 s of sound, 60 frames" in result.stderr
    assert not list(voice.parent.glob("*.csv"))


def test_pipes_are_for_one_recording(voice: Path, tiny_student: Path) -> None:
    for recordings, output in (([voice, voice], "-"), (["-", voice], "faces")):
        result = run("animate", *recordings, "-o", output, "--student", tiny_student)
        assert result.exit_code == 2
        assert "- is for one recording" in result.stderr


def test_a_part_is_animated(voice: Path, tiny_student: Path) -> None:
    part = ["--start", "0.5", "--end", "0:01.5", "--fps", 24, "--student", tiny_student]
    result = run("animate", voice, "-o", "a.csv", *part, "--offset", "10:00:00:12")
    assert result.exit_code == 0, result.output
    with open("a.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["Timecode"] for row in rows[:2]] == ["10:00:00:30.000", "10:00:00:32.500"]
    samples = make_voice(2, 16_000)[8_000:24_000]
    expected = marotte.load(tiny_student).animate(samples, 16_000, fps=24)
    curve = [float(row["JawOpen"]) for row in rows]
    np.testing.assert_allclose(curve, expected["jawOpen"], atol=1e-4)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--channel", "3", "has one channel, got channel 3: choose 1"),
        ("--channel", "left", "--channel must be 1, 2, ..., mix, loudest or auto, got 'left'"),
        ("--start", "9", "there is no sound from 9 s to its end"),
        ("--end", "soon", "a time must look like 90.5, 1:30 or 0:01:30.5, got 'soon'"),
        ("--offset", "1 h", "--offset must be a timecode HH:MM:SS:FF"),
        ("--fps", "29,97", "--fps must be a number or a fraction"),
    ],
)
def test_values_that_mean_nothing_are_errors(
    voice: Path, tiny_student: Path, option: str, value: str, message: str
) -> None:
    result = run("animate", voice, "-o", "a.csv", "--student", tiny_student, option, value)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not Path("a.csv").exists()


def test_opposite_phases_are_said_once(write_sound: Write, tiny_student: Path) -> None:
    voice = make_voice(2, 16_000)
    path = write_sound("stereo.wav", np.stack([voice, -0.9 * voice], axis=1), 16_000)
    faces = {}
    for channel in ("auto", "1", "mix"):
        name = path.with_name(f"{channel}.npz")
        result = run("animate", path, "-o", name, "--channel", channel, "--student", tiny_student)
        assert result.exit_code == 0, result.output
        faces[channel] = np.load(name)["controls"]
    assert np.array_equal(faces["auto"], faces["1"])
    assert faces["auto"][:, 17].mean() > faces["mix"][:, 17].mean()


def test_level_of_quiet_speech_can_be_left_alone(write_sound: Write, tiny_student: Path) -> None:
    path = write_sound("quiet.wav", 0.01 * make_voice(2, 16_000), 16_000, subtype="FLOAT")
    jaws = []
    for option in ("--level", "--no-level"):
        name = path.with_name("face.npz")
        assert run("animate", path, "-o", name, option, "--student", tiny_student).exit_code == 0
        jaws.append(np.load(name)["controls"].max(axis=0))
    assert (jaws[0] > 10 * jaws[1]).any()
