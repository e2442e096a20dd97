"""Recipes: strict TOML in, frozen dataclasses out; a recipe is a base and what differs from it."""

from __future__ import annotations

import dataclasses
import sys
import typing
from pathlib import Path
from typing import Any, TypeVar

from marotte.errors import MarotteError, missing_extra

T = TypeVar("T")


def read_recipe(path: Path) -> dict[str, Any]:
    """A recipe's tables; `base = "other.toml"` (beside it) gives what it does not say itself.

    Raises:
        MarotteError: the file is missing or is not TOML, or bases go in a circle.
    """
    return _read(Path(path), ())


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path in seen:
        raise MarotteError(f"recipe {path} is its own base: take out one of the 'base' lines")
    try:
        tables = _loads(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError as error:
        raise MarotteError(f"no recipe at {path}: give the path of a .toml file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise MarotteError(f"can't read the recipe {path}: {error}") from error
    base = tables.pop("base", None)
    return tables if base is None else _merge(_read(path.parent / base, (*seen, path)), tables)


def _loads(text: str, path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        try:
            import tomli as tomllib
        except ImportError as error:
            raise missing_extra("tomli", "train") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MarotteError(f"{path} is not a TOML recipe: {error}") from error


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merge(base[key], value) if both else value
    return merged


def strict(kind: type[T], table: Any, where: str) -> T:
    """Build a dataclass from a table, refusing what it does not know or can't use.

    Fields that are dataclasses themselves come from sub-tables; whole numbers serve as floats;
    lists become tuples.

    Args:
        kind: the dataclass.
        table: the table.
        where: names the table in messages.

    Raises:
        MarotteError: names an unknown, missing or wrongly typed key and the valid ones.
    """
    if not isinstance(table, dict):
        raise MarotteError(f"{where} must be a table, got {table!r}")
    fields = {field.name: field for field in dataclasses.fields(kind)}  # pyright: ignore[reportArgumentType]
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(table) - set(fields))
    if unknown:
        raise MarotteError(f"{where} has no key {unknown[0]!r}: valid are {', '.join(fields)}")
    values = {}
    for name, field in fields.items():
        if name in table:
            values[name] = _value(hints[name], table[name], f"{where}.{name}")
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise MarotteError(f"{where} lacks the key {name!r}")
    return kind(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return strict(typing.cast("type[Any]", hint), value, where)
    expected = typing.get_origin(hint) or hint
    if expected is float and type(value) is int:
        return float(value)
    if expected is tuple and isinstance(value, list):
        return tuple(value)
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise MarotteError(f"{where} must be of type {expected.__name__}, got {value!r}")
    return value
