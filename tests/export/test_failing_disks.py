"""Every format on a disk that fails: exit code 2, one sentence, and no new file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from faults import DISKS, REASONS, files_in
from synthetic import make_voice
from typer.testing import CliRunner

from marotte import plugins
from marotte.cli import app

VIDEOS = ["mov", "mp4", "webm"]
FORMATS = sorted({*plugins.names(plugins.FORMATS)} - {*VIDEOS})


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    import soundfile

    soundfile.write(tmp_path / "voice.wav", make_voice(0.2), 24_000)
    return tmp_path / "voice.wav"


@pytest.mark.parametrize("ending", FORMATS)
def test_a_format_leaves_no_file_on_a_full_disk(
    tmp_path: Path, sound: Path, tiny_student: Path, ending: str
) -> None:
    check(tmp_path, ending, "full", str(sound), "--student", str(tiny_student))


@pytest.mark.parametrize("disk", sorted(set(DISKS) - {"full"}))
def test_a_file_that_can_t_be_moved_into_place_is_an_error(
    tmp_path: Path, sound: Path, tiny_student: Path, disk: str
) -> None:
    check(tmp_path, "csv", disk, str(sound), "--student", str(tiny_student))


@pytest.mark.slow
@pytest.mark.parametrize("ending", VIDEOS)
def test_a_video_leaves_no_file_on_a_full_disk(
    tmp_path: Path, sound: Path, tiny_student: Path, ending: str
) -> None:
    pytest.importorskip("av")
    small = ("--size", "64x64", "--student", str(tiny_student))
    check(tmp_path, ending, "full", str(sound), *small)


def check(tmp_path: Path, ending: str, disk: str, *arguments: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / f"face.{ending}").write_text("old")
    with DISKS[disk]():
        result = CliRunner().invoke(
            app, ["animate", *arguments, "-o", str(folder / f"face.{ending}")], prog_name="marotte"
        )
    assert result.exit_code == 2, result.output
    *_, last = result.stderr.strip().splitlines()
    assert re.fullmatch(rf"marotte: can't write .*face\.{ending}.*({REASONS}).*", last)
    assert files_in(folder) == ({} if disk == "gone" else {f"face.{ending}": b"old"})
