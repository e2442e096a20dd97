"""The Python API: a student's name in; a `Model`, which animates recordings and streams, out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.channels import AUTO
from marotte.audio.recording import Recording, open_recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.face.animation import Animation
from marotte.face.loading import load_rig
from marotte.face.mesh import ENDING, Mesh, load_mesh
from marotte.face.rig import ARKIT_52, Rig
from marotte.infer import offline
from marotte.infer.stream import Stream
from marotte.model.session import DEFAULT_STUDENT, Student, load_student, shipped_students
from marotte.model.timing import DEFAULT_FPS
from marotte.postprocess.motion import Motion
from marotte.postprocess.processors import make_processors, process
from marotte.progress import Progress

Sound = str | os.PathLike[str] | BinaryIO | NDArray[np.floating[Any]] | Recording
"""What `Model.animate` reads: a path, a file object, samples [n] or [n, channels], a recording."""


@final
class Model:
    """A student that is ready to animate. `load` makes one.

    A model keeps nothing between two calls, so one model serves any number of recordings and
    streams.

    Attributes:
        student: the network's session and contract.
        mesh: the mesh whose components the student's controls are, or None.

    Example:
        >>> import marotte
        >>> model = marotte.load("live")
        >>> model
        Model('live', 52 controls of arkit52, 81 ms of look-ahead)
        >>> animation = model.animate("voice.wav", fps=60)
        >>> animation.save("face.csv")
    """

    def __init__(self, student: Student, mesh: Mesh | None = None) -> None:
        """Wrap a student; `load` is the usual way to make a model."""
        self.student = student
        self.mesh = mesh

    def __repr__(self) -> str:
        """Return the name, the rig and the delay."""
        rig = self.student.rig
        return (
            f"Model({self.name!r}, {len(rig.names)} controls of {rig.name}, "
            f"{self.lookahead_ms:.0f} ms of look-ahead)"
        )

    @property
    def name(self) -> str:
        """Name of the student."""
        return self.student.name

    @property
    def rig(self) -> Rig:
        """The rig of the animations, unless they are retargeted."""
        return self.student.rig

    @property
    def lookahead_ms(self) -> float:
        """Sound needed after a frame's moment, in ms: look-ahead and the student's smoothing."""
        return self.student.delay_ms

    def animate(
        self,
        sound: Sound,
        rate: int | None = None,
        fps: float = DEFAULT_FPS,
        *,
        smooth: bool | None = None,
        retarget: str | os.PathLike[str] | None = None,
        gain: float = 1.0,
        effort: float | str = 1.0,
        mood: str = "neutral",
        intensity: float = 0.6,
        gaze: bool = False,
        idle_motion: bool = False,
        seed: int = 0,
        channel: int | str = AUTO,
        level: bool = True,
        progress: Progress | None = None,
    ) -> Animation:
        """Animate a recording: frame k is the face at exactly k / fps seconds.

        Args:
            sound: the path of a sound file (`open_recording` lists the kinds), a file object opened
                in binary mode, or samples as soundfile reads them: floats [n] or [n, channels]
                within -1..1.
            rate: sample rate in Hz; needed for samples, and only for them.
            fps: frames per second, 0.001 to 1000.
            smooth: whether each frame is the mean of neighbouring predictions, which reduces
                jitter; None for the student's own setting.
            retarget: the path of a retarget file (`docs/formats.md`).
            gain: the factor of all movements of mouth and jaw, 0 to 3; closed lips stay closed.
            effort: the factor of the mouth's opening, 0.5 to 2, or `"auto"`: loud speech opens the
                mouth wider, soft speech less.
            mood: happy, angry, sad, fear, surprised, disgusted or neutral; the lip gap stays.
            intensity: how strong the mood is, 0 to 1.
            gaze: whether the eyes move: they look at the camera, around it, and away at times.
            idle_motion: whether to add blinks and small movements of head and brows.
            seed: the seed of gaze and idle motion; the same seed gives the same motion.
            channel: which channel holds the voice, as in `open_recording`.
            level: whether quiet and loud speech is brought to a usual level.
            progress: called with the number of frames done and the total.

        Raises:
            MarotteError: the sound or an option can't be used.

        Example:
            >>> import numpy as np, marotte
            >>> model = marotte.load("live")
            >>> samples = np.zeros((48_000, 2))  # one second of stereo
            >>> len(model.animate(samples, rate=48_000, fps=30))
            30
        """
        recording = as_recording(sound, rate, channel)
        motion = Motion(gain, effort, mood, intensity, gaze, idle_motion, seed)
        processors = make_processors(self.rig, SAMPLE_RATE, motion, retarget=retarget)
        animation = offline.animate(recording, self.student, fps, progress, smooth, level=level)
        if self.mesh:
            animation = replace(animation, mesh=self.mesh)
        return process(animation, processors)

    def stream(
        self,
        rate: int = SAMPLE_RATE,
        fps: float = DEFAULT_FPS,
        *,
        smooth: bool | None = None,
        retarget: str | os.PathLike[str] | None = None,
        gain: float = 1.0,
        effort: float | str = 1.0,
        mood: str = "neutral",
        intensity: float = 0.6,
        gaze: bool = False,
        idle_motion: bool = False,
        seed: int = 0,
        level: bool = True,
    ) -> Stream:
        """Start a live stream: push samples as they come, and get frames when they are complete.

        Args:
            rate: sample rate of the sound to come, in Hz, 8000 or more.
            fps: frames per second, 0.001 to 1000.
            smooth: as in `animate`; each later prediction adds 16.7 ms of delay.
            retarget: as in `animate`.
            gain: as in `animate`.
            effort: as in `animate`.
            mood: as in `animate`.
            intensity: as in `animate`.
            gaze: as in `animate`.
            idle_motion: as in `animate`.
            seed: as in `animate`.
            level: as in `animate`.

        Raises:
            MarotteError: an option can't be used.

        Example:
            >>> import numpy as np, marotte
            >>> stream = marotte.load("live").stream(rate=48_000, fps=60)
            >>> frames = []
            >>> for block in np.split(np.zeros(48_000), 10):
            ...     frames += stream.push(block)
            >>> frames += stream.flush()
            >>> len(frames)
            60
        """
        motion = Motion(gain, effort, mood, intensity, gaze, idle_motion, seed)
        processors = make_processors(self.rig, rate, motion, retarget=retarget)
        return Stream(self.student, rate, fps, smooth, processors, level=level)


def load(
    name: str | os.PathLike[str] = DEFAULT_STUDENT,
    rig: str | os.PathLike[str] | Rig | None = None,
    threads: int = 1,
) -> Model:
    """Load a student.

    Args:
        name: the name of a student that comes with Marotte (`available_models`), or the path of
            an exported ONNX file.
        rig: the rig to animate, a rig file, or the file of a mesh; ARKit's 52 blendshapes unless
            given. It must have all controls of the student.
        threads: number of CPU threads.

    Raises:
        MarotteError: there is no such student, or it does not fit the rig.

    Example:
        >>> import marotte
        >>> marotte.load("live").name
        'live'
        >>> marotte.load("lively")
        Traceback (most recent call last):
        ...
        marotte.errors.MarotteError: there is no student 'lively': give the path of an ONNX file, \
