"""One teacher's labels of one part: a Parquet file, written and read a few utterances at a time.

A row is an utterance that is settled: it has curves, or a reason why the teacher left it out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError

GROUP_UTTERANCES = 32
GROUP_VALUES = 4_000_000  # float16 numbers: 8 MB, twenty minutes of 52 controls at 60 fps


@dataclass(frozen=True)
class LabelFormat:
    """What the rows of a file of labels mean.

    Attributes:
        fps: frames a second; row k of an utterance's curves stands at k / fps seconds.
        names: the controls, one a column.
        provenance: how the curves were made: the teacher's version, settings, weights.
    """

    fps: float
    names: tuple[str, ...]
    provenance: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The version of the teacher."""
        return str(self.provenance.get("version", "unknown"))

    def metadata(self) -> dict[str, str]:
        """The format as the metadata of a Parquet schema."""
        said = {"fps": self.fps, "names": list(self.names), "provenance": dict(self.provenance)}
        return {key: json.dumps(value) for key, value in said.items()}

    @classmethod
    def from_schema(cls, schema: Any) -> LabelFormat:
        """The format from the schema of a Parquet file.

        Raises:
            KeyError: the file is of something else.
        """
        metadata = schema.metadata or {}
        said = {key: json.loads(metadata[key.encode()]) for key in ("fps", "names", "provenance")}
        return cls(said["fps"], tuple(said["names"]), said["provenance"])


@dataclass(frozen=True)
class Labels:
    """One teacher's curves for the utterances of one part.

    Attributes:
        curves: by utterance id, [n_frames, n_controls] float16; row k stands at k / fps seconds.
        fps: frames a second.
        names: the controls, one a column.
        provenance: how the curves were made: the teacher's version, settings, weights.
        left_out: by utterance id, why the teacher gave it no curves.
    """

    curves: Mapping[str, NDArray[np.float16]]
    fps: float
    names: tuple[str, ...]
    provenance: Mapping[str, Any]
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelStatus:
    """Which utterances of a part a teacher is done with, and by which version.

    Attributes:
        version: the teacher's.
        labelled: the ids of those that have curves.
        left_out: the ids of those it gave none, and why.
    """

    version: str
    labelled: frozenset[str]
    left_out: Mapping[str, str]


class LabelWriter:
    """Writes labels as they come, and holds a row group of them at most."""

    def __init__(self, path: Path, format: LabelFormat) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._format = format
        columns = {"id": pa.string(), "fps": pa.float32(), "n_frames": pa.int32()}
        columns |= {"curves": pa.list_(pa.float16()), "left_out": pa.string()}
        self._schema = pa.schema(columns, metadata=format.metadata())
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd", use_dictionary=False)
        self._rows: list[tuple[str, NDArray[np.float16], str | None]] = []

    def add(self, id: str, curves: NDArray[np.floating]) -> None:
        """Write an utterance's curves [n_frames, n_controls].

        Raises:
            MarotteError: they have another shape, or hold values that are not finite.
        """
        check_curves(id, curves, len(self._format.names))
        self._append(id, np.asarray(curves, np.float16), None)

    def leave_out(self, id: str, reason: str) -> None:
        """Write why an utterance has no curves."""
        self._append(id, np.zeros((0, len(self._format.names)), np.float16), reason)

    def copy(self, id: str, curves: NDArray[np.float16], reason: str | None) -> None:
        """Write a row as it was read."""
        self._append(id, curves, reason)

    def close(self) -> None:
        """Write what is still held, and end the file."""
        self._flush()
        self._file.close()

    def _append(self, id: str, curves: NDArray[np.float16], reason: str | None) -> None:
        self._rows.append((id, curves, reason))
        values = sum(curves.size for _, curves, _ in self._rows)
        if len(self._rows) >= GROUP_UTTERANCES or values >= GROUP_VALUES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._rows:
            return
        ids, curves, reasons = zip(*self._rows, strict=True)
        frames = np.array([len(each) for each in curves], np.int32)
        ends = np.cumsum(frames, dtype=np.int64) * len(self._format.names)
        arrays = [
            pa.array(ids, pa.string()),
            pa.array(np.full(len(ids), self._format.fps, np.float32)),
            pa.array(frames),
            pa.ListArray.from_arrays(
                pa.array(np.concatenate([[0], ends]).astype(np.int32)),
                pa.array(np.concatenate([each.ravel() for each in curves])),
            ),
            pa.array(reasons, pa.string()),
        ]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()


LabelRow = tuple[str, NDArray[np.float16], str | None]


def read_rows(source: Path | IO[bytes]) -> Iterator[LabelRow]:
    """Each utterance's id, curves [n_frames, n_controls], and why it was left out if it was."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        n_controls = len(LabelFormat.from_schema(file.schema_arrow).names)
        for batch in file.iter_batches(GROUP_UTTERANCES):
            rows = batch.column("curves")
            values = rows.values.to_numpy(zero_copy_only=False)
            bounds = rows.offsets.to_numpy()
            ids = batch.column("id").to_pylist()
            for id, first, last, reason in zip(
                ids, bounds[:-1], bounds[1:], _reasons(batch), strict=True
            ):
                yield id, values[first:last].reshape(-1, n_controls), reason


def read_format(source: Path | IO[bytes]) -> LabelFormat:
    """What the rows of a file mean."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        return LabelFormat.from_schema(file.schema_arrow)


def read_status(source: Path | IO[bytes]) -> LabelStatus:
    """The ids a file holds, without their curves: fast."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        format = LabelFormat.from_schema(file.schema_arrow)
        columns = [name for name in ("id", "left_out") if name in file.schema_arrow.names]
        table = file.read(columns)
    reasons = dict(zip(table.column("id").to_pylist(), _reasons(table), strict=True))
    labelled = frozenset(id for id, reason in reasons.items() if reason is None)
    left_out = {id: reason for id, reason in reasons.items() if reason is not None}
    return LabelStatus(format.version, labelled, left_out)


def check_curves(id: str, curves: NDArray[np.floating], n_controls: int) -> None:
    """Refuse curves that can't be an utterance's labels.

    Raises:
        MarotteError: they have another shape, or hold values that are not finite.
    """
    if curves.ndim != 2 or curves.shape[1] != n_controls:
        raise MarotteError(
            f"the labels of {id} have the shape {curves.shape}: give [n_frames, {n_controls}], "
            "one column a control"
        )
    if not np.isfinite(curves).all():
        raise MarotteError(f"the labels of {id} hold NaN or Inf: mend the teacher that made them")


def _reasons(rows: Any) -> Sequence[str | None]:
    if "left_out" in rows.schema.names:
        return rows.column("left_out").to_pylist()
    return [None] * rows.num_rows  # written before reasons were kept
