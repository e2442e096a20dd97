"""Scores of the rows of a table: runs in, one line per run and test set out.

Besides the fixed threshold of 1.5 mm, lip closures are counted at a threshold per row: the lip gap
at or below which 2 % of the open vowels of `valid` lie. So rows can be compared at equal false
closure, early in their training too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path

from marotte.learn.data.store import Store
from marotte.learn.measure.evaluate import Score, evaluate
from marotte.learn.measure.predictors import RunPredictor
from marotte.learn.reproduce.measuring import OWN_FALSE_CLOSURE, VALIDATION
from marotte.learn.reproduce.results import Training
from marotte.learn.train.checkpoint import CHECKPOINT_FILE, damage_refused, read_checkpoint


@dataclass(frozen=True)
class RowScore:
    """The scores of a row on one test set.

    Attributes:
        row: the run's name.
        frames: number of frames that it was trained on.
        split: the test set.
        minutes: minutes of speech.
        pbm: see `metrics.Closures`; at 1.5 mm, like `false_closure`.
        false_closure: see `metrics.Closures`.
        auc: see `metrics.Closures`.
        own_mm: the row's own threshold.
        own_pbm: share of /p b m/ that are closed at the row's own threshold.
        own_false: share of open vowels that are closed at it.
        mse: mean squared error to the teacher's curves.
        jitter: see `metrics.jitter`.
        teacher_jitter: the teacher's.
    """

    row: str
    frames: int
    split: str
    minutes: float
    pbm: float
    false_closure: float
    auc: float
    own_mm: float
    own_pbm: float
    own_false: float
    mse: float
    jitter: float
    teacher_jitter: float


def score_run(
    folder: Path,
    store: Store,
    splits: Sequence[str],
    teacher: str = "phonetic",
    minutes: float | None = None,
    pool: Executor | None = None,
) -> list[RowScore]:
    """Score a run on test sets.

    Args:
        folder: the run's folder.
        store: the corpus.
        splits: the test sets.
        teacher: the teacher whose labels the error is measured against.
        minutes: a cap on the speech of each split; None for all.
        pool: see `evaluate`.
    """
    path = folder / CHECKPOINT_FILE
    stored = read_checkpoint(path)
    with damage_refused(path):
        frames = Training.of(stored).frames
    predictor = RunPredictor(folder)

    def score(split: str) -> Score:
        return evaluate(predictor, store, split, "all", teacher, minutes=minutes, pool=pool)[-1]

    threshold_mm = score(VALIDATION).closures.threshold_mm(OWN_FALSE_CLOSURE)
    return [_row_score(folder.name, frames, each, score(each), threshold_mm) for each in splits]


def _row_score(row: str, frames: int, split: str, score: Score, threshold_mm: float) -> RowScore:
    closures = score.closures
    return RowScore(
        row=row,
        frames=frames,
        split=split,
        minutes=score.minutes,
        pbm=closures.pbm,
        false_closure=closures.false_closure,
        auc=closures.auc,
        own_mm=threshold_mm,
        own_pbm=closures.pbm_at(threshold_mm),
        own_false=closures.false_closure_at(threshold_mm),
        mse=score.mse,
        jitter=score.jitter,
        teacher_jitter=score.teacher_jitter,
    )


def as_table(scores: Sequence[RowScore]) -> str:
    """Return scores as a Markdown table."""
    columns = ["row", "frames", "test set", "PBM", "false", "AUC", "own mm", "PBM own", "false own"]
    columns += ["MSE", "jitter"]
    header = "| " + " | ".join(columns) + " |"
    rule = "|" + "---|" * len(columns)
    percent: Callable[[float], str] = "{:.1%}".format
    rows = [
        f"| {x.row} | {x.frames / 1e6:.2f} M | {x.split} | {percent(x.pbm)} | "
        f"{percent(x.false_closure)} | {x.auc:.4f} | {x.own_mm:.2f} | {percent(x.own_pbm)} | "
        f"{percent(x.own_false)} | {x.mse:.5f} | {x.jitter:.3f} |"
        for x in scores
    ]
    return "\n".join([header, rule, *rows])


def as_csv(scores: Sequence[RowScore]) -> str:
    """Return scores as CSV, with a header."""
    rows = [asdict(each) for each in scores]
    return "\n".join([",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)])
