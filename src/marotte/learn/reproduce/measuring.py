"""Measuring a table's rows: trained runs or teachers in, figures per test set and costs out."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from marotte.learn.measure.degraded import DEGRADATIONS, DegradedPredictor
from marotte.learn.measure.evaluate import (
    UtteranceScore,
    combined,
    held_out_splits,
    score_utterances,
)
from marotte.learn.measure.nonspeech import open_shares_by_sound
from marotte.learn.measure.predictors import (
    LabelPredictor,
    Predictor,
    RunPredictor,
    SmoothedPredictor,
    open_predictor,
)
from marotte.learn.reproduce.comparisons import UtteranceLine, utterance_lines, write_lines
from marotte.learn.reproduce.result_cache import cache_key, cached_results
from marotte.learn.reproduce.results import (
    CLEAN,
    NOT_DEGRADED,
    Costs,
    Figures,
    Training,
    figures_of,
)
from marotte.learn.reproduce.rows import Row
from marotte.learn.reproduce.run_costs import run_costs
from marotte.learn.reproduce.runs import TablePlan
from marotte.progress import Progress

VALIDATION = "valid"
OWN_FALSE_CLOSURE = 0.02  # on `valid`, at a row's own threshold


@dataclass(frozen=True)
class ScoredSpeech:
    """How much speech is scored, and by which processes.

    Attributes:
        minutes: minutes of each test set at most; None for all.
        pool: processes from `learn.processes.process_pool`; None scores in this process.
    """

    minutes: float | None
    pool: Executor | None = None


def measure_teacher(row: Row, plan: TablePlan, teacher: str, speech: ScoredSpeech) -> list[Figures]:
    """Return the figures of the teacher's labels, or of the teacher that the row names."""
    figures: list[Figures] = []
    predictor = open_predictor(plan.store, row.teacher) if row.teacher else LabelPredictor(teacher)
    own_mm = _own_threshold_mm(predictor, plan, teacher, speech)
    for split in held_out_splits(plan.store):
        scores = _scores(predictor, plan, split, teacher, speech)
        figures += [
            figures_of(row.label, -1, Training(), NOT_DEGRADED, split, each, own_mm)
            for each in combined(scores)
        ]
    return figures


def measure(
    row: Row, seed: int, plan: TablePlan, speech: ScoredSpeech, progress: Progress | None = None
) -> tuple[list[Figures], Costs]:
    """Return the figures and costs of a trained run, from its folder if they are cached there."""
    from marotte.learn.train import checkpoint

    folder = plan.folder(row, seed)
    state = checkpoint.read_checkpoint(folder / checkpoint.CHECKPOINT_FILE)
    key = cache_key(state, plan, speech.minutes)
    predictor: Predictor = RunPredictor(folder)
    predictor = SmoothedPredictor(predictor) if row.smooth else predictor

    def compute() -> tuple[list[Figures], Costs]:
        figures = _all_figures(row, seed, plan, predictor, state, speech, progress)
        return figures, run_costs(row, seed, folder, open_shares_by_sound(predictor), key)

    path = folder / f"figures{'-smooth' if row.smooth else ''}.json"
    return cached_results(row, path, key, Figures, compute)


def _all_figures(
    row: Row,
    seed: int,
    plan: TablePlan,
    predictor: Predictor,
    state: dict[str, Any],
    speech: ScoredSpeech,
    progress: Progress | None,
) -> list[Figures]:
    """Score a predictor on every test set, and on the clean one with each degradation."""
    teacher, training = state["recipe"]["teacher"], Training.of(state)
    own_mm = _own_threshold_mm(predictor, plan, teacher, speech)
    figures: list[Figures] = []
    lines: list[UtteranceLine] = []
    splits = held_out_splits(plan.store)
    conditions = [(NOT_DEGRADED, split) for split in splits]
    if CLEAN in splits:
        conditions += [(degradation, CLEAN) for degradation in DEGRADATIONS]
    for degradation, split in conditions:
        listener = (
            predictor if degradation == NOT_DEGRADED else DegradedPredictor(predictor, degradation)
        )
        scores = _scores(listener, plan, split, teacher, speech, progress)
        figures += [
            figures_of(row.label, seed, training, degradation, split, each, own_mm)
            for each in combined(scores)
        ]
        if degradation == NOT_DEGRADED:
            lines += utterance_lines(split, scores, own_mm)
    write_lines(row, plan.folder(row, seed), lines)
    return figures


def _own_threshold_mm(
    predictor: Predictor, plan: TablePlan, teacher: str, speech: ScoredSpeech
) -> float:
    """Return the lip gap at or below which 2 % of the open vowels of `valid` lie, in mm.

    At a fixed threshold, students that have not yet learnt small lip gaps close nothing. At equal
    false closure, their order is seen early and late in training.
    """
    corpus = plan.store.splits()
    if all(corpus.of(entry) != VALIDATION for entry in plan.store.entries()):
        return float("nan")
    scores = _scores(predictor, plan, VALIDATION, teacher, speech)
    return combined(scores)[-1].closures.threshold_mm(OWN_FALSE_CLOSURE)


def _scores(
    predictor: Predictor,
    plan: TablePlan,
    split: str,
    teacher: str,
    speech: ScoredSpeech,
    progress: Progress | None = None,
) -> list[UtteranceScore]:
    return score_utterances(
        predictor, plan.store, split, teacher, progress, minutes=speech.minutes, pool=speech.pool
    )
