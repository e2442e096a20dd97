"""A recording is whole, or its finished part stays in sight and is saved at the next start."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from synthetic import make_voice

from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52
from marotte.realtime.outputs import Take, open_output, recorder
from marotte.realtime.outputs.jsonl import JsonRecorder
from marotte.realtime.outputs.recorder import Recorder
from marotte.realtime.outputs.unfinished import save_unfinished
from marotte.realtime.outputs.wav import HEADER_BYTES, wav_header

TAKE = Take(ARKIT_52, 60.0, 16_000, "tiny")
HELLO = Path(__file__).parents[2] / "samples" / "hello.wav"


def frame(k: int) -> Frame:
    return Frame(k / 60, 80.0, np.full(52, k / 1000, np.float32))


def recording(folder: Path, kind: str, n: int = 5) -> Recorder:
    """Return an output that has recorded n frames and their sound."""
    output = open_output(f"{kind}:{folder / 'take'}.{kind}", TAKE)
    assert isinstance(output, Recorder)
    for k in range(n):
        output.send_samples(np.full(267, 0.25, np.float32), 267 * k)
        output.send(frame(k))
    return output


def length(path: Path) -> int:
    """Return how many frames a recording has, or frames' worth of sound."""
    if b"WAVE" in path.read_bytes()[:16]:
        return len(soundfile.read(path)[0]) // 267
    return path.read_text().count("\n") - path.read_text().startswith("Timecode")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("kind", ["csv", "json", "wav"])
def test_unfinished_take_is_in_sight_and_whole_at_every_moment(tmp_path: Path, kind: str) -> None:
    output = recording(tmp_path, kind)
    assert names(tmp_path) == {f"take.{kind}.part"}
    assert length(tmp_path / f"take.{kind}.part") == 5
    output.close()
    assert names(tmp_path) == {f"take.{kind}"}
    assert length(tmp_path / f"take.{kind}") == 5


