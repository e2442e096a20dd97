"""Evaluation: a face, and held-out speech in; figures by speaker, or by language, out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

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
    Smoothed,
    smoothed,
    to_arkit,
)
from marotte.learn.metrics import Closures, closures, jitter, pool
from marotte.learn.utterance import Utterance

CHUNK_UTTERANCES = 24  # what a process is given at a time

Progress = Callable[[int, int], None]
Controls = NDArray[np.float32]


@dataclass(frozen=True)
class Score:
    """Figures of some utterances.

    Attributes:
        who: the speaker (`source/speaker`), the language, or whose face it is, for all.
        minutes: of speech.
        closures: the lip gaps where they count.
        taught: those of the teacher's labels on the same speech, empty where it gave none.
        mse: mean squared error to the teacher's speech controls, NaN where it gave none.
        jitter: mean over utterances, see `metrics.jitter`.
        taught_jitter: that of the teacher's labels, NaN where it gave none.
    """

    who: str
    minutes: float
    closures: Closures
    taught: Closures
    mse: float
    jitter: float
    taught_jitter: float

    @property
    def jitter_ratio(self) -> float:
        """The jitter over the teacher's."""
        return self.jitter / self.taught_jitter if self.taught_jitter else float("nan")

    @property
    def contact_ratio(self) -> float:
        """How long lips touch at /p b m/, over how long the teacher's do."""
        taught = self.taught.mean_contact_ms
        return self.closures.mean_contact_ms / taught if taught else float("nan")


def held_out(store: Store) -> list[str]:
    """The test sets that a corpus has speech of, by name."""
    splits = {split_of(entry) for entry in store.entries()}
    return sorted(split for split in splits if split.startswith("test_"))


def chosen(store: Store, split: str, minutes: float | None = None) -> dict[str, list[str]]:
    """The utterances of a split, by the part they are in.

    With a cap, those are taken that come first by a hash of their id, until there is as much
    speech: the same ones on every machine, of all speakers alike.

    Args:
        store: the corpus.
        split: e.g. `test_clean`.
        minutes: the cap; None for all.
    """
    found = [
        (hashlib.sha256(entry.id.encode()).digest(), part, entry)
        for part in store.parts()
        for entry in store.entries([part])
        if split_of(entry) == split
    ]
    if minutes is not None:
        found.sort(key=lambda each: each[0])
        before_s = np.cumsum([0.0, *(entry.seconds for _, _, entry in found)])[:-1]
        found = found[: int(np.searchsorted(before_s, 60 * minutes))]
    ids: dict[str, list[str]] = {}
    for _, part, entry in sorted(found, key=lambda each: (each[1], each[2].id)):
        ids.setdefault(part, []).append(entry.id)
    return ids


def evaluate(
    face: Predictor,
    store: Store,
    split: str,
    who: str = "all",
    teacher: str = "phonetic",
    progress: Progress | None = None,
    *,
    minutes: float | None = None,
    pool: Executor | None = None,
) -> list[Score]:
    """Score a face on a split of a corpus: a row a speaker or language, and the last for all.

    Args:
        face: what to score.
        store: the corpus.
        split: e.g. `test_clean`; `test_languages` is scored by language.
        who: the face's name, for the last row.
        teacher: whose labels the error is measured against.
        progress: called with how many utterances are done, and of how many.
        minutes: a cap, see `chosen`.
        pool: of `workers.processes`; None computes here.

    Raises:
        MarotteError: the corpus has no speech with phones in that split.
    """
    ids = chosen(store, split, minutes)
    jobs = [
        (face, store.folder, teacher, part, all_of_part[first : first + CHUNK_UTTERANCES])
        for part, all_of_part in ids.items()
        for first in range(0, len(all_of_part), CHUNK_UTTERANCES)
    ]
    rows: dict[str, list[Score]] = {}
    total, done = sum(map(len, ids.values())), 0
    scored = pool.map(_score_part, jobs) if pool else map(_score_part, jobs)
    for job, scores in zip(jobs, scored, strict=True):
        done += len(job[-1])
        for key, each in scores:
            rows.setdefault(key, []).append(each)
        if progress:
            progress(done, total)
    if not rows:
        raise MarotteError(
            f"{store.folder} holds no {split!r} speech with phones: "
            "see `marotte corpus show` for the splits it has"
        )
    by_row = [_total(key, scores) for key, scores in sorted(rows.items())]
    return [*by_row, _total(who, [s for scores in rows.values() for s in scores])]


