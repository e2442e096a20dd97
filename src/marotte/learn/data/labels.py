"""Label files: one teacher's labels of one part, a Parquet file read and written in row groups.

Each row is an utterance that the teacher has processed. It holds curves, or the reason why the
teacher left the utterance out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from marotte.config import parse_json
from marotte.errors import MarotteError

GROUP_UTTERANCES = 32
GROUP_VALUES = 4_000_000  # float16 numbers: 8 MB, 20 minutes of 52 controls at 60 fps


@dataclass(frozen=True)
class LabelFormat:
    """Metadata of a label file.

    Attributes:
        fps: frames per second; row k of an utterance's curves is the face at k / fps seconds.
        names: the controls, one per column.
        provenance: how the curves were made: the teacher's version, settings, weights.
    """

    fps: float
    names: tuple[str, ...]
    provenance: Mapping[str, Any]

    @property
    def version(self) -> str:
        """Version of the teacher."""
        return str(self.provenance.get("version", "unknown"))

    def metadata(self) -> dict[str, str]:
        """Return the format as the metadata of a Parquet schema."""
        values = {"fps": self.fps, "names": list(self.names), "provenance": dict(self.provenance)}
        return {key: json.dumps(value) for key, value in values.items()}

    @classmethod
    def from_schema(cls, schema: Any) -> LabelFormat:
        """Return the format stored in the schema of a Parquet file.

        Raises:
            KeyError: the file is not a label file.
        """
        metadata = schema.metadata or {}
        values = {key: parse_json(metadata[key.encode()]) for key in ("fps", "names", "provenance")}
        return cls(values["fps"], tuple(values["names"]), values["provenance"])


@dataclass(frozen=True)
class Labels:
    """One teacher's curves for the utterances of one part.

    Attributes:
        curves: curves by utterance id, [n_frames, n_controls] float16; row k is the face at
            k / fps seconds.
        fps: frames per second.
        names: the controls, one per column.
        provenance: how the curves were made: the teacher's version, settings, weights.
        left_out: by utterance id, the reason why the teacher left it out.
    """

    curves: Mapping[str, NDArray[np.float16]]
    fps: float
    names: tuple[str, ...]
    provenance: Mapping[str, Any]
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelStatus:
    """The utterances of a part that a teacher has processed.

    Attributes:
        version: version of the teacher.
        labelled: ids of the utterances with curves.
        left_out: ids of the utterances without curves, with the reasons.
    """

    version: str
    labelled: frozenset[str]
    left_out: Mapping[str, str]


class LabelWriter:
    """Writes a label file row by row; at most one row group is in memory."""

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
            MarotteError: the curves have another shape, or values that are not finite.
        """
        check_curves(id, curves, len(self._format.names))
        self._append(id, np.asarray(curves, np.float16), None)

    def leave_out(self, id: str, reason: str) -> None:
        """Write the reason why an utterance has no curves."""
        self._append(id, np.zeros((0, len(self._format.names)), np.float16), reason)

    def copy(self, id: str, curves: NDArray[np.float16], reason: str | None) -> None:
        """Write an unchanged row of another label file."""
        self._append(id, curves, reason)

    def close(self) -> None:
        """Write the remaining rows and close the file."""
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
    """Yield each utterance's id, curves [n_frames, n_controls], and reason for leaving it out.

    The reason is None for an utterance with curves.
    """
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
    """Read the metadata of a label file."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        return LabelFormat.from_schema(file.schema_arrow)


def read_status(source: Path | IO[bytes]) -> LabelStatus:
    """Read which utterances a label file holds; fast, as it skips the curves."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        format = LabelFormat.from_schema(file.schema_arrow)
        columns = [name for name in ("id", "left_out") if name in file.schema_arrow.names]
        table = file.read(columns)
    reasons = dict(zip(table.column("id").to_pylist(), _reasons(table), strict=True))
    labelled = frozenset(id for id, reason in reasons.items() if reason is None)
    left_out = {id: reason for id, reason in reasons.items() if reason is not None}
    return LabelStatus(format.version, labelled, left_out)


def frame_count(seconds: float, fps: float) -> int:
    """Return the number of frames of a sound's labels: every k >= 0 with k / fps < seconds.

    There is at least one frame.

    Example:
        >>> from marotte.learn.data.labels import frame_count
        >>> frame_count(0.5, 60.0), frame_count(0.0, 60.0)
        (30, 1)
    """
    return max(1, int(np.ceil(seconds * fps - 1e-9)))


def check_curves(id: str, curves: NDArray[np.floating], n_controls: int) -> None:
    """Check that curves can be an utterance's labels.

    Raises:
        MarotteError: the curves have another shape, or values that are not finite.
    """
    if curves.ndim != 2 or curves.shape[1] != n_controls:
        raise MarotteError(
            f"the labels of {id} must have the shape [n_frames, {n_controls}], "
            f"got {curves.shape}: fix the teacher that made them"
        )
    if not np.isfinite(curves).all():
        raise MarotteError(f"the labels of {id} hold NaN or Inf: fix the teacher that made them")


def _reasons(rows: Any) -> Sequence[str | None]:
    if "left_out" in rows.schema.names:
        return rows.column("left_out").to_pylist()
    return [None] * rows.num_rows  # older label files have no column of reasons
