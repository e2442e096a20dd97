"""Writing files whole or not at all, and the folder for files that can be made again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from marotte.errors import MarotteError, missing_extra


def check_writable(path: Path) -> None:
    """Refuse a path whose folder is missing or not writable, before any work is done.

    Raises:
        MarotteError: says which folder can't be used, and why.
    """
    folder = path.parent
    if not folder.is_dir():
        raise MarotteError(f"the folder {folder} does not exist: create it, or write elsewhere")
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

    The temporary name keeps the ending of `path`. When the block fails or is interrupted, the
    temporary file is removed and an older file at `path` stays as it was.

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
    check_writable(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; outputs get the mode of any new file.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        raise MarotteError(f"can't write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def cache_folder() -> Path:
    """Return the cache folder: `MAROTTE_CACHE` if it is set, else the system's usual place."""
    if chosen := os.environ.get("MAROTTE_CACHE"):
        return Path(chosen)
    try:
        import platformdirs
    except ImportError as error:
        raise missing_extra("platformdirs", "train") from error
    return platformdirs.user_cache_path("marotte", appauthor=False)
