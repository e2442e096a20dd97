"""Predictors to evaluate: a student file, a training run or a teacher in; curves at 60 fps out.

A predictor is a small value that can be sent to other processes. Each process opens the student,
run or teacher once, at first use.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording
from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.infer.offline import animate, windows_at
from marotte.learn.data.splits import HELD_OUT
from marotte.learn.data.store import Store
from marotte.learn.teachers import Teacher, open_teacher
from marotte.learn.utterance import Utterance
from marotte.model.session import Student, load_student
from marotte.model.smoothing import NONE, Smoothing, ensemble, ensembles, moments
from marotte.model.timing import n_frames
from marotte.names import is_name

if TYPE_CHECKING:
    from marotte.learn.models.face_net import FaceNet
    from marotte.learn.models.student import StudentNet

FPS = 60.0
BLOCK_FRAMES = 512  # frames per call of a network's front end: under a minute of sound


class Predictor(Protocol):
    """A function from an utterance to controls [n_frames, 52] at 60 fps."""

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the controls."""
        ...


@dataclass(frozen=True)
class StudentPredictor:
    """An exported student, by its name or file; None is the default student."""

    source: str | None = None

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the controls."""
        return animate(recording_of(utterance), _student(self.source), FPS, close=False).controls


@dataclass(frozen=True)
class RunPredictor:
    """A training run's checkpoint: the same controls as the exported student, but faster."""

    folder: Path

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the controls."""
        net = open_net(self.folder)
        controls = ARKIT_52.neutral(n_frames(recording_of(utterance).n_samples, FPS))
        columns = [ARKIT_52.index[name] for name in net.config.names]
        controls[:, columns] = outputs_of(net, recording_of(utterance), FPS)
        return ARKIT_52.clamp(controls)


@dataclass(frozen=True)
class TeacherPredictor:
    """A teacher that computes its curves anew."""

    name: str

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the controls."""
        teacher = _teacher(self.name)
        return to_arkit(teacher.curves(utterance), teacher.rig.names, teacher.fps)


@dataclass(frozen=True)
class LabelPredictor:
    """A teacher's labels in the corpus, for the utterances that have labels."""

    name: str

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """Raise TypeError: an utterance does not hold its labels; `evaluate` reads them."""
        raise TypeError(f"labels of {self.name!r} are read from the corpus, not predicted")


@dataclass(frozen=True)
class StoredLabelPredictor:
    """A teacher's labels of single utterances, each read from the corpus when it is asked for."""

    store: Store
    name: str

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the controls.

        Raises:
            MarotteError: the utterance has no label.
        """
        controls = stored_label(self.store, self.name, utterance.id)
        if controls is not None:
            return controls
        raise MarotteError(
            f"{utterance.id} of {self.store.folder} has no label of {self.name!r}: run "
            f"marotte label {self.store.folder} --teacher {self.name}"
        )


@dataclass(frozen=True)
class SmoothedPredictor:
    """A predictor smoothed by eq. 8: each frame is the mean of itself and its two neighbours."""

    predictor: Predictor

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the controls."""
        return smooth_controls(self.predictor(utterance))


def open_student(source: str | None, smooth: bool = False) -> tuple[str, Predictor]:
    """Return the name and the predictor of a student.

    Args:
        source: the student's name, its file or the folder of its run; None for the default.
        smooth: whether to smooth by eq. 8. The name then ends in `smooth`. A student that is
            smoothed by itself is returned as it is.

    Raises:
        MarotteError: there is no such student.
    """
    if source and Path(source).is_dir():
        name, predictor, smoothing = _open_run(Path(source))
    else:
        name, predictor, smoothing = _open_file(source)
    if smooth and smoothing == NONE:
        return f"{name} smooth", SmoothedPredictor(predictor)
    return name, predictor


