"""Evaluation: a predictor and held-out speech in; scores by speaker or language out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.head import Head
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.data.splits import split_of
from marotte.learn.data.store import Store
from marotte.learn.measure.predictors import (
    FPS,
    LabelPredictor,
    Predictor,
    SmoothedPredictor,
    smooth_controls,
    to_arkit,
)
from marotte.learn.metrics import Closures, closures, jitter, pool
from marotte.learn.utterance import Utterance
from marotte.progress import Progress

CHUNK_UTTERANCES = 24  # utterances per job of a process

Controls = NDArray[np.float32]


@dataclass(frozen=True)
class Score:
    """The metrics of one or more utterances.

    Attributes:
        name: the speaker (`source/speaker`), the language, or for all speech the predictor's name.
        minutes: minutes of speech.
        closures: the lip gaps at bilabials and open vowels.
        teacher_closures: those of the teacher's labels on the same speech; empty without labels.
        mse: mean squared error to the teacher's speech controls; NaN without labels.
        jitter: the mean over utterances, see `metrics.jitter`.
        teacher_jitter: the jitter of the teacher's labels; NaN without labels.
    """

    name: str
    minutes: float
    closures: Closures
    teacher_closures: Closures
    mse: float
    jitter: float
    teacher_jitter: float

    @property
    def jitter_ratio(self) -> float:
        """The jitter divided by the teacher's."""
        return self.jitter / self.teacher_jitter if self.teacher_jitter else float("nan")

    @property
    def contact_ratio(self) -> float:
        """The mean contact at /p b m/ divided by the teacher's."""
        teacher_ms = self.teacher_closures.mean_contact_ms
        return self.closures.mean_contact_ms / teacher_ms if teacher_ms else float("nan")


def held_out_splits(store: Store) -> list[str]:
    """Return the test sets that a corpus has speech of; without any, `valid` where it has that."""
    corpus = store.splits()
    splits = {corpus.of(entry) for entry in store.entries()}
    tests = sorted(split for split in splits if split.startswith("test_"))
    return tests or sorted(splits & {"valid"})


def choose_utterances(
    store: Store, split: str, minutes: float | None = None
) -> dict[str, list[str]]:
    """Return the ids of a split's utterances, by the part that holds them.

    With a cap on the minutes, utterances are taken in the order of a hash of their ids. The choice
    is therefore the same on every machine and does not favour a speaker.

    Args:
        store: the corpus.
        split: e.g. `test_clean`.
        minutes: the cap; None for all.
    """
    splits = store.splits()
    entries = [
        (hashlib.sha256(entry.id.encode()).digest(), part, entry)
        for part in store.parts()
        for entry in store.entries([part])
        if splits.of(entry) == split
    ]
    if minutes is not None:
        entries.sort(key=lambda each: each[0])
        before_s = np.cumsum([0.0, *(entry.seconds for _, _, entry in entries)])[:-1]
        entries = entries[: int(np.searchsorted(before_s, 60 * minutes))]
    ids: dict[str, list[str]] = {}
    for _, part, entry in sorted(entries, key=lambda each: (each[1], each[2].id)):
        ids.setdefault(part, []).append(entry.id)
    return ids


class UtteranceScore(NamedTuple):
    """The score of one utterance.

    Attributes:
        id: the utterance's id.
        row: the row of a table that it belongs to: its speaker or language.
        score: its metrics.
    """

    id: str
    row: str
    score: Score


def evaluate(
    predictor: Predictor,
    store: Store,
    split: str,
    name: str = "all",
    teacher: str = "phonetic",
    progress: Progress | None = None,
    *,
    minutes: float | None = None,
    pool: Executor | None = None,
) -> list[Score]:
    """Score a predictor on a split: one row per speaker or language, then one row for all.

    Args:
        predictor: the predictor to score.
        store: the corpus.
        split: e.g. `test_clean`; `test_languages` is scored by language.
        name: the predictor's name, for the last row.
        teacher: the teacher whose labels the error is measured against.
        progress: called with the number of utterances done and their total.
        minutes: a cap, see `choose_utterances`.
        pool: processes from `learn.processes.process_pool`; None computes in this process.

    Raises:
        MarotteError: the corpus has no speech with phones in that split.
    """
    scores = score_utterances(
        predictor, store, split, teacher, progress, minutes=minutes, pool=pool
    )
    return combined(scores, name)


def combined(scores: Sequence[UtteranceScore], name: str = "all") -> list[Score]:
    """Return the rows of `evaluate` from the scores of utterances."""
    rows: dict[str, list[Score]] = {}
    for each in scores:
        rows.setdefault(each.row, []).append(each.score)
    by_row = [_combined(key, of_row) for key, of_row in sorted(rows.items())]
    return [*by_row, _combined(name, [each for of_row in rows.values() for each in of_row])]


