"""A recipe in: strict TOML that says which sources a corpus is made of. Configured sources out.

```
[sources.queen]            # a source with its options as they are

[sources.hibari]
speakers = 320

[sources.anna]             # speech of one's own, under a name of one's own
kind = "folder"
folder = "~/anna"
```
"""

from __future__ import annotations

import dataclasses
import functools
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marotte.errors import MarotteError
from marotte.learn.corpora import source_class, source_names
from marotte.learn.corpora.source import Source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports]


@dataclass(frozen=True)
class CorpusRecipe:
    """What a corpus is made of.

    Attributes:
        name: the recipe's file name without its ending.
        sources: by name, the options of each source.
    """

    name: str
    sources: Mapping[str, Mapping[str, Any]]


def load_recipe(path: Path) -> CorpusRecipe:
    """Read a recipe and check every name and value in it.

    Raises:
        MarotteError: the file is missing or is not TOML, or something in it is unknown.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MarotteError(f"can't read the recipe {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise MarotteError(f"the recipe {path} is not valid TOML: {error}") from error
    sources = table.pop("sources", None)
    if table or not isinstance(sources, dict) or not sources:
        wrong = f"the unknown key {next(iter(table))!r}" if table else "no [sources.NAME]"
        raise MarotteError(f"the recipe {path} has {wrong}: it holds tables [sources.NAME] only")
    for name, options in sources.items():
        if not isinstance(options, dict):
            raise MarotteError(
                f"the source {name!r} in the recipe {path} is {options!r}: "
                f"write a table [sources.{name}]"
            )
        configure(name, options)
    return CorpusRecipe(path.stem, sources)


def configure(name: str, options: Mapping[str, Any]) -> Source:
    """A source with its options set; `kind` among them says which it is, if not its name.

    Raises:
        MarotteError: no such source or option, or a value of the wrong type.
    """
    source = class_of(name, options)
    known = {field.name: field for field in dataclasses.fields(source)}
    values: dict[str, Any] = {}
    for key, value in dict(options).items():
        if key == "kind":
            continue
        if key not in known:
            raise MarotteError(
                f"the source {name!r} has no option {key!r}: it has "
                f"{', '.join(known) or 'no options'}"
            )
        default = known[key].default
        # TOML has lists where options are tuples, and whole numbers may stand for others.
        value = tuple(value) if isinstance(value, list) else value
        value = float(value) if isinstance(default, float) and type(value) is int else value
        if type(value) is not type(default):
            raise MarotteError(
                f"the option {key!r} of the source {name!r} is {value!r}: "
                f"give a value like its default, {default!r}"
            )
        values[key] = value
    return source(**values)


def class_of(name: str, options: Mapping[str, Any]) -> type[Source]:
    """The source of a table of a recipe, called by the table's name.

    Raises:
        MarotteError: there is no such source, or a recipe may not call one so.
    """
    kind = options.get("kind", name)
    if kind == name:
        return source_class(name)
    names = source_names()
    of_many = [each for each in names if source_class(each).many]
    if kind not in of_many:
        raise MarotteError(
            f"the source {name!r} is of the kind {kind!r}: a kind is one of {', '.join(of_many)}"
        )
    # By its name alone a corpus knows which speakers are held out.
    if name in names:
        raise MarotteError(
            f"the source {name!r} of the kind {kind!r} has the name of another source: "
            "give it a name of its own"
        )
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise MarotteError(
            f"a source can't be called {name!r}: use small letters a to z, digits and _"
        )
    return _called(source_class(kind), name)


@functools.cache
def _called(source: type[Source], name: str) -> type[Source]:
    """A kind of source under another name."""
    return type(source.__name__, (source,), {"name": name, "__doc__": source.__doc__})
