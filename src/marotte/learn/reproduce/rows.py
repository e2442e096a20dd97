"""The rows of the paper's tables: each is a recipe, or an evaluation of a recipe's run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from marotte.errors import MarotteError
from marotte.names import LONGEST_NAME

TEACHER = "T"
THREE_SEEDS = (0, 1, 2)
PAIRS = "trained on the small set of clean speech only"
STAND_IN = "the frozen convolutions are those of Whisper base, in place of HuBERT's"
WINDOW_NORM = "norm over the window, as in the paper"


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        label: the row's name in the table, e.g. `S4+ smooth`.
        recipe: the recipe file's name without its ending; empty for a teacher.
        teacher: of a teacher's row, the teacher's name; empty for the teacher of the other rows.
        smooth: whether curves are smoothed by eq. 8; the network is the same.
        seeds: the seeds of the training runs.
        changes: changes to the recipe, as tables of it.
        drops: tables of the recipe to leave out.
        against: the label of the plain row that a hybrid row is compared with; empty for none.
        paper_pbm: the paper's PBM accuracies in % on its test-clean and test-other, if known.
        note: a note on the row for readers.
    """

    label: str
    recipe: str
    teacher: str = ""
    smooth: bool = False
    seeds: tuple[int, ...] = (0,)
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    drops: tuple[str, ...] = ()
    against: str = ""
    paper_pbm: tuple[float, float] | None = None
    note: str = ""

    @property
    def run(self) -> str:
        """The name of the row's training runs; several evaluations of one run share it.

        Example:
            >>> Row("S0 without fine-tuning", "s0", drops=("finetune",)).run
            's0-no-finetune'
        """
        parts = [self.recipe, *(f"no-{table}" for table in self.drops)]
        parts += [
            f"{table}-{key}-{value}"
            for table, keys in self.changes.items()
            for key, value in keys.items()
        ]
        name = "-".join(parts)
        if len(name) <= LONGEST_NAME:
            return name
        digest = sha256(name.encode()).hexdigest()[:12]
        return f"{name[: LONGEST_NAME - len(digest) - 1]}-{digest}"


TABLE2 = (
    Row(TEACHER, "", paper_pbm=(96.9, 92.0)),
    Row("MFCC", "mfcc", paper_pbm=(24.4, 28.7), note=PAIRS),
    Row("MFCC+KD", "mfcc-kd", paper_pbm=(72.4, 56.7)),
    Row(
        "HuBERT-CNN",
        "hubert-cnn",
        paper_pbm=(22.8, 26.7),
        note=f"{PAIRS}; {STAND_IN}",
    ),
    Row("HuBERT-CNN+KD", "hubert-cnn-kd", paper_pbm=(90.5, 82.0), note=STAND_IN),
    Row("S0", "s0", paper_pbm=(94.5, 84.7)),
    Row("S1", "s1", paper_pbm=(88.2, 74.7)),
    Row("S1+", "s1-plus", against="S1", paper_pbm=(89.8, 82.7)),
    Row("S2", "s2", seeds=THREE_SEEDS, paper_pbm=(78.0, 62.0)),
    Row("S2+", "s2-plus", seeds=THREE_SEEDS, against="S2", paper_pbm=(90.6, 75.3)),
    Row("S3", "s3", paper_pbm=(92.1, 81.3)),
    Row("S3+", "s3-plus", against="S3", paper_pbm=(92.1, 86.0)),
    Row("S4", "s4", seeds=THREE_SEEDS, paper_pbm=(81.1, 60.7)),
    Row("S4+", "s4-plus", seeds=THREE_SEEDS, against="S4", paper_pbm=(90.6, 72.0)),
    Row("S4+ smooth", "s4-plus", smooth=True, seeds=THREE_SEEDS, paper_pbm=(86.6, 64.7)),
    Row("S5", "s5", paper_pbm=(76.4, 54.0)),
    Row("S5+", "s5-plus", against="S5", paper_pbm=(89.8, 67.3)),
    Row("S5+ smooth", "s5-plus", smooth=True, paper_pbm=(81.1, 64.7)),
    Row("S1+ window", "s1-plus-window", note=WINDOW_NORM),
    Row("S5+ window", "s5-plus-window", note=WINDOW_NORM),
)
"""The rows of Table 2 in the paper's order, then two rows with the paper's norm.

The other students have the norm `step`; the two rows show its effect.
"""

TABLE3 = (
    Row(TEACHER, ""),
    Row("S0", "s0"),
    Row("S0 without velocity loss", "s0", changes={"loss": {"velocity": 0.0}}),
    Row("S0 without fine-tuning", "s0", drops=("finetune",)),
)
"""The ablations of § 4.6.2 and § 4.6.3."""

TABLE4 = (
    Row(TEACHER, "", paper_pbm=(68.5, 72.7), note="the files of vertices"),
    Row(
        "components",
        "",
        teacher="components",
        note="the files of vertices, encoded as components and decoded",
    ),
    Row("at rest", "", teacher="at rest", note="a mesh that never moves"),
    Row("MFCC+KD", "mfcc-kd"),
    Row("S0", "s0", paper_pbm=(67.7, 66.7), note="the only student in the paper's table"),
    Row("S2", "s2"),
    Row("S2+", "s2-plus"),
)
"""Students of a mesh (§ 4.8): the paper's, a baseline, a small one and its hybrid."""

HYBRID = (
    Row(TEACHER, ""),
    Row("offline", "offline"),
    *(
        row
        for student in ("live", "tiny")
        for row in (
            Row(student, student, seeds=THREE_SEEDS),
            *(
                Row(f"{student} + {loss}", f"{student}-{loss}", seeds=THREE_SEEDS, against=student)
                for loss in ("feature", "attention", "both")
            ),
        )
    ),
)
"""A second family: `mel` front ends and lip losses, plain and hybrid; `offline` teaches them."""

TEACHER_WINDOW = (
    Row("T2", "", teacher="voice2face"),
    Row("T2 512 ms", "", teacher="voice2face@512"),
)
"""Voice2Face with the whole utterance, or with 512 ms about each frame (§ 4.6.1)."""

TABLES = {
    "table2": TABLE2,
    "table3": TABLE3,
    "table4": TABLE4,
    "hybrid": HYBRID,
    "teacher-window": TEACHER_WINDOW,
}


def choose_rows(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Return the rows with the given labels or recipes and all teachers; all rows without names.

    Raises:
        MarotteError: no row has such a name.

    Example:
        >>> [row.label for row in choose_rows(TABLE2, ["S2"])]
        ['T', 'S2']
    """
    if not names:
        return list(rows)
    known = {name for row in rows for name in (row.label, row.recipe) if name}
    for name in names:
        if name not in known:
            raise MarotteError(
                f"there is no row {name!r}: choose from {', '.join(row.label for row in rows)}"
            )
    return [row for row in rows if not row.recipe or row.label in names or row.recipe in names]
