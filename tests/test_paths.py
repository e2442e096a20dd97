"""Files are written whole or not at all."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from marotte.errors import MarotteError
from marotte.paths import check_writable, remove_leftovers, replacing


def test_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "face.csv"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.suffix == ".csv"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_failed_write_keeps_the_old_file(tmp_path: Path, failure: type[BaseException]) -> None:
    path = tmp_path / "face.csv"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise failure

    with pytest.raises(failure):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nested_writers_write_one_file_and_name_it_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "face.csv"
    with replacing(path) as outer, replacing(outer) as inner:
        assert inner == outer
        inner.write_text("whole")
    assert path.read_text() == "whole"
    with (
        pytest.raises(MarotteError, match=r"can't write .*/face\.csv: No space left"),
        replacing(path) as outer,
        replacing(outer),
    ):
        raise OSError(28, "No space left on device")


def test_full_disk_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="No space left"), replacing(tmp_path / "face.csv"):
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_file_gets_the_mode_of_any_new_file(tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        with replacing(tmp_path / "face.csv"):
            pass
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "face.csv").stat().st_mode) == 0o644


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_files_of_many_threads_get_the_mode_of_any_new_file(tmp_path: Path) -> None:
    umask, interval, modes = os.umask(0o022), sys.getswitchinterval(), set[int]()

    def write(name: str) -> None:
        for _ in range(100):
            with replacing(tmp_path / name):
                pass
            modes.add(stat.S_IMODE((tmp_path / name).stat().st_mode))

    threads = [threading.Thread(target=write, args=(f"{k}.csv",)) for k in range(4)]
    try:
        sys.setswitchinterval(1e-6)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
        os.umask(umask)
    assert modes == {0o644}


def test_a_long_name_is_written_and_a_longer_one_is_refused(tmp_path: Path) -> None:
    with replacing(tmp_path / f"{'é' * 125}.csv"):
        pass
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(MarotteError, match="at most 255 bytes"):
        check_writable(tmp_path / f"{'é' * 126}.csv")
    with pytest.raises(MarotteError, match="does not exist"):
        check_writable(tmp_path / ("e" * 300) / "face.csv")


NAMES_OF_USERS = (
    ".pre-commit-config.yaml", ".git-credentials", ".marotte-notes.json", ".face.marotte-123.csv",
    ".corpus-3f8a9bc2.json", "face.marotte-0123456789abcdef.csv",
)  # fmt: skip


def test_only_leftovers_are_removed(tmp_path: Path) -> None:
    for name in NAMES_OF_USERS:
        (tmp_path / name).touch()
    leftovers = [
        tmp_path / f".{n}.marotte-0123456789abcdef{e}" for n in ("", "a.b") for e in ("", ".c")
    ]
    for leftover in leftovers:
        leftover.touch()
        os.utime(leftover, (0, 0))
    folder = tmp_path / ".d.marotte-0123456789abcdef"
    folder.mkdir()
    with replacing(tmp_path / "face.csv") as temporary:
        remove_leftovers(tmp_path)
        assert temporary.exists()
    remaining = {path.name for path in tmp_path.iterdir()}
    assert remaining == {*NAMES_OF_USERS, "face.csv", folder.name}
    remove_leftovers(tmp_path / "nowhere")


WRITE_UNTIL_KILLED = """
import os, signal, sys
from pathlib import Path
from marotte.paths import replacing
with replacing(Path(sys.argv[1], "face.csv")) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
REMOVE_UNTIL_KILLED = """
import sys
from pathlib import Path
from marotte.paths import remove_leftovers
print("ready", flush=True)
while True:
    remove_leftovers(Path(sys.argv[1]))
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")
def test_the_leftover_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    completed = subprocess.run(
        [sys.executable, "-c", WRITE_UNTIL_KILLED, str(tmp_path)], check=False
    )
    assert completed.returncode == -signal.SIGKILL
    [leftover] = tmp_path.iterdir()
    assert leftover.name.startswith(".face.marotte-")
    remove_leftovers(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows goes by the age of leftovers")
def test_files_that_another_process_writes_stay(tmp_path: Path) -> None:
    command = [sys.executable, "-c", REMOVE_UNTIL_KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as remover:
        assert remover.stdout is not None
        assert remover.stdout.readline() == b"ready\n"
        try:
            for number in range(100):
                with replacing(tmp_path / "face.csv") as temporary:
                    temporary.write_text(str(number))
        finally:
            remover.kill()
    assert [path.name for path in tmp_path.iterdir()] == ["face.csv"]


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="nowhere does not exist"):
        check_writable(tmp_path / "nowhere" / "face.csv")


def test_folder_as_output_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="is a folder"):
        check_writable(tmp_path)


def test_folder_that_is_not_writable_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(MarotteError, match=r"can't write into .*: Permission denied"):
        check_writable(tmp_path / "face.csv")
