"""Ratings by people (§ 4.5): a folder of videos to rate blindly, and a plot of the answers.

The folder holds videos in a shuffled order, teacher left and student right, and a page that shows
them. Neither the videos nor the page name the student. The file `key.json` does: keep it back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from marotte.config import parse_json
from marotte.errors import MarotteError
from marotte.learn.data.schema import Entry
from marotte.learn.data.store import Store
from marotte.learn.measure.plot_style import COLOURS, figure
from marotte.learn.measure.predictors import Predictor, TeacherPredictor
from marotte.learn.utterance import Utterance
from marotte.paths import replacing
from marotte.progress import StageProgress

SHORTEST_S, LONGEST_S = 3.0, 8.0
SPLITS = ("test_other", "test_clean")  # in English, which raters understand
LOWEST, HIGHEST = 1, 10  # the teacher is a 10


@dataclass(frozen=True)
class Trial:
    """One video to rate.

    Attributes:
        video: the video's file name in the folder.
        student: the name of the student on the right.
        utterance: the id of the utterance.
    """

    video: str
    student: str
    utterance: str


def choose_clips(store: Store, count: int) -> list[str]:
    """Return the ids of utterances to show: one speaker after the other, by a hash of the ids.

    They are of the test sets in `SPLITS`, or of a corpus without these of `valid`.

    Raises:
        MarotteError: there are too few utterances.
    """
    by_speaker: dict[str, list[str]] = {}
    corpus = store.splits()
    by_split: dict[str, list[Entry]] = {}
    for entry in store.entries():
        if SHORTEST_S <= entry.seconds <= LONGEST_S and entry.text:
            by_split.setdefault(corpus.of(entry), []).append(entry)
    tests = [entry for split in SPLITS for entry in by_split.get(split, ())]
    entries = tests or by_split.get("valid", [])
    for entry in sorted(entries, key=lambda e: hashlib.sha256(e.id.encode()).digest()):
        by_speaker.setdefault(f"{entry.source}/{entry.speaker}", []).append(entry.id)
    if len(entries) < count:
        raise MarotteError(
            f"the held-out speech of {store.folder} has {len(entries)} clips of {SHORTEST_S:g} to "
            f"{LONGEST_S:g} s with a text, not {count}: ask for fewer with --clips"
        )
    rounds = range(max(map(len, by_speaker.values())))
    in_turn = [ids[n] for n in rounds for _, ids in sorted(by_speaker.items()) if n < len(ids)]
    return in_turn[:count]


def make_study(
    students: Mapping[str, Predictor],
    store: Store,
    folder: Path,
    teacher: str = "phonetic",
    count: int = 10,
    seed: int = 0,
    progress: StageProgress | None = None,
) -> list[Trial]:
    """Write a folder to rate: one video per student and clip, the page and the key.

    Args:
        students: the students by name.
        store: a corpus with test sets.
        folder: the existing folder to write to; files in it are replaced.
        teacher: the teacher's name, shown on the left.
        count: the number of clips per student.
        seed: the seed of the videos' order.
        progress: called with the current stage, the number of videos done and their total.

    Raises:
        MarotteError: there are too few clips, the extra `video` is missing, or the folder can't be
            written.
    """
    from marotte.learn.measure.videos import write_comparison

    pairs = [(student, id) for id in choose_clips(store, count) for student in students]
    order = np.random.default_rng(seed).permutation(len(pairs))
    utterances = {each.id: each for each in _utterances(store, {id for _, id in pairs})}
    trials: list[Trial] = []
    for number, place in enumerate(order, start=1):
        student, id = pairs[int(place)]
        video = f"clip-{number:03}.mp4"
        predictors = {"teacher": TeacherPredictor(teacher), "student": students[student]}
        write_comparison(utterances[id], predictors, folder / video)
        trials.append(Trial(video, student, id))
        if progress:
            progress("writing videos", number, len(pairs))
    key = {"study": study_id(trials), "seed": seed, "trials": [vars(trial) for trial in trials]}
    _write(folder / "key.json", json.dumps(key, indent=1))
    _write(folder / "index.html", page(key["study"], [trial.video for trial in trials]))
    return trials


def study_id(trials: Sequence[Trial]) -> str:
    """Return the id that answers and key share, so that they can't be mixed up.

    Example:
        >>> len(study_id([Trial("clip-001.mp4", "S0", "queen/naomi/0")]))
        12
    """
    text = json.dumps([vars(trial) for trial in trials])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def page(study: str, videos: Sequence[str]) -> str:
    """Return the page's HTML, which names the videos but not the students.

    Example:
        >>> '"videos": ["clip-001.mp4"]' in page("0123456789ab", ["clip-001.mp4"])
        True
    """
    template = (files("marotte.learn.measure") / "rating.html").read_text("utf-8")
    facts = json.dumps({"study": study, "videos": list(videos)}).replace("<", "\\u003c")
    return template.replace("{{facts}}", facts)


def read_answers(key: Path, answers: Sequence[Path]) -> dict[str, list[float]]:
    """Return each student's scores: one mean per person who rated the student, as in the paper.

    Raises:
        MarotteError: a file is missing, damaged or belongs to another study.
    """
    study = _read(key)
    try:
        student = {trial["video"]: trial["student"] for trial in study["trials"]}
        scores: dict[str, list[float]] = {name: [] for name in dict.fromkeys(student.values())}
        for path in answers:
            answer_file = _read(path)
            if answer_file["study"] != study["study"]:
                raise MarotteError(
                    f"{path} answers the study {answer_file['study']}, but {key} belongs to the "
                    f"study {study['study']}: give the key.json of the folder that was rated"
                )
            by_student: dict[str, list[float]] = {}
            for video, answer in answer_file["answers"].items():
                score = _score(answer["score"], path)
                by_student.setdefault(student[video], []).append(score)
            for name, each in by_student.items():
                scores[name].append(mean(each))
    except (KeyError, TypeError, AttributeError) as error:
        raise MarotteError(
            f"the answers or their key are not of a rating page ({error!r}): download them again"
        ) from error
    if not any(scores.values()):
        raise MarotteError("nobody rated a video: rate some, then download the answers again")
    return {name: each for name, each in scores.items() if each}


def _score(value: Any, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int) or not LOWEST <= value <= HIGHEST:
        raise MarotteError(f"{path} holds the score {value!r}: scores are {LOWEST} to {HIGHEST}")
    return float(value)


def plot(scores: Mapping[str, Sequence[float]], path: Path) -> None:
    """Draw Fig. 10: one box per student over the people's mean scores, each shown as a dot."""
    names = list(scores)
    raters = max(map(len, scores.values()))
    with figure(path, (2.2 + 1.1 * len(names), 4.8)) as (_, axis):
        axis.boxplot(
            [scores[name] for name in names],
            tick_labels=names,
            widths=0.5,
            showfliers=False,
            medianprops={"color": COLOURS[1], "linewidth": 2},
        )
        random = np.random.default_rng(0)
        for place, name in enumerate(names, start=1):
            at = place + random.uniform(-0.1, 0.1, len(scores[name]))
            axis.plot(at, scores[name], "o", color=COLOURS[0], alpha=0.6, markersize=5)
        axis.set(ylabel="lip sync (the teacher is a 10)", ylim=(LOWEST - 0.5, HIGHEST + 0.5))
        axis.set_yticks(range(LOWEST, HIGHEST + 1))
        axis.set_title(f"{raters} {'person' if raters == 1 else 'people'}; dots are people's means")
        axis.tick_params(axis="x", labelrotation=20)


def _utterances(store: Store, ids: set[str]) -> list[Utterance]:
    utterances: list[Utterance] = []
    for part in store.parts():
        in_part = {entry.id for entry in store.entries([part])} & ids
        if in_part:
            utterances += store.utterances([part], ids=in_part)
    return utterances


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _read(path: Path) -> Any:
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MarotteError(f"can't read {path} ({error}): give a JSON file of a rating") from error
