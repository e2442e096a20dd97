"""Whose face is measured: a student file, a training run or a teacher in; curves at 60 fps out.

A face is a small value that other processes can be given: what it stands for is opened where it
is used, once a process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording
from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.infer.offline import animate, windows_at
from marotte.learn.data.splits import split_of
from marotte.learn.data.store import Store
from marotte.learn.teachers import Teacher, open_teacher
from marotte.learn.utterance import Utterance
from marotte.model.session import Student, load_student
from marotte.model.smoothing import NONE, Smoothing, ensemble, ensembles, moments
from marotte.model.timing import n_frames

FPS = 60.0
BLOCK_FRAMES = 512  # of a network's front end: under a minute of sound at a time


class Predictor(Protocol):
    """Whatever gives an utterance a face: controls [n_frames, 52] at 60 fps."""

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """The controls."""
        ...


@dataclass(frozen=True)
class StudentPredictor:
    """The face an exported student gives, by its name or file; None is the default student."""

    source: str | None = None

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """The controls."""
        return animate(recording_of(utterance), _student(self.source), FPS).controls


@dataclass(frozen=True)
class RunPredictor:
    """The face of a training run's checkpoint: the same as its exported student's, but sooner."""

    folder: Path

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """The controls."""
        net = open_net(self.folder)
        controls = ARKIT_52.neutral(n_frames(recording_of(utterance).n_samples, FPS))
        columns = [ARKIT_52.index[name] for name in net.config.names]
        controls[:, columns] = outputs_of(net, recording_of(utterance), FPS)
        return ARKIT_52.clamp(controls)


@dataclass(frozen=True)
class TeacherPredictor:
    """The face a teacher gives, made anew."""

    name: str

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """The controls."""
        teacher = _teacher(self.name)
        return to_arkit(teacher.curves(utterance), teacher.rig.names, teacher.fps)


@dataclass(frozen=True)
class LabelPredictor:
    """The face a teacher gave: its labels in the corpus, where there are any."""

    name: str

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """Labels lie beside an utterance, not in it: `evaluate` reads them."""
        raise TypeError(f"labels of {self.name!r} are read from the corpus, not made")


@dataclass(frozen=True)
class Smoothed:
    """A face by the ensemble of eq. 8: each frame is the mean of itself and its neighbours."""

    face: Predictor

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """The controls."""
        return smoothed(self.face(utterance))


def open_student(source: str | None, smooth: bool = False) -> tuple[str, Predictor]:
    """A student's name and face, by its name, its file, or the folder of the run that made it.

    With `smooth`, the face by eq. 8 and a name that says so, unless it is a mean already.

    Raises:
        MarotteError: there is none.
    """
    name, face, own = _open_run(Path(source)) if source and Path(source).is_dir() else _open(source)
    return (f"{name} smooth", Smoothed(face)) if smooth and own == NONE else (name, face)


def _open(source: str | None) -> tuple[str, Predictor, Smoothing]:
    """An exported student's name, its face, and the moments that is the mean of."""
    student = _student(source)
    return student.name, StudentPredictor(source), student.contract.smoothing


def _open_run(folder: Path) -> tuple[str, Predictor, Smoothing]:
    """The same of a run."""
    from marotte.learn.train import checkpoint

    state = checkpoint.read(folder / checkpoint.FILE)
    others = sorted(set(state["names"]) - set(ARKIT_52.names))
    if others:
        raise MarotteError(
            f"the run {folder} drives {others[0]!r}, which is none of ARKit's controls: a "
            "student of a mesh is scored by `marotte mesh score`"
        )
    shape = state["recipe"]["student"]
    own = Smoothing(shape.get("smooth_behind", 0), shape.get("smooth_ahead", 0))
    return state["recipe"]["name"], RunPredictor(folder), own


def open_predictor(store: Store, teacher: str) -> Predictor:
    """A teacher's face: its labels if it has labelled all that is not trained on, else itself.

    Raises:
        MarotteError: there is no such teacher.
    """
    if has_labelled(store, teacher):
        return LabelPredictor(teacher)
    open_teacher(teacher)
    return TeacherPredictor(teacher)


def has_labelled(store: Store, teacher: str) -> bool:
    """Whether a teacher is done with all speech that is not trained on, and there is some."""
    labelled, asked = set(store.labelled_parts(teacher)), False
    for part in store.parts() if labelled else ():
        ids = {entry.id for entry in store.entries([part]) if split_of(entry) != "train"}
        settled = store.label_status(teacher, part) if part in labelled and ids else None
        if ids and (settled is None or not ids <= settled.labelled | settled.left_out.keys()):
            return False
        asked = asked or bool(ids)
    return asked


