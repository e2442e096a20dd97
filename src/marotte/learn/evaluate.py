"""Evaluation: a student or a teacher, and held-out speech in; figures by speaker out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from marotte.audio import Recording
from marotte.errors import MarotteError
from marotte.head import Head, load_head
from marotte.learn.metrics import Closures, closures, jitter, pool
from marotte.learn.splits import split_of
from marotte.learn.store import Store
from marotte.learn.teachers import Teacher
from marotte.learn.utterance import Utterance
from marotte.pipeline import animate
from marotte.rig import ARKIT_52
from marotte.runtime import Student

FPS = 60.0


class Face(Protocol):
    """Whatever gives an utterance a face: controls [n_frames, 52] at 60 fps."""

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """The controls."""
        ...


@dataclass(frozen=True)
class Score:
    """Figures of some utterances.

    Attributes:
        who: the speaker (`source/speaker`), or whose face it is, for all speakers.
        minutes: of speech.
        closures: the lip gaps where they count.
        mse: mean squared error to the teacher's speech controls, NaN where it gave none.
        jitter: mean over utterances, see `metrics.jitter`.
    """

    who: str
    minutes: float
    closures: Closures
    mse: float
    jitter: float


def student_face(student: Student) -> Face:
    """The face an exported student gives."""
    return lambda utterance: (
        animate(Recording.from_samples(utterance.samples, utterance.rate), student, FPS).controls
    )


def teacher_face(teacher: Teacher) -> Face:
    """The face a teacher gives."""
    return teacher.curves


def held_out(store: Store) -> list[str]:
    """The test sets that a corpus has speech of, by name."""
    splits = {split_of(entry) for entry in store.entries()}
    return sorted(split for split in splits if split.startswith("test_"))


def evaluate(
    face: Face,
    store: Store,
    split: str,
    who: str = "all",
    teacher: str = "phonetic",
    progress: Callable[[int, int], None] | None = None,
) -> list[Score]:
    """Score a face on a split of a corpus: one row a speaker, and the last for all of them.

    Args:
        face: what to score.
        store: the corpus.
        split: e.g. `test_clean`.
        who: the face's name, for the last row.
        teacher: whose labels the error is measured against.
        progress: called after each utterance with how many are done, and of how many.

    Raises:
        MarotteError: the corpus has no speech with phones in that split.
    """
    head = load_head()
    rows: dict[str, list[Score]] = {}
    total = sum(split_of(entry) == split for entry in store.entries())
    for done, (utterance, target) in enumerate(_utterances_of(store, split, teacher), start=1):
        controls = face(utterance)
        rows.setdefault(f"{utterance.source}/{utterance.speaker}", []).append(
            score(head, utterance, controls, target)
        )
        if progress:
            progress(done, total)
    if not rows:
        raise MarotteError(
            f"{store.folder} holds no {split!r} speech with phones: "
            "see `marotte corpus show` for the splits it has"
        )
    speakers = [_total(who, scores) for who, scores in sorted(rows.items())]
    return [*speakers, _total(who, [s for scores in rows.values() for s in scores])]


def score(
    head: Head,
    utterance: Utterance,
    controls: NDArray[np.float32],
    target: NDArray[np.float32] | None,
) -> Score:
    """Score one utterance's controls [n_frames, 52] against its phones and a teacher's curves."""
    gap = head.lip_gap(controls, ARKIT_52.names)
    speech = [ARKIT_52.index[name] for name in ARKIT_52.speech]
    error = float("nan")
    if target is not None:
        n = min(len(target), len(controls))
        error = float(np.square(controls[:n, speech] - target[:n, speech]).mean())
    height = _lower_lip_mm(head, controls)
    return Score(
        utterance.speaker,
        utterance.seconds / 60,
        closures(gap, FPS, utterance.phones),
        error,
        jitter(height, FPS),
    )


def _lower_lip_mm(head: Head, controls: NDArray[np.float32]) -> NDArray[np.float32]:
    """The height of the lower lip's mid vertex in each frame [n_frames]."""
    moves = head.deltas[:, head.lower_lip, 1]
    weights = np.array([moves[head.names.index(name)] for name in ARKIT_52.names])
    return controls @ weights.astype(np.float32)


def _utterances_of(
    store: Store, split: str, teacher: str
) -> Iterator[tuple[Utterance, NDArray[np.float32] | None]]:
    labelled = set(store.labelled(teacher))
    for part in store.parts():
        if not any(split_of(entry) == split for entry in store.entries([part])):
            continue
        curves = store.labels(teacher, part).curves if part in labelled else {}
        for utterance in store.utterances([part]):
            if split_of(utterance) == split and utterance.phones:
                target = curves.get(utterance.id)
                yield utterance, None if target is None else target.astype(np.float32)


def _total(who: str, scores: Iterable[Score]) -> Score:
    scores = list(scores)
    minutes = np.array([s.minutes for s in scores])
    error = np.array([s.mse for s in scores])
    known = np.isfinite(error)
    mse = np.average(error[known], weights=minutes[known]) if known.any() else float("nan")
    return Score(
        who,
        float(minutes.sum()),
        pool([s.closures for s in scores]),
        float(mse),
        float(np.average([s.jitter for s in scores], weights=minutes)),
    )
