"""What the paper says of its figures, held against ours: tables in, a verdict a claim out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean

from marotte.learn.measure.card import markdown_table
from marotte.learn.reproduce.results import CLEAN, Costs, Figures
from marotte.learn.reproduce.rows import TEACHER
from marotte.learn.reproduce.tables import of_row

Verdict = tuple[bool, str]
LEARNT = 10.0  # % of /p b m/ closed, below which a student has not learnt to


class NotMeasured(Exception):
    """A row that a claim speaks of is not in the tables."""


@dataclass(frozen=True)
class Measured:
    """The tables that claims are held against.

    Attributes:
        figures: see `Figures`.
        costs: see `Costs`.
        asked: the PBM accuracies of students that a claim has asked for, in %.
    """

    figures: Sequence[Figures]
    costs: Sequence[Costs] = field(default_factory=tuple)
    asked: list[float] = field(default_factory=list[float])

    def of(self, row: str, name: str, split: str = CLEAN, heard: str = "as it is") -> float:
        """A row's figure, the mean over its seeds.

        Raises:
            NotMeasured: there is none.
        """
        values = [getattr(each, name) for each in of_row(self.figures, row, split, heard)]
        if not values:
            raise NotMeasured(f"{row} on {split}, {heard}")
        return mean(values)

    def pbm(self, row: str, split: str = CLEAN, heard: str = "as it is") -> float:
        """A row's PBM accuracy in %."""
        pbm = 100 * self.of(row, "pbm", split, heard)
        if not row.startswith(TEACHER):
            self.asked.append(pbm)
        return pbm

    def jitter(self, row: str) -> float:
        """A row's jitter over the teacher's."""
        return self.of(row, "jitter") / self.of(row, "taught_jitter")

    def cost(self, row: str, name: str) -> float:
        """What a row costs.

        Raises:
            NotMeasured: there is no such row.
        """
        values = [getattr(each, name) for each in self.costs if each.row == row]
        if not values:
            raise NotMeasured(f"the cost of {row}")
        return mean(values)

    def there(self, rows: Sequence[str]) -> list[str]:
        """Those of some rows that were measured.

        Raises:
            NotMeasured: none was.
        """
        found = [row for row in rows if of_row(self.figures, row, CLEAN)]
        if not found:
            raise NotMeasured(", ".join(rows))
        return found


@dataclass(frozen=True)
class Claim:
    """Something the paper says.

    Attributes:
        section: where.
        text: what, in our words.
        check: whether it holds, and the figures.
    """

    section: str
    text: str
    check: Callable[[Measured], Verdict]


def verdicts(claims: Sequence[Claim], measured: Measured) -> str:
    """A Markdown table: each claim held, not held or not measured, with its figures.

    A claim on PBM accuracies is undecided where no student it compares has learnt to close its
    lips: which of two noughts is larger says nothing of the claim.
    """
    lines: list[list[str]] = []
    for claim in claims:
        asking = replace(measured, asked=[])
        try:
            held, said = claim.check(asking)
            verdict = "held" if held else "**not held**"
            if asking.asked and max(asking.asked) < LEARNT:
                verdict = "undecided"
        except NotMeasured as missing:
            verdict, said = "not measured", f"no figures of {missing}"
        lines.append([claim.section, claim.text, verdict, said])
    return "\n".join(markdown_table(("§", "the paper says", "here", "figures"), lines))
