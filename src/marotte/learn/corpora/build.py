"""A recipe and a folder in: the folder filled with parts of utterances, on all cores, resumable.

Each source's items are cut into parts of `PART_ITEMS`. A part is one piece of work: a process
makes its utterances, writes what it skipped, then writes the part. What is there is done, so a
build that was stopped, however hard, goes on where it was. `corpus.json` remembers what each
source was asked for, lest two different corpora mix in one folder.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marotte.errors import MarotteError
from marotte.learn.corpora.recipe import CorpusRecipe, configure
from marotte.learn.corpora.source import Source
from marotte.learn.data.store import Store
from marotte.learn.processes import map_unordered
from marotte.learn.utterance import Utterance
from marotte.paths import replacing

PART_ITEMS = 200


@dataclass(frozen=True)
class PartToBuild:
    """One part that has to be made."""

    folder: Path
    part: str
    source: str
    options: Mapping[str, Any]
    keys: tuple[str, ...]


@dataclass(frozen=True)
class BuiltPart:
    """What came of one part."""

    part: str
    utterances: int
    seconds: float
    skipped: int


@dataclass(frozen=True)
class BuildPlan:
    """What a build will do.

    Attributes:
        missing: the parts that are still to be made.
        n_parts: all parts of the recipe, made or not.
        origin: what `corpus.json` will say.
        unusable: by source, why it can't be used here.
    """

    missing: tuple[PartToBuild, ...]
    n_parts: int
    origin: Mapping[str, Any]
    unusable: Mapping[str, str] = field(default_factory=dict)


def plan_build(recipe: CorpusRecipe, folder: Path) -> BuildPlan:
    """Compare a recipe with what is in a folder.

    Raises:
        MarotteError: the folder was built from other options or items of the same source.
    """
    store = Store(folder)
    origin = read_origin(folder)
    sources = dict(origin.get("sources", {}))
    unusable: dict[str, str] = {}
    work: list[PartToBuild] = []
    for name, options in recipe.sources.items():
        try:
            source = configure(name, options)
            keys = tuple(source.items())
        except MarotteError as error:
            unusable[name] = str(error)
            continue
        asked = {"options": dict(options), "fingerprint": _fingerprint(source, options, keys)}
        if sources.setdefault(name, asked)["fingerprint"] != asked["fingerprint"]:
            raise MarotteError(
                f"{folder} holds speech of the source {name!r} by other options or another version "
                f"({sources[name]['options']}): build into another folder, or delete this one"
            )
        for index, first in enumerate(range(0, len(keys), PART_ITEMS)):
            part = f"{name}-{index:05d}"
            work.append(PartToBuild(folder, part, name, options, keys[first : first + PART_ITEMS]))
    there = set(store.parts())
    missing = tuple(each for each in work if each.part not in there)
    return BuildPlan(missing, len(work), {**origin, "sources": sources}, unusable)


def build(
    plan: BuildPlan, folder: Path, workers: int, on_part: Callable[[BuiltPart], None]
) -> None:
    """Make the missing parts of a plan in `workers` processes.

    Args:
        plan: from `plan_build` for the same folder.
        folder: the corpus folder; it is made if need be.
        workers: how many processes.
        on_part: called in this process after each part.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MarotteError(f"can't make the folder {folder}: {error.strerror or error}") from error
    Store(folder).remove_leftovers(".", "audio", "skips")
    _write_json(folder / "corpus.json", plan.origin)
    for done in map_unordered(make_part, plan.missing, workers):
        on_part(done)


def make_part(work: PartToBuild) -> BuiltPart:
    """Make and write one part; runs in a process of its own."""
    source = _source(work.source, json.dumps(dict(work.options)))
    utterances: list[Utterance] = []
    skipped: dict[str, str] = {}
    for key in work.keys:
        try:
            utterances.append(source.utterance(key))
        except MarotteError as error:
            skipped[key] = str(error)
    (work.folder / "skips").mkdir(exist_ok=True)
    # The part comes last: where it stands, everything about it is written.
    _write_json(work.folder / "skips" / f"{work.part}.json", skipped)
    Store(work.folder).write_part(work.part, utterances)
    seconds = sum(each.seconds for each in utterances)
    return BuiltPart(work.part, len(utterances), seconds, len(skipped))


def read_origin(folder: Path) -> dict[str, Any]:
    """What `corpus.json` says a folder was built from; empty for a new folder."""
    path = folder / "corpus.json"
    return _read_json(path) if path.is_file() else {}


def skip_reasons(folder: Path) -> dict[str, Counter[str]]:
    """By source: why items were left out, and how many."""
    reasons: dict[str, Counter[str]] = {}
    for path in sorted((folder / "skips").glob("[!.]*.json")):
        source = path.stem.rpartition("-")[0]
        reasons.setdefault(source, Counter()).update(_read_json(path).values())
    return reasons


@functools.cache
def _source(name: str, options: str) -> Source:
    """A worker's own source, opened once."""
    return configure(name, json.loads(options))


def _fingerprint(source: Source, options: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    asked = [source.version, dict(options), keys]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(dict(value), indent=1, ensure_ascii=False), "utf-8")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise MarotteError(f"{path} is damaged ({error}): delete it and build again") from error
