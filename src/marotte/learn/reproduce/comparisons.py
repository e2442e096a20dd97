"""Hybrid rows against their plain rows, utterance by utterance: counts in, differences and p out.

Two students are compared on the same utterances by a sign-flip test: if both were equally good, the
difference of each utterance could as well have the other sign. p is the share of random signs whose
total is at least as far from 0 as the real one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.learn.data.csv_io import read_csv, write_csv
from marotte.learn.measure.card import markdown_table
from marotte.learn.measure.evaluate import UtteranceScore
from marotte.learn.reproduce.results import CLEAN, LANGUAGES, OTHER
from marotte.learn.reproduce.rows import Row
from marotte.learn.reproduce.runs import TablePlan

FLIPS = 10_000
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class UtteranceLine:
    """A student's closures in one utterance, at the row's own threshold.

    Attributes:
        split: the test set.
        id: the utterance's id.
        seconds: its duration.
        bilabials: the number of /p b m/.
        closed: how many of them are closed.
        vowels: the number of open vowels.
        falsely_closed: how many of them are closed.
        mse: mean squared error to the teacher's controls.
    """

    split: str
    id: str
    seconds: float
    bilabials: int
    closed: int
    vowels: int
    falsely_closed: int
    mse: float


def utterance_lines(
    split: str, scores: Sequence[UtteranceScore], own_mm: float
) -> list[UtteranceLine]:
    """Return the lines of a student on a test set."""
    return [
        UtteranceLine(
            split,
            each.id,
            60 * each.score.minutes,
            len(c.bilabial_mm),
            int((c.bilabial_mm <= own_mm).sum()),
            len(c.open_mm),
            int((c.open_mm <= own_mm).sum()),
            each.score.mse,
        )
        for each in scores
        for c in [each.score.closures]
    ]


def lines_file(row: Row, folder: Path) -> Path:
    """Return the file of a row's lines in the folder of its run."""
    return folder / f"utterances{'-smooth' if row.smooth else ''}.csv"


def write_lines(row: Row, folder: Path, lines: Sequence[UtteranceLine]) -> None:
    """Write the lines of a row's run."""
    write_csv(lines_file(row, folder), lines, UtteranceLine)


def sign_flip_p(differences: NDArray[np.floating], flips: int = FLIPS, seed: int = 0) -> float:
    """Return the two-sided p of a sign-flip test on the sum of paired differences.

    Args:
        differences: one per utterance [n].
        flips: number of random signs.
        seed: the seed of the signs.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.reproduce.comparisons import sign_flip_p
        >>> sign_flip_p(np.ones(20)) < 0.001, sign_flip_p(np.tile([1.0, -1.0], 10)) > 0.9
        (True, True)
    """
    kept = np.asarray(differences, np.float64)
    kept = kept[kept != 0]
    if not len(kept):
        return 1.0
    signs = np.random.default_rng(seed).integers(0, 2, (flips, len(kept)), dtype=np.int8) * 2 - 1
    as_far = np.abs(signs @ kept) >= np.abs(kept.sum()) * (1 - 1e-12)
    return float((1 + as_far.sum()) / (1 + flips))


@dataclass(frozen=True)
class Difference:
    """How far a row is from another one, and how easily chance would give that.

    Attributes:
        value: the difference.
        p: see `sign_flip_p`.
    """

    value: float
    p: float


def compare(
    runs: Sequence[Sequence[UtteranceLine]], others: Sequence[Sequence[UtteranceLine]], split: str
) -> tuple[Difference, Difference, Difference]:
    """Return the differences in PBM and false closure (in points) and in MSE (in %).

    Args:
        runs: the lines of a row's runs, one list per seed.
        others: those of the other row's runs.
        split: the test set.
    """
    ours, theirs = _totals(runs, split), _totals(others, split)
    shared = sorted(set(ours) & set(theirs))
    a, b = (np.array([each[id] for id in shared]) for each in (ours, theirs))

    def points(hits: int, count: int) -> Difference:
        change = a[:, hits] / a[:, count].sum() - b[:, hits] / b[:, count].sum()
        return Difference(100 * float(change.sum()), sign_flip_p(change))

    error = a[:, 5] - b[:, 5]
    return (
        points(1, 0),
        points(3, 2),
        Difference(100 * float(error.sum() / b[:, 5].sum()), sign_flip_p(error)),
    )


def _totals(runs: Sequence[Sequence[UtteranceLine]], split: str) -> dict[str, tuple[float, ...]]:
    """Return per utterance the counts, seconds and squared errors, each a mean over the seeds."""
    parts: dict[str, list[tuple[float, ...]]] = {}
    for run in runs:
        for e in run:
            if e.split == split:
                counts = (e.bilabials, e.closed, e.vowels, e.falsely_closed)
                parts.setdefault(e.id, []).append((*counts, e.seconds, e.seconds * e.mse))
    return {
        id: tuple(np.mean(each, axis=0)) for id, each in parts.items() if len(each) == len(runs)
    }


def comparison_table(rows: Sequence[Row], plan: TablePlan) -> list[str]:
    """Return the lines of a Markdown table of hybrid rows against plain ones; [] without any."""
    by_label = {row.label: row for row in rows}
    lines: list[list[str]] = []
    for row in rows:
        other = by_label.get(row.against)
        if other is None:
            continue
        runs, others = (_read_runs(each, plan) for each in (row, other))
        for split in (CLEAN, OTHER, LANGUAGES):
            if any(e.split == split for e in runs[0]) and any(e.split == split for e in others[0]):
                cells = [_cell(each) for each in compare(runs, others, split)]
                lines.append([f"{row.label} against {other.label}", split, *cells])
    columns = ("rows", "test set", "PBM, points", "false closure, points", "MSE, %")
    return markdown_table(columns, lines) if lines else []


def _read_runs(row: Row, plan: TablePlan) -> list[list[UtteranceLine]]:
    return [read_csv(lines_file(row, plan.folder(row, seed)), UtteranceLine) for seed in row.seeds]


def _cell(difference: Difference) -> str:
    text = f"{difference.value:+.1f} (p {difference.p:.3f})"
    return f"**{text}**" if difference.p < SIGNIFICANT else text
