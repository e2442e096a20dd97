"""TOML and JSON in; plain values, or frozen dataclasses, out.

Unknown keys are errors that name the valid ones.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import typing
from pathlib import Path
from typing import Any, TypeVar

from marotte.errors import MarotteError, shown

T = TypeVar("T")
LONGEST_INTEGER = 18  # digits: longer integers in JSON are read as floats


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Read the tables of a TOML file.

    Args:
        path: the file.
        what: what the file is, for messages, e.g. `recipe`.

    Raises:
        MarotteError: the file is missing, can't be read or is not TOML.

    Example:
        >>> from pathlib import Path
        >>> from marotte.config import read_toml
        >>> _ = Path("mix.toml").write_text("gain = 2")
        >>> read_toml(Path("mix.toml"), "recipe")
        {'gain': 2}
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MarotteError(f"no {what} at {path}: give the path of a .toml file") from error
    except tomllib.TOMLDecodeError as error:
        raise MarotteError(f"{path} is not a TOML {what}: {error}") from error
    except RecursionError as error:
        raise MarotteError(f"{path} is not a TOML {what}: it is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise MarotteError(f"can't read the {what} {path}: it is not UTF-8 ({error})") from error
    except ValueError as error:  # an integer of thousands of digits
        raise MarotteError(f"{path} is not a TOML {what}: it has an endless number") from error
    except OSError as error:
        raise MarotteError(f"can't read the {what} {path}: {error}") from error


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text; integers of more than 18 digits become floats.

    Raises:
        ValueError: the text is not JSON, or is nested too deeply.

    Example:
        >>> from marotte.config import parse_json
        >>> parse_json('{"weights": [0.5, 1]}')
        {'weights': [0.5, 1]}
    """
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _integer(digits: str) -> float:
    # An integer of any length could be too large for a float, and too long to be printed.
    return int(digits) if len(digits) <= LONGEST_INTEGER else float(digits)


def strict(kind: type[T], table: Any, where: str) -> T:
    """Build a dataclass from a table.

    Fields that are dataclasses come from sub-tables. Integers are accepted as floats; lists become
    tuples.

    Args:
        kind: the dataclass.
        table: the table.
        where: the name of the table, for messages.

    Raises:
        MarotteError: a key is unknown, missing or of the wrong type; the message names the valid
            keys.

    Example:
        >>> from dataclasses import dataclass
        >>> from marotte.config import strict
        >>> @dataclass(frozen=True)
        ... class Mix:
        ...     gain: float = 1.0
        >>> strict(Mix, {"gain": 2}, "mix.toml")
        Mix(gain=2.0)
    """
    if not isinstance(table, dict):
        raise MarotteError(f"{where} must be a table, got {shown(table)}")
    table = typing.cast("dict[str, Any]", table)
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
    if expected is float and type(value) is int and abs(value) <= sys.float_info.max:
        return float(value)
    if expected is tuple and isinstance(value, list):
        return tuple(typing.cast("list[Any]", value))
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise MarotteError(f"{where} must be of type {expected.__name__}, got {shown(value)}")
    return value