_Job = tuple[Predictor, Path | str, str, str, list[str]]


def _score_part(job: _Job) -> list[tuple[str, Score]]:
    """Score some utterances of a part, each with the row it belongs to."""
    face, folder, teacher, part, ids = job
    store, head, scores = Store(folder), load_head(), []
    targets = _labels(store, teacher, part, ids)
    is_smooth, bare = isinstance(face, Smoothed), face.face if isinstance(face, Smoothed) else face
    given = _labels(store, bare.name, part, ids) if isinstance(bare, LabelPredictor) else None
    for utterance in store.utterances([part], only=set(ids)):
        if not utterance.phones or (given is not None and utterance.id not in given):
            continue
        controls = bare(utterance) if given is None else given[utterance.id]
        controls = smoothed(controls) if is_smooth else controls
        each = score(head, utterance, controls, targets.get(utterance.id))
        scores.append((_row_of(utterance), each))
    return scores


def _row_of(utterance: Utterance) -> str:
    if split_of(utterance) == "test_languages":
        return utterance.language
    return f"{utterance.source}/{utterance.speaker}"


def _labels(store: Store, teacher: str, part: str, ids: Sequence[str]) -> Mapping[str, Controls]:
    """A teacher's controls [n_frames, 52] at 60 fps of those of some utterances it labelled."""
    if part not in store.labelled_parts(teacher):
        return {}
    labels = store.labels(teacher, part)
    return {
        id: to_arkit(labels.curves[id], labels.names, labels.fps)
        for id in ids
        if id in labels.curves
    }


def score(head: Head, utterance: Utterance, controls: Controls, target: Controls | None) -> Score:
    """Score one utterance's controls [n_frames, 52] against its phones and a teacher's curves."""
    gap = head.lip_gap(controls, ARKIT_52.names)
    speech = [ARKIT_52.index[name] for name in ARKIT_52.speech]
    error = taught_jitter = float("nan")
    taught = pool([])
    if target is not None:
        n = min(len(target), len(controls))
        error = float(np.square(controls[:n, speech] - target[:n, speech]).mean())
        taught = closures(head.lip_gap(target, ARKIT_52.names), FPS, utterance.phones)
        taught_jitter = jitter(lower_lip_mm(head, target), FPS)
    return Score(
        utterance.speaker,
        utterance.seconds / 60,
        closures(gap, FPS, utterance.phones),
        taught,
        error,
        jitter(lower_lip_mm(head, controls), FPS),
        taught_jitter,
    )


def lower_lip_mm(head: Head, controls: Controls) -> NDArray[np.float32]:
    """How far the lower lip's mid vertex is above its place at rest in each frame [n_frames]."""
    moves = head.deltas[:, head.lower_lip, 1]
    weights = np.array([moves[head.names.index(name)] for name in ARKIT_52.names])
    return controls @ weights.astype(np.float32)


def _total(who: str, scores: Iterable[Score]) -> Score:
    scores = list(scores)
    minutes = np.array([s.minutes for s in scores])

    def mean(values: Iterable[float]) -> float:
        """Over the minutes of which it is known."""
        each = np.array(list(values))
        known = np.isfinite(each)
        return float(np.average(each[known], weights=minutes[known])) if known.any() else np.nan

    return Score(
        who,
        float(minutes.sum()),
        pool([s.closures for s in scores]),
        pool([s.taught for s in scores]),
        mean(s.mse for s in scores),
        mean(s.jitter for s in scores),
        mean(s.taught_jitter for s in scores),
    )