def smoothed(controls: NDArray[np.float32]) -> NDArray[np.float32]:
    """Eq. 8 at 60 fps: the ensemble of each frame [n_frames, n_controls] and its neighbours."""
    padded = np.concatenate([controls[:1], controls, controls[-1:]])
    return ensemble([padded[:-2], padded[1:-1], padded[2:]])


def to_arkit(
    curves: NDArray[np.floating], names: tuple[str, ...], fps: float
) -> NDArray[np.float32]:
    """Curves [n, len(names)] of any rate as controls [n_frames, 52] at 60 fps, linearly."""
    count = max(1, round(len(curves) * FPS / fps))
    controls = ARKIT_52.neutral(count)
    known = [name for name in names if name in ARKIT_52.index]
    values = np.asarray(curves[:, [names.index(name) for name in known]], np.float32)
    if fps != FPS:
        place = np.minimum(np.arange(count) * fps / FPS, len(curves) - 1)
        low = place.astype(np.int64)
        share = (place - low).astype(np.float32)[:, None]
        after = np.minimum(low + 1, len(curves) - 1)
        values = values[low] * (1 - share) + values[after] * share
    controls[:, [ARKIT_52.index[name] for name in known]] = values
    return controls


def outputs_of(net: Any, recording: Recording, fps: float) -> NDArray[np.float32]:
    """A network's bare answers [n_frames, n_outputs] for a recording.

    Where the front end knows nothing of its window, its steps are computed once for all windows
    that begin on the same grid of 20 ms, and are shared; else window by window. A student that
    is made for a mean of moments answers with that.

    Args:
        net: a `StudentNet`, or any network like it, in evaluation mode.
        recording: the sound.
        fps: frames a second.
    """
    import torch

    from marotte.learn.models.student import StudentNet

    lanes = moments(0, n_frames(recording.n_samples, fps), fps, net.config.smoothing)
    asked = np.unique(lanes)
    with torch.inference_mode():
        if isinstance(net, StudentNet) and net.config.norm == "step":
            answers = _by_shared_steps(net, recording.read(), asked)
        else:
            batches = windows_at(recording, net.config.window, asked)
            answers = np.concatenate(
                [net(torch.from_numpy(batch.copy())).controls.numpy() for batch in batches]
            )
    return ensembles(answers, asked, lanes)


def _by_shared_steps(
    net: Any, samples: NDArray[np.float32], asked: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Answers [n_moments, n_outputs] of a network whose steps depend on no window."""
    import torch

    from marotte.model.timing import STEP_SAMPLES

    window = net.config.window
    starts = asked - min(0, int(asked[0]))  # in the padded sound
    before = window.past_samples - min(0, int(asked[0]))
    padded = torch.from_numpy(np.pad(samples, (before, 2 * window.n_samples)))
    result = np.zeros((len(starts), len(net.config.names)), np.float32)
    for phase in np.unique(starts % STEP_SAMPLES):
        on_grid = np.flatnonzero(starts % STEP_SAMPLES == phase)
        for block in np.split(on_grid, range(BLOCK_FRAMES, len(on_grid), BLOCK_FRAMES)):
            first, last = int(starts[block[0]]), int(starts[block[-1]]) + window.n_samples
            steps = net.project(net.steps(padded[None, first:last]))[0]
            place = torch.from_numpy((starts[block] - first) // STEP_SAMPLES)
            windows = steps.unfold(1, net.n_steps, 1)[:, place].transpose(0, 1)
            result[block] = net.face(windows).controls.numpy()
    return result


def recording_of(utterance: Utterance) -> Recording:
    """An utterance's sound."""
    return Recording.from_samples(utterance.samples, utterance.rate)


@lru_cache(maxsize=4)
def _student(source: str | None) -> Student:
    return load_student(source)


@lru_cache(maxsize=4)
def open_net(folder: Path) -> Any:
    """The network of a run's checkpoint, in evaluation mode, its batch norms folded away."""
    from marotte.learn.models.student import StudentNet, fold_batch_norms
    from marotte.learn.train.checkpoint import FILE, load_net

    net, _ = load_net(folder / FILE)
    return fold_batch_norms(net) if isinstance(net, StudentNet) else net


@lru_cache(maxsize=4)
def _teacher(name: str) -> Teacher:
    return open_teacher(name)
