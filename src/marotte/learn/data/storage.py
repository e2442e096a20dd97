"""Storage of a corpus: a folder or a URL (`s3://`, `gs://`, `memory://`) in, its files out.

Only this module distinguishes folders from URLs, which fsspec opens. In both, files appear complete
or not at all: a local file is written under a temporary name and then renamed; a remote file is
uploaded in one request, which an object store shows once it is complete.
"""

from __future__ import annotations

import functools
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from marotte.errors import MarotteError, missing_extra
from marotte.paths import remove_leftovers, replacing


class Storage(ABC):
    """A folder of files; their names are relative paths, separated by `/`."""

    @abstractmethod
    def file_names(self, folder: str, ending: str) -> list[str]:
        """Return the names of a folder's complete files with an ending, without it, sorted."""

    @abstractmethod
    def folder_names(self, folder: str) -> list[str]:
        """Return the names of a folder's direct subfolders, sorted."""

    @abstractmethod
    def location(self, name: str) -> str:
        """Return a file's full path or URL, for messages."""

    @abstractmethod
    def exists(self, name: str) -> bool:
        """Return whether a file exists."""

    @abstractmethod
    def reading(self, name: str) -> AbstractContextManager[Path | IO[bytes]]:
        """Open a file for pyarrow to read."""

    @abstractmethod
    def replacing(self, name: str) -> AbstractContextManager[Path]:
        """Give a temporary local path; its file replaces `name` after the block."""

    @abstractmethod
    def remove_leftovers(self, folder: str) -> None:
        """Delete the unfinished files of killed processes; files being written stay."""


def is_url(folder: Path | str) -> bool:
    """Return whether a corpus is at a URL.

    Example:
        >>> from marotte.learn.data.storage import is_url
        >>> is_url("s3://bucket/corpus"), is_url("corpus")
        (True, False)
    """
    return "://" in str(folder)


@functools.cache
def open_storage(folder: Path | str) -> Storage:
    """Open the storage at a path, or at a URL given as text.

    Raises:
        MarotteError: the URL can't be opened.
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
    except ImportError as error:  # each protocol needs its own package
        raise MarotteError(f"can't open {folder}: {error}") from error
    except ValueError as error:
        raise MarotteError(
            f"can't open {folder}: {error}; give a folder, or a URL that fsspec knows"
        ) from error
    return RemoteStorage(fs, root, str(folder).rstrip("/"))


class LocalStorage(Storage):
    """A folder on this machine, or on a file system that all machines share."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file_names(self, folder: str, ending: str) -> list[str]:
        """See `Storage.file_names`."""
        # Unfinished files begin with a dot. This pattern excludes them on every system.
        paths = (self.root / folder).glob(f"[!.]*{ending}")
        return sorted(path.name[: -len(ending)] for path in paths)

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
            reason = error.strerror or error
            raise MarotteError(f"can't create the folder {path.parent}: {reason}") from error
        with replacing(path) as temporary:
            yield temporary

    def remove_leftovers(self, folder: str) -> None:
        """See `Storage.remove_leftovers`."""
        remove_leftovers(self.root / folder)


class RemoteStorage(Storage):
    """A folder on an fsspec file system, for example a prefix in a bucket."""

    def __init__(self, fs: Any, root: str, url: str) -> None:
        self.fs, self.root, self.url = fs, root.rstrip("/"), url

    def file_names(self, folder: str, ending: str) -> list[str]:
        """See `Storage.file_names`."""
        names = (PurePosixPath(path).name for path, _ in self._list(folder))
        return sorted(n[: -len(ending)] for n in names if n.endswith(ending) and n[0] != ".")

    def folder_names(self, folder: str) -> list[str]:
        """See `Storage.folder_names`."""
        entries = self._list(folder)
        return sorted(PurePosixPath(path).name for path, kind in entries if kind == "directory")

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
        """Do nothing: unfinished files are in each machine's temporary folder."""

    def _list(self, folder: str) -> list[tuple[str, str]]:
        """Return the path and type of each entry of a folder."""
        self.fs.invalidate_cache()  # other machines write here too
        try:
            entries = self.fs.ls(f"{self.root}/{folder}".rstrip("/"), detail=True)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise MarotteError(f"can't read {self.url}: {error}") from error
        return [(each["name"].rstrip("/"), each["type"]) for each in entries]
