"""Two trainings never write into one folder; the message says who trains there."""

import os
import subprocess
import sys

import pytest
from tiny_training import RECIPE, train

from marotte.errors import MarotteError
from marotte.learn.train.run_lock import LOCK_FILE, run_lock

HOLD = """
import sys, time
from pathlib import Path
from marotte.learn.train.run_lock import run_lock
with run_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_training_is_refused_until_the_first_is_killed(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        message = rf"{tmp_path.name} is being trained by process {holder.pid} on .* since \d{{4}}-"
        with pytest.raises(MarotteError, match=message), run_lock(tmp_path):
            pass
        with pytest.raises(MarotteError, match="train into another folder with -o"):
            train(RECIPE, tmp_path)
        holder.kill()
    with run_lock(tmp_path):  # the killed one's file does not matter
        assert str(os.getpid()) in (tmp_path / LOCK_FILE).read_text()
    assert not (tmp_path / LOCK_FILE).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows waits a day before it removes them")
def test_temporary_files_of_killed_trainings_are_removed(tmp_path):
    leftover = tmp_path / ".checkpoint.marotte-0123456789abcdef.pt"
    leftover.write_bytes(b"half")
    with run_lock(tmp_path):
        assert not leftover.exists()


def test_only_the_first_of_several_processes_locks(tmp_path, monkeypatch):
    with run_lock(tmp_path):
        monkeypatch.setenv("RANK", "1")
        with run_lock(tmp_path):
            pass