or one of the names live, offline, tiny
    """
    mesh = None
    if rig is None:
        target = ARKIT_52
    elif isinstance(rig, Rig):
        target = rig
    elif Path(rig).suffix == ENDING:
        mesh = load_mesh(Path(rig))
        target = mesh.rig
    else:
        target = load_rig(rig)
    return Model(load_student(os.fspath(name), target, threads), mesh)


def available_models() -> list[str]:
    """Return the names of the students that come with Marotte.

    Example:
        >>> import marotte
        >>> marotte.available_models()
        ['live', 'offline', 'tiny']
    """
    return shipped_students()


def as_recording(sound: Sound, rate: int | None = None, channel: int | str = AUTO) -> Recording:
    """Return sound of any accepted kind as a recording.

    Args:
        sound: as in `Model.animate`.
        rate: sample rate of samples, in Hz.
        channel: which channel holds the voice, as in `open_recording`.

    Raises:
        MarotteError: the sound can't be read, or a rate or a channel is missing or superfluous.

    Example:
        >>> from marotte.api import as_recording
        >>> as_recording("voice.wav").seconds
        1.5
    """
    if isinstance(sound, np.ndarray):
        if rate is None:
            raise MarotteError("samples need their sample rate: pass rate=, e.g. rate=48_000")
        return Recording.from_samples(sound, rate, channel)
    if rate is not None:
        raise MarotteError(
            "rate= is for samples in an array: a file or a recording knows its own rate"
        )
    if not isinstance(sound, Recording):
        return open_recording(sound, channel)
    if channel != AUTO:
        raise MarotteError("a recording has its channel: give it to open_recording")
    return sound
