"""One training at a time in a run's folder: a lock that says who holds it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from marotte.errors import MarotteError
from marotte.learn.train.distributed import rank
from marotte.paths import make_folder, remove_leftovers

LOCK_FILE = "training.lock"  # in the folder of a run, while it is trained
_FAR = 1 << 20  # the byte that Windows locks: what it locks can't be read


@contextmanager
def run_lock(folder: Path) -> Generator[None]:
    """Hold a run's folder in the block; the system lets go of it when the process is killed.

    Temporary files that killed trainings left in the folder are removed. Of several processes that
    train together, the first one holds the lock.

    Raises:
        MarotteError: another training holds the folder; the message says which.

    Example:
        >>> from pathlib import Path
        >>> from marotte.learn.train.run_lock import run_lock
        >>> with run_lock(Path("run")):
        ...     print(Path("run/training.lock").read_text().split()[0])
        process
        >>> Path("run/training.lock").exists()
        False
    """
    if rank():
        yield
        return
    make_folder(folder)
    path = folder / LOCK_FILE
    handle = _locked(path)
    try:
        os.ftruncate(handle, 0)
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        os.write(
            handle, f"process {os.getpid()} on {socket.gethostname()} since {since}\n".encode()
        )
        remove_leftovers(folder)
        yield
    finally:
        with suppress(OSError):  # Windows does not remove open files
            path.unlink()
        os.close(handle)
        with suppress(OSError):
            if os.name == "nt":
                path.unlink()


def _locked(path: Path) -> int:
    """Open and lock a file; return its handle.

    Raises:
        MarotteError: another process has locked it, or it can't be made.
    """
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise MarotteError(f"can't make {path}: {error.strerror or error}") from error
        try:
            _lock(handle)
        except OSError as error:
            os.close(handle)
            holder = path.read_text(errors="replace").strip() if path.exists() else ""
            raise MarotteError(
                f"{path.parent} is being trained by {holder or 'another process'}: wait until it "
                "ends, or train into another folder with -o"
            ) from error
        if os.name == "nt" or os.fstat(handle).st_nlink:
            return handle
        os.close(handle)  # its last holder removed it in the meantime


def _lock(handle: int) -> None:
    """Lock an open file until it is closed.

    Raises:
        OSError: another process has locked it.
    """
    if os.name == "nt":
        import msvcrt

        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
