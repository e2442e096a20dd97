"""Read recipes: TOML files whose `base` key names another recipe that they change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from marotte.config import read_toml
from marotte.errors import MarotteError, shown


def read_recipe(path: Path) -> dict[str, Any]:
    """Read a recipe's tables; `base = "other.toml"` gives the values that the recipe leaves out.

    A base is a path relative to the recipe's folder, and may have a base too.

    Raises:
        MarotteError: the file is missing or is not TOML, or a recipe is its own base.
    """
    return _read(Path(path), ())


def recipe_of_clone(path: Path) -> Path:
    """Return the path of a recipe of the repository.

    Raises:
        MarotteError: it is not there.
    """
    if not path.is_file():
        raise MarotteError(
            f"there is no recipe {path}: run this in a clone of Marotte, or pass --recipes"
        )
    return path


def with_minutes(tables: dict[str, Any], minutes: float | None) -> dict[str, Any]:
    """Return a training recipe's tables with another time budget; unchanged if it is None.

    Example:
        >>> with_minutes({"train": {"steps": 900, "batch": 8}}, 5.0)
        {'train': {'steps': 0, 'batch': 8, 'minutes': 5.0}}
    """
    train = tables.get("train", {})
    if minutes is None or not isinstance(train, dict):
        return tables
    others = {key: 0 for key in ("steps", "total_frames") if key == "steps" or key in train}
    return {**tables, "train": {**train, "minutes": minutes, **others}}


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path.resolve() in seen:
        raise MarotteError(f"recipe {path} is its own base: remove one of the 'base' lines")
    tables = read_toml(path, "recipe")
    base = tables.pop("base", None)
    if base is not None and not isinstance(base, str):
        raise MarotteError(f"base in the recipe {path} must be a path, got {shown(base)}")
    return (
        tables
        if base is None
        else _merge(_read(path.parent / base, (*seen, path.resolve())), tables)
    )


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        both_tables = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merge(base[key], value) if both_tables else value
    return merged
