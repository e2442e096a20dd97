"""Faces to score: students, teachers and folders of curves, each a function of a take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.loaders.files import CURVES, read_take_curves
from marotte.learn.capture.take import Clip, Take
from marotte.learn.capture.words import WORDS_LANGUAGE, phones_of_words, words_between
from marotte.learn.data.captured import CapturedCurves, resample
from marotte.learn.data.labels import frame_count
from marotte.learn.errors import Skip
from marotte.learn.measure.predictors import FPS, Predictor, open_student
from marotte.learn.teachers import Teacher, open_teacher
from marotte.learn.utterance import Phone, Utterance

Controls = NDArray[np.float32]


class Face(Protocol):
    """A face that moves with a take's sound."""

    @property
    def name(self) -> str:
        """Name in the tables."""
        ...

    def controls(self, take: Take, fps: float, clips: Sequence[Clip]) -> Controls:
        """Return ARKit controls [n_frames, 52] at k / fps seconds of the take's sound.

        Args:
            take: the take, with its sound; its curves are not looked at.
            fps: frames per second.
            clips: the clips that will be scored; a face that is computed clip by clip may leave
                the others at rest.

        Raises:
            Skip: the face can't move with this take.
            MarotteError: it does not exist.
        """
        ...


@dataclass(frozen=True)
class StudentFace:
    """A student, by its name, file or run folder."""

    name: str
    predictor: Predictor

    def controls(self, take: Take, fps: float, clips: Sequence[Clip]) -> Controls:
        """Return the controls."""
        return _at(self.predictor(utterance_of(take)), FPS, fps, take.seconds)


@dataclass(frozen=True)
class TeacherFace:
    """A teacher that computes its curves anew."""

    name: str
    teacher: Teacher

    def controls(self, take: Take, fps: float, clips: Sequence[Clip]) -> Controls:
        """Return the controls; those of a teacher that needs phones are computed clip by clip."""
        if not self.teacher.needs_phones:
            return self._curves(utterance_of(take), fps)
        if not take.words:
            raise Skip(f"the teacher {self.name} needs phones, and the take has no words")
        result = ARKIT_52.neutral(frame_count(take.seconds, fps))
        for clip in clips or (Clip(take.name, 0.0, take.seconds),):
            part = self._curves(spoken_clip(take, clip), fps)
            first = round(clip.start_s * fps)
            count = min(len(part), len(result) - first)
            result[first : first + count] = part[:count]
        return result

    def _curves(self, utterance: Utterance, fps: float) -> Controls:
        rig, curves = self.teacher.rig, self.teacher.curves(utterance)
        return _at(curves, self.teacher.fps, fps, utterance.seconds, rig.names)


@dataclass(frozen=True)
class CurvesFace:
    """Files of curves: `TAKE.csv`, .json or .npz in a folder, or `TAKE.FACE.csv`."""

    name: str
    folder: Path

    def controls(self, take: Take, fps: float, clips: Sequence[Clip]) -> Controls:
        """Return the controls."""
        for stem in (take.name, f"{take.name}.{self.name}"):
            for ending in CURVES:
                if (path := self.folder / f"{stem}{ending}").is_file():
                    return self._read(path, take, fps)
        raise MarotteError(
            f"there are no curves of the take {take.name} in {self.folder}: expected "
            f"{take.name}.csv, .json or .npz"
        )

    @staticmethod
    def _read(path: Path, take: Take, fps: float) -> Controls:
        try:
            return resample(read_take_curves(path, take.samples), take.seconds, fps)
        except Skip as error:
            raise MarotteError(f"can't use {path}: {error}") from error


def open_faces(
    students: Sequence[str], teachers: Sequence[str], curves: Mapping[str, Path]
) -> list[Face]:
    """Open students, teachers and folders of curves.

    Raises:
        MarotteError: one does not exist, or two have the same name.
    """
    faces: list[Face] = [StudentFace(*open_student(each)) for each in students]
    for name in teachers:
        faces.append(TeacherFace(name, open_teacher(name)))
    for name, folder in curves.items():
        if not folder.is_dir():
            raise MarotteError(f"there is no folder {folder} of the curves {name!r}")
        faces.append(CurvesFace(name, folder))
    names = [face.name for face in faces]
    if len(set(names)) < len(names):
        raise MarotteError(f"faces need names of their own, got {', '.join(names)}")
    return faces


def utterance_of(take: Take, phones: tuple[Phone, ...] = ()) -> Utterance:
    """Return a take's sound as an utterance."""
    return Utterance(
        f"{take.source}/{take.name}", take.source, take.source, WORDS_LANGUAGE, "", "",
        take.samples, SAMPLE_RATE, phones,
    )  # fmt: skip


def spoken_clip(take: Take, clip: Clip) -> Utterance:
    """Return a clip as an utterance, with the phones of its words.

    Raises:
        MarotteError: the packages of the aligner are not installed.
    """
    first, last = (round(each * SAMPLE_RATE) for each in (clip.start_s, clip.end_s))
    words = words_between(take.words, clip.start_s, clip.end_s)
    samples, text = take.samples[first:last], " ".join(each.text for each in words)
    return Utterance(
        f"{take.source}/{clip.name}", take.source, take.source, WORDS_LANGUAGE, "", text,
        samples, SAMPLE_RATE, phones_of_words(samples, words),
    )  # fmt: skip


def _at(
    curves: NDArray[np.floating],
    from_fps: float,
    fps: float,
    seconds: float,
    names: Sequence[str] = ARKIT_52.names,
) -> Controls:
    """Return curves at another frame rate as ARKit controls [n_frames, 52]."""
    time_s = np.arange(len(curves)) / from_fps
    stored = CapturedCurves(names, time_s, np.asarray(curves, np.float64), seconds)
    return resample(stored, seconds, fps)
