"""Recipes: strict TOML in, frozen dataclasses out; a recipe is a base and what differs from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from marotte.config import read_toml, strict
from marotte.errors import MarotteError

__all__ = ["read_recipe", "strict", "within"]


def read_recipe(path: Path) -> dict[str, Any]:
    """A recipe's tables; `base = "other.toml"` (beside it) gives what it does not say itself.

    Raises:
        MarotteError: the file is missing or is not TOML, or bases go in a circle.
    """
    return _read(Path(path), ())


def within(tables: dict[str, Any], minutes: float | None) -> dict[str, Any]:
    """A training recipe's tables with a time budget instead of its own; with its own for None."""
    if minutes is None:
        return tables
    return {**tables, "train": {**tables.get("train", {}), "minutes": minutes, "steps": 0}}


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path in seen:
        raise MarotteError(f"recipe {path} is its own base: take out one of the 'base' lines")
    tables = read_toml(path, "recipe")
    base = tables.pop("base", None)
    return tables if base is None else _merge(_read(path.parent / base, (*seen, path)), tables)


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merge(base[key], value) if both else value
    return merged
