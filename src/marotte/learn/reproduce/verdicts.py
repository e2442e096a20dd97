"""Verdicts on the paper's claims: tables in, a Markdown table of claims and verdicts out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean

from marotte.learn.measure.card import markdown_table
from marotte.learn.reproduce.results import CLEAN, NOT_DEGRADED, Costs, Figures
from marotte.learn.reproduce.tables import select

Verdict = tuple[bool, str]
"""Whether a claim holds, and the figures that decide it."""

BASELINES = ("MFCC", "HuBERT-CNN")  # without distillation they never learn much, in the paper too
LEARNT_AUC = 0.97  # on clean speech: a student below has not learnt to close its lips


class NotMeasured(Exception):
    """A row that a claim needs is not in the tables."""


@dataclass(frozen=True)
class Measured:
    """The tables that claims are checked against.

    Attributes:
        figures: the lines of all tables.
        costs: the costs of all tables.
        unlearnt: the students that the current claim has read and that have not learnt enough.
    """

    figures: Sequence[Figures]
    costs: Sequence[Costs] = field(default_factory=tuple)
    unlearnt: list[str] = field(default_factory=list[str])

    def figure(
        self, row: str, name: str, split: str = CLEAN, degradation: str = NOT_DEGRADED
    ) -> float:
        """Return a row's figure, the mean over its seeds.

        Raises:
            NotMeasured: the tables do not have it.
        """
        values = [getattr(each, name) for each in select(self.figures, row, split, degradation)]
        if not values:
            raise NotMeasured(f"{row} on {split}, {degradation}")
        return mean(values)

    def pbm(self, row: str, split: str = CLEAN, degradation: str = NOT_DEGRADED) -> float:
        """Return a row's PBM accuracy at its own threshold in %."""
        pbm = 100 * self.figure(row, "own_pbm", split, degradation)
        if row not in BASELINES and self.figure(row, "auc") < LEARNT_AUC:
            self.unlearnt.append(row)
        return pbm

    def jitter(self, row: str) -> float:
        """Return a row's jitter divided by the teacher's."""
        return self.figure(row, "jitter") / self.figure(row, "taught_jitter")

    def cost(self, row: str, name: str) -> float:
        """Return a row's cost, the mean over its seeds.

        Raises:
            NotMeasured: the tables do not have the row.
        """
        values = [getattr(each, name) for each in self.costs if each.row == row]
        if not values:
            raise NotMeasured(f"the cost of {row}")
        return mean(values)

    def measured_rows(self, rows: Sequence[str]) -> list[str]:
        """Return those of some rows that are in the tables.

        Raises:
            NotMeasured: none is.
        """
        measured = [row for row in rows if select(self.figures, row, CLEAN)]
        if not measured:
            raise NotMeasured(", ".join(rows))
        return measured


@dataclass(frozen=True)
class Claim:
    """A claim of the paper.

    Attributes:
        section: the section of the paper.
        text: the claim, in our words.
        check: returns whether the claim holds, and the figures.
    """

    section: str
    text: str
    check: Callable[[Measured], Verdict]


def verdict_table(claims: Sequence[Claim], measured: Measured) -> str:
    """Return a Markdown table with a verdict on each claim and its figures.

    A claim on PBM accuracies is undecided if a student that it compares has not learnt to close
    its lips: the order of accuracies near zero does not support or contradict the claim.
    """
    lines: list[list[str]] = []
    for claim in claims:
        tables = replace(measured, unlearnt=[])
        try:
            holds, figures = claim.check(tables)
            verdict = "held" if holds else "**not held**"
            if tables.unlearnt:
                verdict = "undecided"
                names = ", ".join(sorted(set(tables.unlearnt)))
                figures = f"{figures}; AUC below {LEARNT_AUC:g}: {names}"
        except NotMeasured as missing:
            verdict, figures = "not measured", f"no figures of {missing}"
        lines.append([claim.section, claim.text, verdict, figures])
    return "\n".join(markdown_table(("§", "claim of the paper", "verdict", "figures"), lines))