def score_utterances(
    predictor: Predictor,
    store: Store,
    split: str,
    teacher: str = "phonetic",
    progress: Progress | None = None,
    *,
    minutes: float | None = None,
    pool: Executor | None = None,
) -> list[UtteranceScore]:
    """Score a predictor on each utterance of a split; see `evaluate`.

    Raises:
        MarotteError: the corpus has no speech with phones in that split.
    """
    ids = choose_utterances(store, split, minutes)
    jobs = [
        (predictor, store.folder, teacher, part, part_ids[first : first + CHUNK_UTTERANCES])
        for part, part_ids in ids.items()
        for first in range(0, len(part_ids), CHUNK_UTTERANCES)
    ]
    found: list[UtteranceScore] = []
    total, done = sum(map(len, ids.values())), 0
    results = pool.map(_score_job, jobs) if pool else map(_score_job, jobs)
    for job, scores in zip(jobs, results, strict=True):
        done += len(job[-1])
        found += scores
        if progress:
            progress(done, total)
    if not found:
        raise MarotteError(
            f"{store.folder} holds no {split!r} speech with phones: "
            "list its splits with `marotte corpus show`"
        )
    return found


_Job = tuple[Predictor, Path | str, str, str, list[str]]


def _score_job(job: _Job) -> list[UtteranceScore]:
    """Score some utterances of a part."""
    predictor, folder, teacher, part, ids = job
    store, head = Store(folder), load_head()
    scores: list[UtteranceScore] = []
    targets = _labels(store, teacher, part, ids)
    is_smoothed = isinstance(predictor, SmoothedPredictor)
    inner = predictor.predictor if isinstance(predictor, SmoothedPredictor) else predictor
    labels = _labels(store, inner.name, part, ids) if isinstance(inner, LabelPredictor) else None
    for utterance in store.utterances([part], ids=set(ids)):
        if not utterance.phones or (labels is not None and utterance.id not in labels):
            continue
        controls = inner(utterance) if labels is None else labels[utterance.id]
        controls = smooth_controls(controls) if is_smoothed else controls
        each = score(head, utterance, controls, targets.get(utterance.id))
        scores.append(UtteranceScore(utterance.id, _row_key(utterance), each))
    return scores


def _row_key(utterance: Utterance) -> str:
    if split_of(utterance) == "test_languages":
        return utterance.language
    return f"{utterance.source}/{utterance.speaker}"


def _labels(store: Store, teacher: str, part: str, ids: Sequence[str]) -> Mapping[str, Controls]:
    """Return a teacher's labels as controls [n_frames, 52] at 60 fps, by utterance id."""
    if part not in store.labelled_parts(teacher):
        return {}
    labels = store.labels(teacher, part)
    return {
        id: to_arkit(labels.curves[id], labels.names, labels.fps)
        for id in ids
        if id in labels.curves
    }


def score(head: Head, utterance: Utterance, controls: Controls, target: Controls | None) -> Score:
    """Score one utterance.

    Args:
        head: the head whose lips are measured.
        utterance: the speech with its phones.
        controls: the predictor's controls [n_frames, 52].
        target: the teacher's controls [n_frames, 52], or None.
    """
    gap = head.lip_gap(controls, ARKIT_52.names)
    speech = [ARKIT_52.index[name] for name in ARKIT_52.speech]
    mse = teacher_jitter = float("nan")
    teacher_closures = pool([])
    if target is not None:
        n = min(len(target), len(controls))
        mse = float(np.square(controls[:n, speech] - target[:n, speech]).mean())
        teacher_closures = closures(head.lip_gap(target, ARKIT_52.names), FPS, utterance.phones)
        teacher_jitter = jitter(lower_lip_mm(head, target), FPS)
    return Score(
        utterance.speaker,
        utterance.seconds / 60,
        closures(gap, FPS, utterance.phones),
        teacher_closures,
        mse,
        jitter(lower_lip_mm(head, controls), FPS),
        teacher_jitter,
    )


def lower_lip_mm(head: Head, controls: Controls) -> NDArray[np.float32]:
    """Return the height of the lower lip's middle above its place at rest [n_frames], in mm."""
    moves = head.deltas[:, head.lower_lip, 1]
    weights = np.array([moves[head.names.index(name)] for name in ARKIT_52.names])
    return controls @ weights.astype(np.float32)


def _combined(name: str, scores: Iterable[Score]) -> Score:
    """Combine the scores of utterances into one row."""
    scores = list(scores)
    minutes = np.array([s.minutes for s in scores])

    def mean(values: Iterable[float]) -> float:
        """Return the mean weighted by minutes, without unknown values."""
        each = np.array(list(values))
        known = np.isfinite(each)
        return float(np.average(each[known], weights=minutes[known])) if known.any() else np.nan

    return Score(
        name,
        float(minutes.sum()),
        pool([s.closures for s in scores]),
        pool([s.teacher_closures for s in scores]),
        mean(s.mse for s in scores),
        mean(s.jitter for s in scores),
        mean(s.teacher_jitter for s in scores),
    )
