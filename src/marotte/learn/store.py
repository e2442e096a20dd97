"""Utterances and their labels, in and out of a corpus folder of Parquet files.

```
audio/<part>.parquet                  utterances: FLAC bytes, text, phones with times
labels/<teacher>/<part>.parquet       that part's curves by one teacher
```

A part is named, for example, `queen-00000` and is written whole or not at all, so that a build or a
labelling run that was killed goes on with the parts that are missing. Any Parquet reader
understands the files.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.files import replacing
from marotte.learn.rows import ENTRY_COLUMNS, Entry, from_row, schema, to_row
from marotte.learn.splits import Split, split_of
from marotte.learn.utterance import Utterance

BATCH_UTTERANCES = 32  # a row group: what a reader holds in memory at once


@dataclass(frozen=True)
class Labels:
    """One teacher's curves for the utterances of one part.

    Attributes:
        curves: by utterance id, [n_frames, n_controls] float16; row k stands at k / fps seconds.
        fps: frames a second.
        names: the controls, one a column.
        provenance: how the curves were made: the teacher's version, settings, weights.
    """

    curves: Mapping[str, NDArray[np.float16]]
    fps: float
    names: tuple[str, ...]
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class ManifestRow:
    """How much one speaker says."""

    split: Split
    source: str
    language: str
    speaker: str
    utterances: int
    minutes: float


@dataclass(frozen=True)
class Store:
    """A corpus folder. Parts are written by one process each; reading needs no lock."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> Store:
        """A store that is there to be read.

        Raises:
            MarotteError: the folder holds no corpus.
        """
        store = cls(Path(folder))
        if not store.parts():
            raise MarotteError(
                f"{folder} holds no speech (no audio/*.parquet): build it by `marotte corpus build`"
            )
        return store

    def parts(self) -> list[str]:
        """The names of the parts that are complete, in order."""
        return _part_names(self.folder / "audio", ".parquet")

    def labelled(self, teacher: str) -> list[str]:
        """The parts that this teacher has labelled."""
        return _part_names(self.folder / "labels" / teacher, ".parquet")

    def teachers(self) -> list[str]:
        """The teachers that have labelled anything here."""
        folders = sorted((self.folder / "labels").glob("*/"))
        return [folder.name for folder in folders if self.labelled(folder.name)]

    def utterances(
        self, parts: Iterable[str] | None = None, only: Container[str] | None = None
    ) -> Iterator[Utterance]:
        """Read utterances with their sound, a batch of rows in memory at a time.

        Args:
            parts: of the corpus, all unless given.
            only: the ids of those to read; the sound of others is not decoded.

        Raises:
            MarotteError: a part is missing or damaged.
        """
        for part in self.parts() if parts is None else parts:
            for row in self._rows(part, columns=None):
                if only is None or row["id"] in only:
                    yield from_row(row)

    def entries(self, parts: Iterable[str] | None = None) -> Iterator[Entry]:
        """Read what is known of the utterances, without their sound: fast."""
        for part in self.parts() if parts is None else parts:
            for row in self._rows(part, ENTRY_COLUMNS):
                yield Entry(**row)

    def write_part(self, part: str, utterances: Sequence[Utterance]) -> None:
        """Write a whole part; the sound is kept as 16-bit FLAC."""
        pa, pq = _arrow()
        table = pa.Table.from_pylist([to_row(each) for each in utterances], schema=schema(pa))
        with replacing(_made(self.folder / "audio") / f"{part}.parquet") as path:
            # FLAC does not shrink further, and its bytes need no dictionary or statistics.
            compression = {column: "zstd" for column in table.column_names} | {"flac": "none"}
            pq.write_table(
                table,
                path,
                row_group_size=BATCH_UTTERANCES,
                compression=compression,
                use_dictionary=["source", "speaker", "language", "licence"],
                write_statistics=False,
            )

    def write_labels(
        self,
        teacher: str,
        part: str,
        curves: Mapping[str, NDArray[np.floating]],
        fps: float,
        names: Sequence[str],
        provenance: Mapping[str, Any],
    ) -> None:
        """Write one teacher's curves [n_frames, n_controls] for the utterances of a part.

        Raises:
            MarotteError: curves of a wrong shape, or values that are not finite.
        """
        pa, pq = _arrow()
        for id, each in curves.items():
            _check_curves(id, each, len(names))
        frames = np.array([len(each) for each in curves.values()], np.int32)
        ends = np.cumsum(frames, dtype=np.int64) * len(names)
        flat = [np.asarray(each, np.float16).ravel() for each in curves.values()]
        said = {"fps": fps, "names": list(names), "provenance": dict(provenance)}
        table = pa.table(
            {
                "id": pa.array(curves.keys(), pa.string()),
                "fps": pa.array(np.full(len(frames), fps, np.float32)),
                "n_frames": pa.array(frames),
                "curves": pa.ListArray.from_arrays(
                    pa.array(np.concatenate([[0], ends]).astype(np.int32)),
                    pa.array(np.concatenate([np.zeros(0, np.float16), *flat])),
                ),
            },
            metadata={key: json.dumps(value) for key, value in said.items()},
        )
        with replacing(_made(self.folder / "labels" / teacher) / f"{part}.parquet") as path:
            pq.write_table(table, path, compression="zstd", use_dictionary=False)

    def labels(self, teacher: str, part: str) -> Labels:
        """Read one teacher's curves for a part.

        Raises:
            MarotteError: there are none, or the file is damaged.
        """
        _, pq = _arrow()
        path = self.folder / "labels" / teacher / f"{part}.parquet"
        if not path.is_file():
            raise MarotteError(
                f"{self.folder} has no labels by {teacher!r} for the part {part!r} "
                f"(it has labels by {self.teachers()}): run `marotte label` first"
            )
        with _named(path):
            table = pq.read_table(path)
        metadata = table.schema.metadata or {}
        said = {key: json.loads(metadata[key.encode()]) for key in ("fps", "names", "provenance")}
        rows = table.column("curves").combine_chunks()
        values: NDArray[np.float16] = rows.flatten().to_numpy(zero_copy_only=False)
        bounds = rows.offsets.to_numpy()
        curves = {
            id: values[first:last].reshape(-1, len(said["names"]))
            for id, first, last in zip(
                table.column("id").to_pylist(), bounds[:-1], bounds[1:], strict=True
            )
        }
        return Labels(curves, said["fps"], tuple(said["names"]), said["provenance"])

    def manifest(self) -> list[ManifestRow]:
        """How much speech there is of each speaker, and in which split."""
        seconds: dict[tuple[Split, str, str, str], list[float]] = {}
        for entry in self.entries():
            key = (split_of(entry), entry.source, entry.language, entry.speaker)
            seconds.setdefault(key, []).append(entry.seconds)
        return [
            ManifestRow(*key, utterances=len(each), minutes=sum(each) / 60)
            for key, each in sorted(seconds.items())
        ]

    def remove_leftovers(self, *folders: str) -> None:
        """Delete the unfinished files of a run that was killed.

        Args:
            folders: where to look, below the store's folder; no other process may write there.
        """
        for folder in folders:
            for leftover in (self.folder / folder).glob(".*-*"):
                leftover.unlink(missing_ok=True)

    def _rows(self, part: str, columns: list[str] | None) -> Iterator[dict[str, Any]]:
        _, pq = _arrow()
        path = self.folder / "audio" / f"{part}.parquet"
        if not path.is_file():
            raise MarotteError(f"{self.folder} has no part {part!r}: it has {self.parts()}")
        with _named(path), pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH_UTTERANCES, columns=columns):
                yield from batch.to_pylist()


def _arrow() -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise missing_extra("pyarrow", "train") from error
    return pyarrow, pyarrow.parquet


def _check_curves(id: str, curves: NDArray[np.floating], n_controls: int) -> None:
    if curves.ndim != 2 or curves.shape[1] != n_controls:
        raise MarotteError(
            f"the labels of {id} have the shape {curves.shape}: give [n_frames, {n_controls}], "
            "one column a control"
        )
    if not np.isfinite(curves).all():
        raise MarotteError(f"the labels of {id} hold NaN or Inf: mend the teacher that made them")


def _part_names(folder: Path, ending: str) -> list[str]:
    # Unfinished files begin with a dot, which this pattern leaves out on every system.
    return sorted(path.name[: -len(ending)] for path in folder.glob(f"[!.]*{ending}"))


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MarotteError(f"can't make the folder {folder}: {error.strerror or error}") from error
    return folder


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let an error of the Parquet reader name the file and the way out."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, KeyError) as error:
        raise MarotteError(
            f"{path} is damaged or is not a file of a Marotte corpus ({error}): "
            "delete it and run the same command again"
        ) from error
