"""Disks that fail, for tests of everything that writes files."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def full_disk(n_bytes: int = 100) -> Generator[None]:
    """Let files grow to some bytes only; further writes fail, as on a full disk, in any library."""
    if sys.platform == "win32":
        pytest.skip("Windows has no limit of the size of files")
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def failing_moves(number: int, *, folder_gone: bool = False) -> Generator[None]:
    """Let finished files fail to get their names, with an error of the system.

    Args:
        number: the error, e.g. `errno.EIO`.
        folder_gone: whether the folder is deleted at that moment instead.
    """
    replace = Path.replace

    def fail(path: Path, target: Path) -> Path:
        if folder_gone:
            shutil.rmtree(path.parent)
            return replace(path, target)
        raise OSError(number, os.strerror(number))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        yield


DISKS = {
    "full": full_disk,
    "broken": lambda: failing_moves(errno.EIO),
    "read-only": lambda: failing_moves(errno.EROFS),
    "gone": lambda: failing_moves(0, folder_gone=True),
}
"""What can happen to a disk while a file is written."""
REASONS = (
    "File too large|Input/output error|Read-only file system|No such file or directory|System error"
)


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the content of all files below a folder, hidden ones too."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
