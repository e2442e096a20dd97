"""The base class of outputs that record to a file: nothing is dropped, and nothing is lost.

A take is written to `take.csv.part`, in the sight of the user, and renamed to `take.csv` when it
ends. When the disk is full or the program is killed, the finished part stays under that name.
`marotte.realtime.outputs.unfinished` saves it at the next start.
"""

from __future__ import annotations

import os
from pathlib import Path

from marotte.errors import MarotteError
from marotte.paths import check_writable
from marotte.realtime.outputs import Output

PART = ".part"  # the ending of a take that is not finished


def recording_path(target: str, kind: str) -> Path:
    """Return the path in a spec's target.

    Args:
        target: the spec's text after the colon.
        kind: the spec's first word, for the error message.

    Raises:
        MarotteError: the target is empty, or its folder can't be written to.
    """
    if not target:
        raise MarotteError(f"{kind!r} needs a file: -o {kind}:take.{kind}")
    check_writable(Path(target))
    return Path(target)


class Recorder(Output):
    """Writes to a file from the first frame on; `close` gives the file its name.

    A take without a frame leaves no file. Each piece is written at once and whole, so that a killed
    program loses nothing that was written.

    Attributes:
        path: where the file appears.
        part: where it is until the take ends.
    """

    max_queued_frames = 3600  # a minute: disks are busy now and then

    def __init__(self, path: Path) -> None:
        """Set the path."""
        self.path = path
        self.part = path.with_name(path.name + PART)
        self._handle: int | None = None
        self._n_bytes = 0  # of whole pieces

    def check_free(self) -> None:
        """Refuse to record where another take is being recorded.

        Raises:
            MarotteError: the part exists, and was not saved as an unfinished take.
        """
        if self.part.exists():
            raise MarotteError(
                f"{self.part} is there: another take is being recorded as {self.path}, or this is "
                "another program's file; give another name"
            )

    def header(self) -> bytes:
        """Return the first bytes of the file."""
        return b""

    def write(self, content: bytes) -> None:
        """Append a piece, whole; the first one makes the file.

        Raises:
            MarotteError: the disk is full, or the file can't be written.
        """
        try:
            if self._handle is None:
                self._handle = open_part(self.part)
                self._append(self.header())
            self._append(content)
        except OSError as error:
            raise MarotteError(f"can't write {self.path}: {error.strerror or error}") from error

    def rewrite(self, start: bytes) -> None:
        """Replace the first bytes of the file.

        Raises:
            OSError: the file can't be written.
        """
        handle = self._handle
        assert handle is not None
        os.lseek(handle, 0, os.SEEK_SET)
        _write_all(handle, start)
        os.lseek(handle, self._n_bytes, os.SEEK_SET)

    def close(self) -> None:
        """Close the file and give it its name.

        Raises:
            MarotteError: the file can't be written or renamed.
        """
        if self._handle is None:
            return
        try:
            handle, self._handle = self._handle, None
            os.close(handle)
            self.part.replace(self.path)
        except OSError as error:
            raise MarotteError(f"can't write {self.path}: {error.strerror or error}") from error

    def abandon(self) -> str:
        """Keep the whole pieces under the part's name, and say so."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            try:
                os.ftruncate(handle, self._n_bytes)
            finally:
                os.close(handle)
        if self._n_bytes and self.part.exists():
            return f"what it recorded until then is in {self.part}"
        self.part.unlink(missing_ok=True)
        return ""

    def _append(self, content: bytes) -> None:
        assert self._handle is not None
        _write_all(self._handle, content)
        self._n_bytes += len(content)


def open_part(part: Path) -> int:
    """Make the file of an unfinished take and lock it until it is closed; return its handle.

    Raises:
        OSError: the file exists, or can't be made.
    """
    binary = getattr(os, "O_BINARY", 0)  # Windows
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | binary, 0o666)
    lock(handle)
    return handle


def lock(handle: int) -> None:
    """Lock an open file until it is closed; Windows needs no lock: it renames no open file.

    Raises:
        OSError: another process has locked it.
    """
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _write_all(handle: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]
