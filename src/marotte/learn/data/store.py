"""The corpus store: utterances and labels in, a folder of Parquet files out, and back.

```
audio/<part>.parquet                  utterances: FLAC bytes, text, phones with times
labels/<teacher>/<part>.parquet       that part's curves by one teacher
```

A part is named, for example, `queen-00000`. A part is written completely or not at all, so a build
or labelling run that was killed resumes with the missing parts. Any Parquet reader can read the
files. The folder may be at a URL (`storage.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marotte.errors import MarotteError, missing_extra
from marotte.learn.data.labels import (
    LabelFormat,
    LabelRow,
    Labels,
    LabelStatus,
    LabelWriter,
    read_format,
    read_rows,
    read_status,
)
from marotte.learn.data.schema import ENTRY_COLUMNS, Entry, from_row, schema, to_row
from marotte.learn.data.splits import CorpusSplits, Split
from marotte.learn.data.storage import Storage, open_storage
from marotte.learn.utterance import Utterance
from marotte.names import check_name

BATCH_UTTERANCES = 32  # rows per row group: the rows that a reader has in memory at once


@dataclass(frozen=True)
class ManifestRow:
    """Amount of speech of one speaker."""

    split: Split
    source: str
    language: str
    speaker: str
    utterances: int
    minutes: float


@dataclass(frozen=True)
class Store:
    """A corpus folder. One process writes each part; reading needs no lock.

    Attributes:
        folder: path of the folder, or its URL as text.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from marotte.learn.data.store import Store
        >>> from marotte.learn.utterance import Phone, Utterance
        >>> sound, phones = np.zeros(8_000, np.float32), (Phone("m", 0.1, 0.2),)
        >>> speech = Utterance("mine/me/1", "mine", "me", "en", "", "", sound, 16_000, phones)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = Store(folder)
        ...     store.write_part("mine-00000", [speech])
        ...     [(entry.id, entry.seconds) for entry in store.entries()]
        [('mine/me/1', 0.5)]
    """

    folder: Path | str

    @classmethod
    def open(cls, folder: Path | str) -> Store:
        """Open an existing corpus for reading.

        Raises:
            MarotteError: the folder holds no corpus.
        """
        store = cls(folder)
        if not store.parts():
            raise MarotteError(
                f"{folder} holds no speech (no audio/*.parquet): run `marotte corpus build`"
            )
        return store

    @property
    def storage(self) -> Storage:
        """Storage of the files."""
        return open_storage(self.folder)

    def parts(self) -> list[str]:
        """Return the names of the complete parts, sorted."""
        return self.storage.file_names("audio", ".parquet")

    def labelled_parts(self, teacher: str) -> list[str]:
        """Return the parts with a label file by this teacher, sorted."""
        return self.storage.file_names(_label_folder(teacher), ".parquet")

    def teachers(self) -> list[str]:
        """Return the teachers with label files in this corpus."""
        return [name for name in self.storage.folder_names("labels") if self.labelled_parts(name)]

    def utterances(
        self, parts: Iterable[str] | None = None, ids: Container[str] | None = None
    ) -> Iterator[Utterance]:
        """Read utterances with their sound; one batch of rows is in memory at a time.

        Args:
            parts: parts to read; all by default.
            ids: ids of the utterances to read; all by default. Other utterances are not decoded.

        Raises:
            MarotteError: a part is missing or damaged.
        """
        for part in self.parts() if parts is None else parts:
            for row in self.rows(part):
                if ids is None or row["id"] in ids:
                    yield from_row(row)

    def entries(self, parts: Iterable[str] | None = None) -> Iterator[Entry]:
        """Read the metadata of utterances; fast, as it skips their sound."""
        for part in self.parts() if parts is None else parts:
            for row in self.rows(part, ENTRY_COLUMNS):
                yield Entry(**row)

    def rows(self, part: str, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """Read the rows of a part (see `schema.py`), with the given columns or all columns.

        Raises:
            MarotteError: the part is missing or damaged.
        """
        _, pq = _arrow()
        name = _part_file(part)
        if not self.storage.exists(name):
            raise MarotteError(f"{self.folder} has no part {part!r}: its parts are {self.parts()}")
        with self._reading(name) as source, pq.ParquetFile(source) as file:
            for batch in file.iter_batches(BATCH_UTTERANCES, columns=columns):
                yield from batch.to_pylist()

    def write_part(self, part: str, utterances: Sequence[Utterance]) -> None:
        """Write a part; the sound is stored as 16-bit FLAC."""
        pa, pq = _arrow()
        table = pa.Table.from_pylist([to_row(each) for each in utterances], schema=schema(pa))
        with self.storage.replacing(_part_file(part)) as path:
            # FLAC does not compress further, and its bytes need no dictionary or statistics.
            compression = {column: "zstd" for column in table.column_names} | {"flac": "none"}
            pq.write_table(
                table,
                path,
                row_group_size=BATCH_UTTERANCES,
                compression=compression,
                use_dictionary=["source", "speaker", "language", "licence"],
                write_statistics=False,
            )

    @contextmanager
    def label_writer(self, teacher: str, part: str, format: LabelFormat) -> Iterator[LabelWriter]:
        """Write one teacher's labels of a part; they replace the old labels after the block."""
        _arrow()
        with self.storage.replacing(_label_file(teacher, part)) as path:
            writer = LabelWriter(path, format)
            try:
                yield writer
            finally:
                writer.close()

    def labels(self, teacher: str, part: str) -> Labels:
        """Read one teacher's curves for a part.

        Raises:
            MarotteError: there are no such labels, or their file is damaged.
        """
        format, curves, left_out = self.label_format(teacher, part), {}, {}
        for id, each, reason in self.label_rows(teacher, part):
            if reason is None:
                curves[id] = each
            else:
                left_out[id] = reason
        return Labels(curves, format.fps, format.names, format.provenance, left_out)

    def label_rows(self, teacher: str, part: str) -> Iterator[LabelRow]:
        """Read one teacher's labels of a part row by row, see `labels.read_rows`."""
        with self._reading(self._existing_labels(teacher, part)) as source:
            yield from read_rows(source)

    def label_format(self, teacher: str, part: str) -> LabelFormat:
        """Read the metadata of one teacher's labels of a part."""
        with self._reading(self._existing_labels(teacher, part)) as source:
            return read_format(source)

    def version_of(self, teacher: str) -> str:
        """Return the version of a teacher's labels; empty if there are none.

        Raises:
            MarotteError: the labels are by several versions, whose curves differ.
        """
        parts = self.labelled_parts(teacher)
        versions = Counter(self.label_format(teacher, part).version for part in parts)
        if len(versions) > 1:
            counts = ", ".join(f"version {version}: {n} parts" for version, n in versions.items())
            raise MarotteError(
                f"{self.folder} holds labels by several versions of the teacher {teacher!r} "
                f"({counts}): run `marotte label {self.folder} --again` with that teacher"
            )
        return next(iter(versions), "")

    def label_status(self, teacher: str, part: str) -> LabelStatus | None:
        """Read which utterances of a part a teacher has processed; None if there is no file."""
        _arrow()
        if not self.storage.exists(_label_file(teacher, part)):
            return None
        with self._reading(_label_file(teacher, part)) as source:
            return read_status(source)

    def splits(self, *, announce: bool = False) -> CorpusSplits:
        """Return what splits the utterances are in; of own recordings, a share validates.

        Args:
            announce: whether to say which share that is, as a warning.
        """
        return CorpusSplits(self.entries(), announce=announce)

    def manifest(self) -> list[ManifestRow]:
        """Return the split and the amount of speech of each speaker, sorted."""
        seconds: dict[tuple[Split, str, str, str], list[float]] = {}
        splits = self.splits()
        for entry in self.entries():
            key = (splits.of(entry), entry.source, entry.language, entry.speaker)
            seconds.setdefault(key, []).append(entry.seconds)
        return [
            ManifestRow(*key, utterances=len(each), minutes=sum(each) / 60)
            for key, each in sorted(seconds.items())
        ]

    def remove_leftovers(self, *folders: str) -> None:
        """Delete the unfinished files of killed processes; files being written stay.

        Args:
            folders: subfolders to clean, relative to the store's folder.
        """
        for folder in folders:
            self.storage.remove_leftovers(folder)

    def _existing_labels(self, teacher: str, part: str) -> str:
        """Return the name of a label file, which must exist."""
        _arrow()
        if not self.storage.exists(_label_file(teacher, part)):
            raise MarotteError(
                f"{self.folder} has no labels by {teacher!r} for the part {part!r}; "
                f"it has labels by {self.teachers()}: run `marotte label` first"
            )
        return _label_file(teacher, part)

    @contextmanager
    def _reading(self, name: str) -> Iterator[Any]:
        """Open a file; errors of the Parquet reader name the file and say what to do."""
        import pyarrow

        try:
            with self.storage.reading(name) as source:
                yield source
        except (pyarrow.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise MarotteError(
                f"{self.storage.location(name)} is damaged or is not a file of a Marotte corpus "
                f"({error}): delete it and run the same command again"
            ) from error


def _part_file(part: str) -> str:
    return f"audio/{check_name(part, 'a part')}.parquet"


def _label_file(teacher: str, part: str) -> str:
    return f"{_label_folder(teacher)}/{check_name(part, 'a part')}.parquet"


def _label_folder(teacher: str) -> str:
    return f"labels/{check_name(teacher, 'a teacher')}"


def _arrow() -> tuple[Any, Any]:
    """Return the modules pyarrow and pyarrow.parquet."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise missing_extra("pyarrow", "train") from error
    return pyarrow, pyarrow.parquet
