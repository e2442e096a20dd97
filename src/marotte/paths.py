"""Writing files whole or not at all, and the folder for files that can be made again."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from marotte.errors import MarotteError, missing_extra

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LEFTOVER_AGE_S = 3600.0
PARTIAL_FOLDER = ".marotte-partial"
NAME_BYTES = 255  # the longest name of a file on all common systems
_TEMPORARY_NAME = re.compile(r"\..*\.marotte-[0-9a-f]{16}(\.[^.]*)?", re.DOTALL)


def check_writable(path: Path) -> None:
    """Refuse a path whose folder is missing or not writable, before any work is done.

    Raises:
        MarotteError: says which folder can't be used, and why.
    """
    folder = path.parent
    if not os.path.isdir(folder):  # `Path.is_dir` raises where a name is too long
        raise MarotteError(f"the folder {folder} does not exist: create it, or write elsewhere")
    if len(os.fsencode(path.name)) > NAME_BYTES:
        raise MarotteError(f"can't write {path}: give a name of at most {NAME_BYTES} bytes")
    if path.is_dir():
        raise MarotteError(f"{path} is a folder: give a file name to write to")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise MarotteError(f"can't write into {folder}: {error.strerror or error}") from error


def make_folder(folder: Path) -> None:
    """Make a folder, with the folders above it; it may exist already.

    Raises:
        MarotteError: the folder can't be made.

    Example:
        >>> from pathlib import Path
        >>> from marotte.paths import make_folder
        >>> make_folder(Path("out/faces"))
        >>> Path("out/faces").is_dir()
        True
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MarotteError(f"can't make the folder {folder}: {error.strerror or error}") from error


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Yield a temporary path in the same folder; move it to `path` when the block succeeds.

    The temporary name begins with a dot, contains `.marotte-` and keeps the ending of `path`. When
    the block fails or is interrupted, the temporary file is removed and an older file at `path`
    stays as it was. When the process is killed, `remove_leftovers` finds the temporary file. In the
    block, `replacing` of the temporary path yields that path, so that writers of files can be
    nested and an error names `path`.

    Raises:
        MarotteError: the folder can't be written to, or the disk is full.

    Example:
        >>> from pathlib import Path
        >>> from marotte.paths import replacing
        >>> with replacing(Path("note.txt")) as temporary:
        ...     _ = temporary.write_text("whole")
        >>> Path("note.txt").read_text()
        'whole'
    """
    if _TEMPORARY_NAME.fullmatch(path.name):  # it replaces a file that the caller has named
        yield path
        return
    check_writable(path)
    try:
        with _temporary_file(path) as temporary:
            yield temporary
            temporary.replace(path)
    except OSError as error:
        raise MarotteError(f"can't write {path}: {error.strerror or error}") from error


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that killed runs of `replacing` left in a folder.

    Files that are being written, by whatever process, stay, and so does every file of another name
    or of another user.

    Example:
        >>> from pathlib import Path
        >>> from marotte.paths import make_folder, remove_leftovers
        >>> make_folder(Path("out"))
        >>> for name in (".face.marotte-0123456789abcdef.csv", ".my-notes.csv"):
        ...     _ = Path("out", name).write_text("")
        >>> remove_leftovers(Path("out"))
        >>> [path.name for path in Path("out").glob(".*")]
        ['.my-notes.csv']
    """
    try:
        paths = [each for each in folder.iterdir() if _TEMPORARY_NAME.fullmatch(each.name)]
    except OSError:  # no such folder, or it can't be read: then nothing can be removed
        return
    for path in paths:
        with suppress(OSError):  # another process writes it or has just removed it
            if _is_ours(path):
                _remove_unused(path)


@contextmanager
def _temporary_file(path: Path) -> Generator[Path]:
    """Make an empty file beside `path`; remove it after the block, unless it was moved.

    It is locked until then, so that `remove_leftovers` of another process leaves it alone.
    """
    while True:
        temporary = _temporary_path(path)
        # The system subtracts the umask from this mode, as for any new file.
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        if fcntl is None:  # Windows does not move open files
            os.close(handle)
            break
        with suppress(OSError):  # a file system without locks: `remove_leftovers` does nothing
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            break
        os.close(handle)  # another process removed it before it was locked
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        if fcntl is not None:
            os.close(handle)


def _temporary_path(path: Path) -> Path:
    """Return a new hidden name beside `path` which `remove_leftovers` knows."""
    ending = f".marotte-{secrets.token_hex(8)}{path.suffix}"
    stem = os.fsencode(path.stem)[: max(0, NAME_BYTES - len(os.fsencode(ending)) - 1)]
    return path.with_name(f".{os.fsdecode(stem)}{ending}")


@contextmanager
def partial_folder(folder: Path) -> Generator[Path]:
    """Make a hidden folder for what is being written; remove it, and those of killed runs.

    It lies in `folder`, so that what is finished can be moved into place at once.

    Raises:
        MarotteError: the folder can't be made.

    Example:
        >>> from pathlib import Path
        >>> from marotte.paths import make_folder, partial_folder
        >>> make_folder(Path("out"))
        >>> with partial_folder(Path("out")) as unfinished:
        ...     unfinished.is_dir()
        True
        >>> list(Path("out").glob(".*"))
        []
    """
    parent = folder / PARTIAL_FOLDER
    make_folder(parent)
    for leftover in list(parent.iterdir()):
        with suppress(OSError):  # another run uses it, or removes it at the same time
            _remove_unused(leftover)
    path, handle = _locked_folder(parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if handle is not None:
            os.close(handle)
        with suppress(OSError):  # another run has files there
            parent.rmdir()


def _locked_folder(parent: Path) -> tuple[Path, int | None]:
    """Make a folder that `_remove_unused` of other processes leaves alone, and its open handle."""
    while True:
        make_folder(parent)
        path = Path(tempfile.mkdtemp(dir=parent))
        if fcntl is None:
            return path, None
        handle = os.open(path, os.O_RDONLY)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        if path.exists():
            return path, handle
        os.close(handle)  # another process removed it before it was locked


def _is_ours(path: Path) -> bool:
    """Return whether a path is a plain file of this user."""
    status = path.lstat()
    ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return ours and stat.S_ISREG(status.st_mode)


def _remove_unused(path: Path) -> None:
    """Delete a temporary file or folder that no process holds.

    Raises:
        OSError: a process holds it.
    """
    if fcntl is None:  # Windows keeps open files, and a file may be closed for a moment
        if time.time() - path.stat().st_mtime > LEFTOVER_AGE_S:
            _delete(path)
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _delete(path)
    finally:
        os.close(handle)


def _delete(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def cache_folder() -> Path:
    """Return the cache folder: `MAROTTE_CACHE` if it is set, else the system's usual place."""
    if chosen := os.environ.get("MAROTTE_CACHE"):
        return Path(chosen)
    try:
        import platformdirs
    except ImportError as error:
        raise missing_extra("platformdirs", "train") from error
    return platformdirs.user_cache_path("marotte", appauthor=False)
