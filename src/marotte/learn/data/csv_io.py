"""Dataclasses in, a CSV file of a line each out, and back."""

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
    """Write dataclasses of one kind, a line each, under a line of their fields' names."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(kind)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(line) for line in rows)


def read_csv(path: Path, kind: type[T]) -> list[T]:
    """Read what `write_csv` wrote.

    Raises:
        MarotteError: it is missing, or is no such file.
    """
    types = {field.name: str(field.type) for field in fields(kind)}  # pyright: ignore[reportArgumentType]
    read = {"int": int, "float": float, "str": str}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                kind(**{name: read[types[name]](value) for name, value in line.items()})
                for line in csv.DictReader(file)
            ]
    except OSError as error:
        raise MarotteError(f"can't read {path}: run `marotte reproduce` first") from error
    except (KeyError, TypeError, ValueError) as error:
        raise MarotteError(f"{path} is not a table that Marotte wrote ({error})") from error
