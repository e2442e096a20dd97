"""The manifest of a corpus in, totals of its real and synthetic speech out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from marotte.errors import MarotteError
from marotte.learn.corpora.build import read_origin
from marotte.learn.corpora.recipe import class_of
from marotte.learn.corpora.source import Source
from marotte.learn.data.store import ManifestRow


@final
@dataclass(frozen=True)
class Total:
    """The amount of speech of one kind.

    Attributes:
        hours: duration of the speech.
        speakers: the number of speakers, by the names in their sources.
        people: the smallest possible number of people; 0 for synthetic or unknown speech.
        languages: ISO 639-1 codes in alphabetical order.
    """

    hours: float
    speakers: int
    people: int
    languages: tuple[str, ...]


def totals(rows: Iterable[ManifestRow], folder: Path) -> Mapping[str, Total]:
    """Return totals of `real` and `synthetic` speech and of speech from an `unknown` source.

    Args:
        rows: the manifest.
        folder: the corpus folder; its `corpus.json` gives the kind of each source.
    """
    sources = read_origin(folder).get("sources", {})
    by_kind: dict[str, dict[str, list[ManifestRow]]] = {}
    classes: dict[str, type[Source] | None] = {}
    for row in rows:
        options = sources.get(row.source, {}).get("options", {})
        if row.source not in classes:
            classes[row.source] = _class_of(row.source, options)
        source = classes[row.source]
        kind = "unknown" if source is None else "real" if source.real else "synthetic"
        by_kind.setdefault(kind, {}).setdefault(row.source, []).append(row)
    return {
        kind: _total(by_kind[kind], classes, real=kind == "real")
        for kind in ("real", "synthetic", "unknown")
        if kind in by_kind
    }


def _class_of(name: str, options: Mapping[str, str]) -> type[Source] | None:
    try:
        return class_of(name, options)
    except MarotteError:  # the source comes from a package that is not installed here
        return None


def _total(
    by_source: Mapping[str, list[ManifestRow]],
    classes: Mapping[str, type[Source] | None],
    real: bool,
) -> Total:
    rows = [row for source_rows in by_source.values() for row in source_rows]
    speakers = {name: {row.speaker for row in each} for name, each in by_source.items()}
    people = 0
    for name, names in speakers.items():
        source = classes[name]
        fewest = None if source is None else source.people
        people += len(names) if fewest is None else min(fewest, len(names))
    return Total(
        hours=sum(row.minutes for row in rows) / 60,
        speakers=sum(map(len, speakers.values())),
        people=people if real else 0,
        languages=tuple(sorted({row.language for row in rows})),
    )
