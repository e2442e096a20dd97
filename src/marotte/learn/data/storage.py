"""Where a corpus lies: a local folder, or a URL that fsspec opens (`s3://`, `gs://`, `memory://`).

The one home of the difference. In both, files appear whole or not at all: locally they are written
beside their place and moved into it, behind a URL they are uploaded at once, which an object store
shows when it is complete.
"""

from __future__ import annotations

import functools
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

from marotte.errors import MarotteError, missing_extra
from marotte.paths import replacing


class Storage(ABC):
    """A folder of files, whose names are given relative to it with `/` between."""

    @abstractmethod
    def file_names(self, folder: str, ending: str) -> list[str]:
        """The complete files directly in a folder by their ending, without it, in order."""

    @abstractmethod
    def folder_names(self, folder: str) -> list[str]:
        """The folders directly in a folder, in order."""

    @abstractmethod
    def location(self, name: str) -> str:
        """A file's whole path or URL, as a person knows it."""

    @abstractmethod
    def exists(self, name: str) -> bool:
        """Whether there is such a file."""

    @abstractmethod
    def reading(self, name: str) -> AbstractContextManager[Path | IO[bytes]]:
        """Open a file to be read by pyarrow."""

    @abstractmethod
    def replacing(self, name: str) -> AbstractContextManager[Path]:
        """Give a temporary local path; what is written there stands at `name` after the block."""

    @abstractmethod
    def remove_leftovers(self, folder: str) -> None:
        """Delete the unfinished files of processes that were killed; those at work keep theirs."""


def is_url(folder: Path | str) -> bool:
    """Whether a corpus lies behind a URL."""
    return "://" in str(folder)


@functools.cache
def open_storage(folder: Path | str) -> Storage:
    """The place of a path, or of a URL given as text.

    Raises:
        MarotteError: the URL can't be opened here.
    """
    if not is_url(folder):
        return LocalStorage(Path(folder))
    if str(folder).startswith("file://"):
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        return LocalStorage(Path(url2pathname(urlsplit(str(folder)).path)))
    try:
        import fsspec
    except ImportError as error:
        raise missing_extra("fsspec", "cluster") from error
    try:
        fs, root = fsspec.core.url_to_fs(str(folder))
    except ImportError as error:  # each protocol has a package of its own
        raise MarotteError(f"can't open {folder}: {error}") from error
    except ValueError as error:
        raise MarotteError(
            f"can't open {folder}: {error}; give a folder, or a URL that fsspec knows"
        ) from error
    return RemoteStorage(fs, root, str(folder).rstrip("/"))


class LocalStorage(Storage):
    """A folder of this machine, or of a file system that all machines share."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file_names(self, folder: str, ending: str) -> list[str]:
        """See `Storage.file_names`."""
        # Unfinished files begin with a dot, which this pattern leaves out on every system.
        found = (self.root / folder).glob(f"[!.]*{ending}")
        return sorted(path.name[: -len(ending)] for path in found)

    def folder_names(self, folder: str) -> list[str]:
        """See `Storage.folder_names`."""
        return sorted(path.name for path in (self.root / folder).glob("*") if path.is_dir())

    def location(self, name: str) -> str:
        """See `Storage.location`."""
        return str(self.root / name)

    def exists(self, name: str) -> bool:
        """See `Storage.exists`."""
        return (self.root / name).is_file()

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """See `Storage.reading`."""
        yield self.root / name

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """See `Storage.replacing`."""
        path = self.root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = error.strerror or error
            raise MarotteError(f"can't make the folder {path.parent}: {why}") from error
        with replacing(path) as temporary, _at_work(temporary):
            yield temporary

    def remove_leftovers(self, folder: str) -> None:
        """See `Storage.remove_leftovers`."""
        for leftover in (self.root / folder).glob(".*-*"):
            with suppress(OSError), _at_work(leftover):
                leftover.unlink()


class RemoteStorage(Storage):
    """A folder of an fsspec file system, e.g. a bucket's prefix."""

    def __init__(self, fs: Any, root: str, url: str) -> None:
        self.fs, self.root, self.url = fs, root.rstrip("/"), url

    def file_names(self, folder: str, ending: str) -> list[str]:
        """See `Storage.file_names`."""
        found = (PurePosixPath(path).name for path, _ in self._list(folder))
        return sorted(n[: -len(ending)] for n in found if n.endswith(ending) and n[0] != ".")

    def folder_names(self, folder: str) -> list[str]:
        """See `Storage.folder_names`."""
        found = self._list(folder)
        return sorted(PurePosixPath(path).name for path, kind in found if kind == "directory")

    def location(self, name: str) -> str:
        """See `Storage.location`."""
        return f"{self.url}/{name}"

    def exists(self, name: str) -> bool:
        """See `Storage.exists`."""
        return self.fs.isfile(f"{self.root}/{name}")

    @contextmanager
    def reading(self, name: str) -> Iterator[IO[bytes]]:
        """See `Storage.reading`."""
        with self.fs.open(f"{self.root}/{name}", "rb") as file:
            yield file

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """See `Storage.replacing`."""
        with tempfile.TemporaryDirectory(prefix="marotte-") as folder:
            temporary = Path(folder) / PurePosixPath(name).name
            yield temporary
            try:
                self.fs.put_file(str(temporary), f"{self.root}/{name}")
            except OSError as error:
                raise MarotteError(f"can't write {self.location(name)}: {error}") from error

    def remove_leftovers(self, folder: str) -> None:
        """Nothing: unfinished files lie in the machine's own temporary folder."""

    def _list(self, folder: str) -> list[tuple[str, str]]:
        self.fs.invalidate_cache()  # other machines write here too
        try:
            found = self.fs.ls(f"{self.root}/{folder}".rstrip("/"), detail=True)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise MarotteError(f"can't read {self.url}: {error}") from error
        return [(each["name"].rstrip("/"), each["type"]) for each in found]


@contextmanager
def _at_work(path: Path) -> Iterator[None]:
    """Mark an unfinished file as being written, until the block or the process ends.

    Raises:
        OSError: somebody else is at work on it. (Windows does not let a file be deleted that is
            open, which does as well.)
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