def _open_file(source: str | None) -> tuple[str, Predictor, Smoothing]:
    """Return an exported student's name, its predictor and its own smoothing."""
    student = _student(source)
    return student.name, StudentPredictor(source), student.contract.smoothing


def _open_run(folder: Path) -> tuple[str, Predictor, Smoothing]:
    """Return a run's name, its predictor and its student's own smoothing."""
    from marotte.learn.train import checkpoint

    state = checkpoint.read_checkpoint(folder / checkpoint.CHECKPOINT_FILE)
    others = sorted(set(state["names"]) - set(ARKIT_52.names))
    if others:
        raise MarotteError(
            f"the run {folder} drives {others[0]!r}, which is not one of ARKit's controls: score "
            "a student of a mesh with `marotte mesh score`"
        )
    smoothing = open_net(folder).config.smoothing
    return state["recipe"]["name"], RunPredictor(folder), smoothing


def open_predictor(store: Store, teacher: str, splits: Collection[str] = HELD_OUT) -> Predictor:
    """Return a teacher's labels if it has labelled all speech of the splits, else the teacher.

    Raises:
        MarotteError: there is no such teacher.
    """
    if has_labelled(store, teacher, splits):
        return LabelPredictor(teacher)
    open_teacher(teacher)
    return TeacherPredictor(teacher)


def has_labelled(store: Store, teacher: str, splits: Collection[str] = HELD_OUT) -> bool:
    """Whether a corpus has speech of these splits and the teacher is done with all of it."""
    if not is_name(teacher):  # a run, such as `voice2face:RUN`: labels have the name of a teacher
        return False
    labelled, has_held_out = set(store.labelled_parts(teacher)), False
    corpus = store.splits()
    for part in store.parts() if labelled else ():
        ids = {entry.id for entry in store.entries([part]) if corpus.of(entry) in splits}
        settled = store.label_status(teacher, part) if part in labelled and ids else None
        if ids and (settled is None or not ids <= settled.labelled | settled.left_out.keys()):
            return False
        has_held_out = has_held_out or bool(ids)
    return has_held_out


def stored_label(store: Store, teacher: str, id: str) -> NDArray[np.float32] | None:
    """Return a teacher's label of an utterance [n_frames, 52] at 60 fps; None if there is none."""
    part = _parts_by_id(store, teacher).get(id)
    if part is None:
        return None
    labels = _labels(store, teacher, part)
    return to_arkit(labels.curves[id], labels.names, labels.fps)


