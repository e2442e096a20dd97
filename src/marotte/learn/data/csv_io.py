"""Dataclasses to CSV and back: one row per dataclass, one column per field."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from marotte.errors import MarotteError
from marotte.paths import replacing

T = TypeVar("T")


def write_csv(path: Path, rows: Sequence[Any], kind: type[Any]) -> None:
    """Write dataclasses of type `kind`, one row each, under a header of their field names.

    Example:
        >>> import tempfile
        >>> from dataclasses import dataclass
        >>> from pathlib import Path
        >>> from marotte.learn.data.csv_io import read_csv, write_csv
        >>> @dataclass
        ... class Score:
        ...     name: str
        ...     mse: float
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_csv(Path(folder, "scores.csv"), [Score("live", 0.25)], Score)
        ...     read_csv(Path(folder, "scores.csv"), Score)[0].mse
        0.25
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(kind)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_csv(path: Path, kind: type[T]) -> list[T]:
    """Read dataclasses that `write_csv` wrote.

    Raises:
        MarotteError: the file is missing, or `write_csv` did not write it.
    """
    types = {field.name: str(field.type) for field in fields(kind)}  # pyright: ignore[reportArgumentType]
    parsers = {"int": int, "float": float, "str": str}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                kind(**{name: parsers[types[name]](value) for name, value in row.items()})
                for row in csv.DictReader(file)
            ]
    except OSError as error:
        raise MarotteError(f"can't read {path}: run `marotte reproduce` first") from error
    except (KeyError, TypeError, ValueError) as error:
        raise MarotteError(f"{path} is not a table that Marotte wrote ({error})") from error
