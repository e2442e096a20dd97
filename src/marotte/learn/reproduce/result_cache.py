"""Cached results: figures and costs are stored in a run's folder and read if nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from marotte.config import parse_json
from marotte.learn.reproduce.results import Costs, Figures
from marotte.learn.reproduce.rows import Row
from marotte.learn.reproduce.runs import TablePlan
from marotte.paths import replacing

FORMAT = 2  # of the cached files
F = TypeVar("F", bound=Figures)


def cache_key(
    state: dict[str, Any], plan: TablePlan, speech_minutes: float | None
) -> dict[str, Any]:
    """Return the values on which a run's figures depend.

    Args:
        state: the state in the run's checkpoint.
        plan: the table's plan.
        speech_minutes: minutes of each test set that are scored; None for all.
    """
    return {
        "format": FORMAT,
        "speech": speech_minutes,
        "elapsed_s": state["progress"]["elapsed_s"],
        "steps": state["progress"]["step"],
        "corpus": plan.corpus,
        "labels": len(plan.store.labelled_parts(state["recipe"]["teacher"])),
    }


def cached_results(
    row: Row,
    path: Path,
    key: dict[str, Any],
    kind: type[F],
    compute: Callable[[], tuple[list[F], Costs]],
) -> tuple[list[F], Costs]:
    """Return figures and costs from a cached file; compute and store them if they are not there.

    Args:
        row: the row; its label replaces the cached one, which may be of another table.
        path: the cached file.
        key: see `cache_key`.
        kind: the class of the figures.
        compute: returns figures and costs.
    """
    value = read_cached(path, key)
    if value is None:
        figures, costs = compute()
        value = [[asdict(each) for each in figures], asdict(costs)]
        write_cached(path, key, value)
    figures = [kind(**{**each, "row": row.label}) for each in value[0]]
    return figures, Costs(**{**value[1], "row": row.label})


def read_cached(path: Path, key: dict[str, Any]) -> Any:
    """Return the value of a cached file, or None if it is missing or has another key."""
    try:
        stored_key, value = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if stored_key == key else None


def write_cached(path: Path, key: dict[str, Any], value: Any) -> None:
    """Write a value with its key."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps([key, value]), encoding="utf-8")
