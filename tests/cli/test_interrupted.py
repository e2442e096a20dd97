"""SIGTERM ends a command as Ctrl-C does: nothing half written stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from synthetic import make_voice

from marotte.cli.group import sigterm_interrupts
from marotte.face.animation import Animation, write_files
from marotte.face.rig import ARKIT_52


def test_sigterm_interrupts_once() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def wait() -> None:
        with sigterm_interrupts():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGTERM)  # while the first one's work goes on

    with pytest.raises(KeyboardInterrupt):
        wait()
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
def test_sigterm_in_the_middle_of_a_video_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("av")
    soundfile.write(tmp_path / "long.wav", np.tile(make_voice(2, 16_000), 60), 16_000)
    faces = tmp_path / "faces"
    faces.mkdir()
    command = [sys.executable, "-m", "marotte", "animate", str(tmp_path / "long.wav")]
    with subprocess.Popen(
        [*command, "-o", str(faces / "face.mp4")], stderr=subprocess.PIPE, text=True
    ) as running:
        end_s = time.monotonic() + 120
        while not list(faces.iterdir()) and time.monotonic() < end_s:
            time.sleep(0.05)
        assert running.poll() is None
        time.sleep(0.5)
        running.send_signal(signal.SIGTERM)
        assert running.stderr is not None
        errors = running.stderr.read()
    assert running.returncode == 130, errors
    assert "marotte: interrupted" in errors
    assert "Traceback" not in errors
    assert not list(faces.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows waits a day before it removes them")
def test_files_of_killed_runs_are_removed_by_the_next(tmp_path: Path) -> None:
    leftover = tmp_path / ".face.marotte-0123456789abcdef.csv"
    leftover.write_text("half a file")
    (tmp_path / ".mine.csv").write_text("")
    write_files(Animation(ARKIT_52.neutral(3), 60.0, ARKIT_52), [tmp_path / "face.csv"])
    assert {path.name for path in tmp_path.iterdir()} == {".mine.csv", "face.csv"}
