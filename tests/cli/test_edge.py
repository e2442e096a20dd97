"""The edge of the command line: streams, and which errors become a sentence."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from marotte.cli.group import Commands

PRINT = "from marotte.cli.streams import prepare_streams; prepare_streams(); print('3 \\xd7 あ')"


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252", "utf-8"])
def test_a_character_that_the_terminal_lacks_is_no_error(encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-c", PRINT], env=environment, capture_output=True, check=True
    )
    expected = {"ascii": "3 ? ?", "cp437": "3 ? ?", "cp1252": "3 × ?", "utf-8": "3 × あ"}[encoding]
    assert done.stdout.decode(encoding).strip() == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can't close a child's streams")
def test_a_file_never_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    program = (
        "import os; os.closerange(0, 3)\n"
        "from marotte.cli.streams import prepare_streams; prepare_streams()\n"
        f"file = open({str(tmp_path / 'out')!r}, 'w')\n"
        "os.write(1, b'noise'); os.write(2, b'noise'); file.write(str(file.fileno() > 2))\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert (tmp_path / "out").read_text() == "True"


def fail(error: BaseException) -> typer.Typer:
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)

    @app.command("fail")
    def command() -> None:
        raise error

    app.command("other")(lambda: None)
    return app


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "marotte: No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied", "a/b"), "marotte: a/b: Permission"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "c" * 300), "ccc: File name too long"),
        (MemoryError("Unable to allocate 9 TiB"), "marotte: memory ran out: Unable to allocate"),
        (MemoryError(), "marotte: memory ran out: close other programs"),
    ],
)
def test_an_error_of_the_machine_is_one_sentence(error: Exception, said: str) -> None:
    result = CliRunner().invoke(fail(error), ["fail"])
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a bug"),
        TypeError("a bug"),
        RecursionError("a bug"),
        UnicodeDecodeError("utf-8", b"", 0, 1, "a bug"),
        FileNotFoundError(errno.ENOENT, "a bug"),
        OSError(errno.EBADF, "a bug"),
        AssertionError("a bug"),
    ],
)
def test_a_bug_stays_a_traceback(error: Exception) -> None:
    result = CliRunner().invoke(fail(error), ["fail"])
    assert result.exit_code == 1
    assert result.exception is error
