"""What people think (§ 4.5): students and speech in, a folder to rate blindly; answers in, a plot.

The folder holds videos, teacher left and student right, in a shuffled order, and a page that shows
them. Neither says who is who: that stands in `key.json`, which stays with who made the folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from marotte.errors import MarotteError
from marotte.learn.data.splits import split_of
from marotte.learn.data.store import Store
from marotte.learn.measure.plot_style import COLOURS, figure
from marotte.learn.measure.predictors import Predictor, TeacherPredictor
from marotte.learn.utterance import Utterance
from marotte.paths import replacing

SHORTEST_S, LONGEST_S = 3.0, 8.0
LOWEST, HIGHEST = 1, 10  # the teacher is a 10

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Trial:
    """One video to be rated.

    Attributes:
        video: its file in the folder.
        student: who is on the right.
        utterance: the id of what is said.
    """

    video: str
    student: str
    utterance: str


def clips(
    store: Store, count: int, splits: Sequence[str] = ("test_other", "test_clean")
) -> list[str]:
    """Ids of utterances to be shown: of each speaker in turn, by a hash of their ids.

    Raises:
        MarotteError: there are too few.
    """
    by_speaker: dict[str, list[str]] = {}
    entries = [
        entry
        for entry in store.entries()
        if split_of(entry) in splits and SHORTEST_S <= entry.seconds <= LONGEST_S and entry.text
    ]
    for entry in sorted(entries, key=lambda e: hashlib.sha256(e.id.encode()).digest()):
        by_speaker.setdefault(f"{entry.source}/{entry.speaker}", []).append(entry.id)
    if len(entries) < count:
        raise MarotteError(
            f"{store.folder} holds {len(entries)} clips of {SHORTEST_S:g} to {LONGEST_S:g} s in "
            f"its test sets, not {count}: ask for fewer by --clips"
        )
    rounds = range(max(map(len, by_speaker.values())))
    in_turn = [ids[n] for n in rounds for _, ids in sorted(by_speaker.items()) if n < len(ids)]
    return in_turn[:count]


def make(
    students: Mapping[str, Predictor],
    store: Store,
    folder: Path,
    teacher: str = "phonetic",
    count: int = 10,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Trial]:
    """Write the folder: a video a student and clip, the page, and the key.

    Args:
        students: by name.
        store: the corpus with the test sets.
        folder: is made; what stands there is replaced.
        teacher: who is on the left.
        count: clips a student.
        seed: of the order.
        progress: told what goes on, how much of it is done and of how much.

    Raises:
        MarotteError: there are too few clips, the extra `video` is missing, or the folder can't be
            written.
    """
    from marotte.learn.measure.videos import film

    pairs = [(student, id) for id in clips(store, count) for student in students]
    order = np.random.default_rng(seed).permutation(len(pairs))
    said = {each.id: each for each in _utterances(store, {id for _, id in pairs})}
    trials: list[Trial] = []
    for number, place in enumerate(order, start=1):
        student, id = pairs[int(place)]
        video = f"clip-{number:03}.mp4"
        faces = {"teacher": TeacherPredictor(teacher), "student": students[student]}
        film(said[id], faces, folder / video)
        trials.append(Trial(video, student, id))
        if progress:
            progress("filming", number, len(pairs))
    key = {"study": study_of(trials), "seed": seed, "trials": [vars(trial) for trial in trials]}
    _write(folder / "key.json", json.dumps(key, indent=1))
    _write(folder / "index.html", page(key["study"], [trial.video for trial in trials]))
    return trials


def study_of(trials: Sequence[Trial]) -> str:
    """A name that answers and key share, so that none is read with another's key."""
    text = json.dumps([vars(trial) for trial in trials])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def page(study: str, videos: Sequence[str]) -> str:
    """The page's HTML: it knows the videos, and not who is in them."""
    template = (files("marotte.learn") / "rating.html").read_text("utf-8")
    facts = json.dumps({"study": study, "videos": list(videos)}).replace("<", "\\u003c")
    return template.replace("{{facts}}", facts)


def read_answers(key: Path, answers: Sequence[Path]) -> dict[str, list[float]]:
    """Each student's scores: a mean for each person who rated it, as the paper has them.

    Raises:
        MarotteError: a file is missing, damaged, or of another study.
    """
    said = _read(key)
    try:
        student = {trial["video"]: trial["student"] for trial in said["trials"]}
        scores: dict[str, list[float]] = {name: [] for name in dict.fromkeys(student.values())}
        for path in answers:
            given = _read(path)
            if given["study"] != said["study"]:
                raise MarotteError(
                    f"{path} answers the study {given['study']}, the key {key} is of "
                    f"{said['study']}: give the key.json of the folder it was rated in"
                )
            of: dict[str, list[float]] = {}
            for video, answer in given["answers"].items():
                of.setdefault(student[video], []).append(_score(answer["score"], path))
            for name, each in of.items():
                scores[name].append(mean(each))
    except (KeyError, TypeError, AttributeError) as error:
        raise MarotteError(
            f"the answers, or their key, are not of a rating page ({error!r}): download them anew"
        ) from error
    if not any(scores.values()):
        raise MarotteError("nobody rated anything: rate some videos, then download the answers")
    return {name: each for name, each in scores.items() if each}


def _score(value: Any, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int) or not LOWEST <= value <= HIGHEST:
        raise MarotteError(f"{path} holds the score {value!r}: scores are {LOWEST} to {HIGHEST}")
    return float(value)


def plot(scores: Mapping[str, Sequence[float]], path: Path) -> None:
    """Fig. 10: a box a student over the means of those who rated it, each of them a dot."""
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
        axis.set(ylabel="lip sync, the teacher being a 10", ylim=(LOWEST - 0.5, HIGHEST + 0.5))
        axis.set_yticks(range(LOWEST, HIGHEST + 1))
        axis.set_title(f"{raters} {'person' if raters == 1 else 'people'}; a dot is one's mean")
        axis.tick_params(axis="x", labelrotation=20)


def _utterances(store: Store, ids: set[str]) -> list[Utterance]:
    found: list[Utterance] = []
    for part in store.parts():
        here = {entry.id for entry in store.entries([part])} & ids
        if here:
            found += store.utterances([part], only=here)
    return found


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MarotteError(f"can't read {path} ({error}): give a JSON file of a rating") from error