@pytest.mark.parametrize("kind", ["csv", "json", "wav"])
def test_full_disk_leaves_the_whole_frames(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = recording(tmp_path, kind)
    write = os.write

    def half(handle: int, content: memoryview) -> int:
        if len(content) < 20:
            raise OSError(28, "No space left on device")
        return write(handle, content[: len(content) // 2])

    monkeypatch.setattr(recorder.os, "write", half)

    def record() -> None:
        output.send_samples(np.zeros(267, np.float32), 5 * 267)
        output.send(frame(5))

    with pytest.raises(MarotteError, match=rf"take\.{kind}: No space left"):
        record()
    monkeypatch.undo()
    assert f"take.{kind}.part" in output.abandon()
    assert names(tmp_path) == {f"take.{kind}.part"}
    assert length(tmp_path / f"take.{kind}.part") == 5


def test_nothing_is_left_of_a_recording_that_never_began(tmp_path: Path) -> None:
    output = recording(tmp_path, "csv", n=0)
    assert output.abandon() == ""
    assert not names(tmp_path)


@pytest.mark.parametrize("kind", ["csv", "json", "wav"])
def test_take_of_a_killed_program_is_saved(tmp_path: Path, kind: str) -> None:
    output = recording(tmp_path, kind)
    part = output.part.read_bytes()
    output.close()
    (tmp_path / f"take.{kind}").unlink()
    (tmp_path / f"take.{kind}.part").write_bytes(part + b"0.5,0.2")  # half a row
    [line] = save_unfinished([tmp_path])
    assert "was not finished: it is saved as" in line
    assert names(tmp_path) == {f"take-recovered.{kind}"}
    assert (tmp_path / f"take-recovered.{kind}").read_bytes() == part
    (tmp_path / f"take.{kind}.part").write_bytes(part)
    assert len(list(save_unfinished([tmp_path, tmp_path]))) == 1
    assert names(tmp_path) == {f"take-recovered.{kind}", f"take-recovered-2.{kind}"}


def test_files_of_others_are_not_touched(tmp_path: Path) -> None:
    for name in ("film.mp4.part", "table.csv.part"):
        (tmp_path / name).write_bytes(b"half of a download")
    assert not list(save_unfinished([tmp_path, tmp_path / "nowhere"]))
    assert names(tmp_path) == {"film.mp4.part", "table.csv.part"}
    with pytest.raises(MarotteError, match=r"table\.csv\.part is there"):
        JsonRecorder(tmp_path / "table.csv", TAKE).check_free()


def test_take_that_is_being_recorded_is_not_touched(tmp_path: Path) -> None:
    output = recording(tmp_path, "csv")
    if sys.platform != "win32":  # there, an open file can't be renamed
        assert not list(save_unfinished([tmp_path]))
    with pytest.raises(MarotteError, match="another take is being recorded"):
        JsonRecorder(output.path, TAKE).check_free()
    output.close()
    assert names(tmp_path) == {"take.csv"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_recording_gets_the_mode_of_any_new_file(tmp_path: Path) -> None:
    umask = os.umask(0o027)
    try:
        recording(tmp_path, "csv").close()
    finally:
        os.umask(umask)
    assert (tmp_path / "take.csv").stat().st_mode & 0o777 == 0o640


def test_sound_of_more_than_4_gb_is_rf64(tmp_path: Path) -> None:
    n_samples = (1 << 31) + 1000
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(wav_header(n_samples, 48_000))
        file.truncate(HEADER_BYTES + 2 * n_samples)  # a sparse file: no disk is needed
    info = soundfile.info(path)
    assert (info.format, info.frames, info.samplerate) == ("RF64", n_samples, 48_000)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_the_command_saves_what_a_kill_left(tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    soundfile.write(long, np.tile(make_voice(2, 16_000), 20), 16_000)
    take = tmp_path / "takes"
    take.mkdir()
    outputs = ("-ocsv:t.csv", "-ojson:t.json", "-owav:t.wav")
    command = [sys.executable, "-m", "marotte", "live", *outputs]
    with subprocess.Popen(
        [*command, "-i", str(long)], cwd=take, stderr=subprocess.DEVNULL
    ) as running:
        end_s = time.monotonic() + 60
        while len(names(take)) < 3 and time.monotonic() < end_s:
            time.sleep(0.05)
        time.sleep(0.5)
        running.kill()
    assert names(take) == {"t.csv.part", "t.json.part", "t.wav.part"}
    again = subprocess.run(
        [*command, "-i", str(HELLO), "--fast"], cwd=take, stderr=subprocess.PIPE, text=True
    )
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("was not finished: it is saved as t-recovered.") == 3
    assert len(names(take)) == 6
    rows = list(csv.reader((take / "t-recovered.csv").read_text().splitlines()))
    lines = (take / "t-recovered.json").read_text().splitlines()
    assert len(rows) > 5
    assert {len(row) for row in rows} == {63}
    assert json.loads(lines[-1])["time_s"] > 0
    seconds = soundfile.info(take / "t-recovered.wav").duration
    assert seconds * 60 >= len(rows) - 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of file sizes")
def test_failed_recording_exits_2_and_the_others_go_on(tmp_path: Path) -> None:
    import resource

    long = tmp_path / "long.wav"
    soundfile.write(long, np.tile(make_voice(2, 16_000), 5), 16_000)
    take = tmp_path / "takes"
    take.mkdir()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "marotte", "live", "-i", str(long), "--fast"),
            *("-ocsv:t.csv", "-ojson:t.json"),
        ],
        cwd=take,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)),
    )
    assert done.returncode == 2, done.stderr
    assert "t.json: can't write t.json: File too large" in done.stderr
    assert "what it recorded until then is in t.json.part" in done.stderr
    assert "1 of 2 outputs failed" in done.stderr or "2 of 2" in done.stderr
    assert "Traceback" not in done.stderr
    assert length(take / "t.json.part") > 100
