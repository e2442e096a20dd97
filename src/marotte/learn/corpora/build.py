"""Corpus recipe in, corpus folder out: build the parts of a corpus on all cores, resumably.

The items of each source are divided into parts of `PART_ITEMS`. A worker process makes the
utterances of a part, writes which items it skipped, and then writes the part. A part that exists is
complete, so a build that was stopped or killed goes on with the missing parts. `corpus.json` stores
the options of each source, so that two different corpora can't be mixed in one folder.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from marotte.config import parse_json
from marotte.errors import MarotteError
from marotte.learn.corpora.recipe import CorpusRecipe, configure
from marotte.learn.corpora.source import Source
from marotte.learn.data.store import Store
from marotte.learn.errors import reason_of
from marotte.learn.processes import map_unordered
from marotte.learn.utterance import Utterance
from marotte.paths import replacing

PART_ITEMS = 200


@final
@dataclass(frozen=True)
class PartToBuild:
    """A part that does not exist yet."""

    folder: Path
    name: str
    source: str
    options: Mapping[str, Any]
    keys: tuple[str, ...]


@final
@dataclass(frozen=True)
class BuiltPart:
    """A finished part: its utterances, their duration, and the number of skipped items."""

    name: str
    utterances: int
    seconds: float
    skipped: int


@final
@dataclass(frozen=True)
class BuildPlan:
    """The parts that a build has to make.

    Attributes:
        missing: the parts that do not exist yet.
        n_parts: the number of all parts of the recipe, existing or not.
        origin: the new content of `corpus.json`.
        unusable: the reason for each source that can't be used here, by its name.
    """

    missing: tuple[PartToBuild, ...]
    n_parts: int
    origin: Mapping[str, Any]
    unusable: Mapping[str, str] = field(default_factory=dict)


def plan_build(recipe: CorpusRecipe, folder: Path) -> BuildPlan:
    """Compare a recipe with the parts in a folder.

    Raises:
        MarotteError: the folder was built with other options or another version of a source.
    """
    store = Store(folder)
    origin = read_origin(folder)
    sources = dict(origin.get("sources", {}))
    unusable: dict[str, str] = {}
    parts: list[PartToBuild] = []
    for name, options in recipe.sources.items():
        try:
            source = configure(name, options)
            keys = tuple(source.items())
        except Exception as error:  # one source must not end the build of the others
            unusable[name] = reason_of(error)
            continue
        entry = {"options": dict(options), "fingerprint": _fingerprint(source, options, keys)}
        if sources.setdefault(name, entry).get("fingerprint") != entry["fingerprint"]:
            raise MarotteError(
                f"{folder} was built with other options or another version of the source {name!r} "
                f"({sources[name].get('options')}): build into another folder, or delete this one"
            )
        for index, first in enumerate(range(0, len(keys), PART_ITEMS)):
            part_keys = keys[first : first + PART_ITEMS]
            parts.append(PartToBuild(folder, f"{name}-{index:05d}", name, options, part_keys))
    existing = set(store.parts())
    missing = tuple(part for part in parts if part.name not in existing)
    return BuildPlan(missing, len(parts), {**origin, "sources": sources}, unusable)


def build(plan: BuildPlan, folder: Path, workers: int) -> Iterator[BuiltPart]:
    """Make the missing parts of a plan in `workers` processes; yield each part's result.

    Args:
        plan: from `plan_build` for the same folder.
        folder: the corpus folder; it is created if necessary.
        workers: the number of processes.

    Raises:
        MarotteError: the folder can't be created, or a worker process was killed.
    """
    prepare_folder(plan, folder)
    yield from map_unordered(make_part, plan.missing, workers)


def prepare_folder(plan: BuildPlan, folder: Path) -> None:
    """Create the corpus folder if necessary, clean it up, and write `corpus.json`.

    Raises:
        MarotteError: the folder can't be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MarotteError(
            f"can't create the folder {folder}: {error.strerror or error}"
        ) from error
    Store(folder).remove_leftovers(".", "audio", "skips")
    _write_json(folder / "corpus.json", plan.origin)


def make_part(part: PartToBuild) -> BuiltPart:
    """Make and write one part; runs in a worker process."""
    source = _source(part.source, json.dumps(dict(part.options)))
    utterances: list[Utterance] = []
    skipped: dict[str, str] = {}
    for key in part.keys:
        try:
            utterances.append(source.utterance(key))
        except Exception as error:  # a reader's error in one file must not end a build of hours
            skipped[key] = reason_of(error)
    (part.folder / "skips").mkdir(exist_ok=True)
    # The part is written last: if it exists, its list of skipped items exists too.
    _write_json(part.folder / "skips" / f"{part.name}.json", skipped)
    Store(part.folder).write_part(part.name, utterances)
    seconds = sum(utterance.seconds for utterance in utterances)
    return BuiltPart(part.name, len(utterances), seconds, len(skipped))


def read_origin(folder: Path) -> dict[str, Any]:
    """Return the content of `corpus.json`: the sources of a corpus; empty for a new folder.

    Raises:
        MarotteError: it is damaged.
    """
    path = folder / "corpus.json"
    if not path.is_file():
        return {}
    origin = _read_json(path)
    sources = origin.get("sources", {})
    tables = [sources, *sources.values()] if isinstance(sources, dict) else [sources]
    if not all(isinstance(each, dict) for each in tables):
        raise _damaged(path, "its sources are not tables")
    if not all(isinstance(each.get("options", {}), dict) for each in tables[1:]):
        raise _damaged(path, "options are not a table")
    return origin


def skip_reasons(folder: Path) -> dict[str, Counter[str]]:
    """Return the reasons why items were skipped and how often, by the name of the source."""
    reasons: dict[str, Counter[str]] = {}
    for path in sorted((folder / "skips").glob("[!.]*.json")):
        source = path.stem.rpartition("-")[0]
        reasons.setdefault(source, Counter()).update(map(str, _read_json(path).values()))
    return reasons


@functools.cache
def _source(name: str, options: str) -> Source:
    """Return the source of this process; it is created once."""
    return configure(name, parse_json(options))


def _fingerprint(source: Source, options: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    inputs = [source.version, dict(options), keys]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(dict(value), indent=1, ensure_ascii=False), "utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = parse_json(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    if not isinstance(value, dict):
        raise _damaged(path, "it is not a table")
    return value


def _damaged(path: Path, why: object) -> MarotteError:
    return MarotteError(f"{path} is damaged ({why}): delete it and build again")
