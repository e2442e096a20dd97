"""What stands in the paper's tables: a row is a recipe, or an evaluation of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marotte.errors import MarotteError

TEACHER = "T"
THREE_SEEDS = (0, 1, 2)
PAIRS = "the small set of clean speech alone"
STAND_IN = "unless its recipe names a checkpoint of HuBERT, the frozen encoder is a random stand-in"


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        label: as the table names it, e.g. `S4+ smooth`.
        recipe: the recipe file's name without its ending; empty for a teacher.
        teacher: of a row that is one: whose face it is; empty for the one who taught the others.
        smooth: whether the curves are the ensemble of eq. 8; the network is the same.
        seeds: a training run each.
        changes: what differs from the recipe, as tables of it.
        drops: tables of the recipe that are left out.
        hard_to_score: whether it takes so long to that a quarter of the speech has to do, and none
            degraded.
        paper_pbm: the paper's PBM accuracy in % on its test-clean and test-other, where it says.
        note: what a reader has to know of it.
    """

    label: str
    recipe: str
    teacher: str = ""
    smooth: bool = False
    seeds: tuple[int, ...] = (0,)
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    drops: tuple[str, ...] = ()
    hard_to_score: bool = False
    paper_pbm: tuple[float, float] | None = None
    note: str = ""

    @property
    def run(self) -> str:
        """What its training runs are called: other evaluations of one run share it."""
        parts = [self.recipe, *(f"no-{table}" for table in self.drops)]
        parts += [
            f"{table}-{key}-{value}"
            for table, keys in self.changes.items()
            for key, value in keys.items()
        ]
        return "-".join(parts)


TABLE2 = (
    Row(TEACHER, "", paper_pbm=(96.9, 92.0)),
    Row("MFCC", "mfcc", paper_pbm=(24.4, 28.7), note=PAIRS),
    Row("MFCC+KD", "mfcc-kd", paper_pbm=(72.4, 56.7)),
    # Window by window, at 1.27 G multiply-accumulates a frame, even scoring takes its time.
    Row(
        "HuBERT-CNN",
        "hubert-cnn",
        hard_to_score=True,
        paper_pbm=(22.8, 26.7),
        note=f"{PAIRS}; {STAND_IN}",
    ),
    Row(
        "HuBERT-CNN+KD", "hubert-cnn-kd", hard_to_score=True, paper_pbm=(90.5, 82.0), note=STAND_IN
    ),
    Row("S0", "s0", paper_pbm=(94.5, 84.7)),
    Row("S1", "s1", paper_pbm=(88.2, 74.7)),
    Row("S1+", "s1-plus", paper_pbm=(89.8, 82.7)),
    Row("S2", "s2", seeds=THREE_SEEDS, paper_pbm=(78.0, 62.0)),
    Row("S2+", "s2-plus", seeds=THREE_SEEDS, paper_pbm=(90.6, 75.3)),
    Row("S3", "s3", paper_pbm=(92.1, 81.3)),
    Row("S3+", "s3-plus", paper_pbm=(92.1, 86.0)),
    Row("S4", "s4", paper_pbm=(81.1, 60.7)),
    Row("S4+", "s4-plus", paper_pbm=(90.6, 72.0)),
    Row("S4+ smooth", "s4-plus", smooth=True, paper_pbm=(86.6, 64.7)),
    Row("S5", "s5", paper_pbm=(76.4, 54.0)),
    Row("S5+", "s5-plus", paper_pbm=(89.8, 67.3)),
    Row("S5+ smooth", "s5-plus", smooth=True, paper_pbm=(81.1, 64.7)),
    Row("S1+ window", "s1-plus-window", note="norm over the window, as the paper has it"),
    Row("S5+ window", "s5-plus-window", note="norm over the window, as the paper has it"),
)
"""The rows of Table 2 in its order, then the two that show what the `step` norm changes."""

TABLE3 = (
    Row(TEACHER, ""),
    Row("S0", "s0"),
    Row("S0 without velocity loss", "s0", changes={"loss": {"velocity": 0.0}}),
    Row("S0 without fine-tuning", "s0", drops=("finetune",)),
)
"""The ablations of § 4.6.2 and § 4.6.3."""

TABLE4 = (
    Row(TEACHER, "", paper_pbm=(68.5, 72.7), note="the files of vertices themselves"),
    Row("components", "", teacher="components", note="the files through the components and back"),
    Row("at rest", "", teacher="at rest", note="a mesh that never moves"),
    Row("MFCC+KD", "mfcc-kd"),
    Row("S0", "s0", paper_pbm=(67.7, 66.7), note="the one student in the paper's table"),
    Row("S2", "s2"),
    Row("S2+", "s2-plus"),
)
"""Students of a mesh (§ 4.8): the paper's one, the baseline, a small one, and that one hybrid."""

TEACHER_WINDOW = (
    Row("T2", "", teacher="voice2face"),
    Row("T2 512 ms", "", teacher="voice2face@512"),
)
"""What the teacher that listens hears (§ 4.6.1): all of an utterance, or 512 ms about a frame."""

TABLES = {
    "table2": TABLE2,
    "table3": TABLE3,
    "table4": TABLE4,
    "teacher-window": TEACHER_WINDOW,
}


def chosen_rows(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """The rows of these labels or recipes, and the teacher's; all where none are named.

    Raises:
        MarotteError: a name is none of theirs.
    """
    if not names:
        return list(rows)
    known = {name for row in rows for name in (row.label, row.recipe) if name}
    for name in names:
        if name not in known:
            raise MarotteError(
                f"there is no row {name!r}: there are {', '.join(row.label for row in rows)}"
            )
    return [row for row in rows if not row.recipe or row.label in names or row.recipe in names]