def smooth_controls(controls: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each frame [n_frames, n_controls] and its neighbours: eq. 8 at 60 fps.

    Example:
        >>> smooth_controls(np.array([[0], [3], [0]], np.float32)).tolist()
        [[1.0], [1.0], [1.0]]
    """
    padded = np.concatenate([controls[:1], controls, controls[-1:]])
    return ensemble([padded[:-2], padded[1:-1], padded[2:]])


def to_arkit(
    curves: NDArray[np.floating], names: tuple[str, ...], fps: float
) -> NDArray[np.float32]:
    """Return curves [n, len(names)] as ARKit controls [n_frames, 52] at 60 fps.

    Frames are interpolated linearly. Curves that are not ARKit's are left out.

    Example:
        >>> to_arkit(np.zeros((3, 1)), ("jawOpen",), 30.0).shape
        (6, 52)
    """
    count = max(1, round(len(curves) * FPS / fps))
    controls = ARKIT_52.neutral(count)
    known = [name for name in names if name in ARKIT_52.index]
    values = np.asarray(curves[:, [names.index(name) for name in known]], np.float32)
    if fps != FPS:
        position = np.minimum(np.arange(count) * fps / FPS, len(curves) - 1)
        before = position.astype(np.int64)
        share = (position - before).astype(np.float32)[:, None]
        after = np.minimum(before + 1, len(curves) - 1)
        values = values[before] * (1 - share) + values[after] * share
    controls[:, [ARKIT_52.index[name] for name in known]] = values
    return controls


def outputs_of(net: FaceNet, recording: Recording, fps: float) -> NDArray[np.float32]:
    """Return a network's outputs [n_frames, n_outputs] for a recording, before clamping.

    If the front end does not depend on the window (norm `step`), its steps are computed once and
    shared by all windows that begin on the same grid of 10 ms. Otherwise every window is computed
    by itself. The student's own smoothing is applied.

    Args:
        net: the network, in evaluation mode.
        recording: the sound.
        fps: frames per second.
    """
    import torch

    from marotte.learn.models.student import StudentNet

    moments_of_frames = moments(0, n_frames(recording.n_samples, fps), fps, net.config.smoothing)
    unique = np.unique(moments_of_frames)
    with torch.inference_mode():
        if isinstance(net, StudentNet) and net.config.norm == "step":
            answers = _by_shared_steps(net, recording.read(), unique)
        else:
            batches = windows_at(recording, net.config.window, unique)
            answers = np.concatenate(
                [net(torch.from_numpy(batch.copy())).controls.numpy() for batch in batches]
            )
    return ensembles(answers, unique, moments_of_frames)


def _by_shared_steps(
    net: StudentNet, samples: NDArray[np.float32], moments: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return outputs [n_moments, n_outputs] of a network whose steps are independent of windows.

    Args:
        net: the network.
        samples: the whole sound [n_samples] at 16 kHz.
        moments: the sample at which each output is wanted [n_moments], in order.
    """
    import torch

    from marotte.learn.train.engine.forward import predict_windows, steps_at_half_hop
    from marotte.model.timing import STEP_SAMPLES

    window, half, width = net.config.window, STEP_SAMPLES // 2, 2 * net.n_steps - 1
    starts = moments - min(0, int(moments[0]))  # in the padded sound
    before = window.past_samples - min(0, int(moments[0]))
    padded = torch.from_numpy(np.pad(samples, (before, 2 * window.n_samples)))
    result = np.zeros((len(starts), len(net.config.names)), np.float32)
    for phase in np.unique(starts % half):
        on_grid = np.flatnonzero(starts % half == phase)
        for block in np.split(on_grid, range(BLOCK_FRAMES, len(on_grid), BLOCK_FRAMES)):
            first, last = int(starts[block[0]]), int(starts[block[-1]]) + window.n_samples
            steps = steps_at_half_hop(net, padded[None, first:last])[0]
            first_steps = torch.from_numpy((starts[block] - first) // half)
            windows = steps.unfold(0, width, 1)[first_steps, :, ::2]
            result[block] = predict_windows(net, windows).controls.numpy()
    return result


def recording_of(utterance: Utterance) -> Recording:
    """Return an utterance's sound as a recording."""
    return Recording.from_samples(utterance.samples, utterance.rate)


@lru_cache(maxsize=2)
def _parts_by_id(store: Store, teacher: str) -> dict[str, str]:
    """Return the part of each utterance that a teacher has labelled, by id."""
    parts: dict[str, str] = {}
    for part in store.labelled_parts(teacher):
        status = store.label_status(teacher, part)
        parts.update(dict.fromkeys(status.labelled if status else (), part))
    return parts


_labels = lru_cache(maxsize=2)(Store.labels)


@lru_cache(maxsize=4)
def _student(source: str | None) -> Student:
    return load_student(source)


@lru_cache(maxsize=4)
def open_net(folder: Path) -> FaceNet:
    """Return the network of a run's checkpoint, in evaluation mode with batch norms folded."""
    from marotte.learn.models.student import StudentNet, fold_batch_norms
    from marotte.learn.train.checkpoint import CHECKPOINT_FILE, load_net

    net, _ = load_net(folder / CHECKPOINT_FILE)
    return fold_batch_norms(net) if isinstance(net, StudentNet) else net


@lru_cache(maxsize=4)
def _teacher(name: str) -> Teacher:
    return open_teacher(name)
