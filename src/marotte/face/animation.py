"""The results of the live path: `Frame`, a face at a moment, and `Animation`, a face over time."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from marotte import plugins
from marotte.audio.recording import Recording
from marotte.errors import MarotteError, missing_extra
from marotte.face.loading import load_head
from marotte.face.mesh import Mesh
from marotte.face.rig import Rig
from marotte.face.scene import NO_SCENE, Scene
from marotte.paths import check_writable, remove_leftovers, replacing
from marotte.progress import Progress

_VIDEO = ("av", "video")
_NEEDS = {"mp4": _VIDEO, "webm": _VIDEO, "mov": _VIDEO}
"""For a file ending: the package that its writer needs, and the extra that installs it."""


@dataclass(frozen=True)
class Frame:
    """A face at a moment of the sound.

    Attributes:
        time_s: the moment, k / fps.
        delay_ms: time from the moment to the last sample that the face depends on: the look-ahead,
            and 16.7 ms for each later prediction that is averaged in.
        controls: [n_controls] in the order and ranges of the rig.
        head: yaw, pitch and roll of the head in radians, positive to the face's left, downwards and
            to its right shoulder, as in ARKit. A student leaves them at 0.

    Example:
        >>> import numpy as np, marotte
        >>> stream = marotte.load("live").stream(rate=16_000)
        >>> frame = stream.push(np.zeros(16_000))[-1]
        >>> round(frame.time_s, 3), round(frame.delay_ms), frame.controls.shape
        (0.917, 81, (52,))
    """

    time_s: float
    delay_ms: float
    controls: NDArray[np.float32]
    head: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Animation:
    """A face over time, with its sound.

    Attributes:
        controls: [n_frames, n_controls] in the rig's order and ranges; row k is the face at
            exactly k / fps seconds of the sound.
        fps: frames per second.
        rig: the meaning of the columns.
        recording: the sound, or None for a silent animation.
        student: the name of the student that made it.
        head: [n_frames, 3] yaw, pitch and roll of the head in radians, or None if it is still.
        mesh: the mesh whose components the controls are, or None for the controls of a rig.
        scene: the scene that its file goes into.

    Example:
        >>> import marotte
        >>> animation = marotte.load("live").animate("voice.wav", fps=60)
        >>> animation
        Animation(90 frames × 52 controls of arkit52 at 60 fps)
        >>> animation.controls.shape, animation.times[:3].round(3).tolist()
        ((90, 52), [0.0, 0.017, 0.033])
        >>> animation["jawOpen"].shape
        (90,)
    """

    controls: NDArray[np.float32]
    fps: float
    rig: Rig
    recording: Recording | None = None
    student: str = ""
    head: NDArray[np.float32] | None = None
    mesh: Mesh | None = None
    scene: Scene = NO_SCENE

    def __repr__(self) -> str:
        """Return the size, the rig and the rate."""
        size = f"{self.n_frames} frames × {len(self.rig.names)} controls"
        return f"Animation({size} of {self.rig.name} at {self.fps:g} fps)"

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.controls)

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """Return one control over time [n_frames].

        Raises:
            MarotteError: the rig has no control of that name.
        """
        if name not in self.rig.index:
            near = get_close_matches(str(name), self.rig.names, 1, 0.0)
            raise MarotteError(
                f"rig {self.rig.name!r} has no control {name!r}: the nearest is {near[0]!r}"
            )
        return self.controls[:, self.rig.index[name]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the controls, in the order of the columns."""
        return self.rig.names

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.controls)

    @property
    def seconds(self) -> float:
        """Duration of the frames."""
        return self.n_frames / self.fps

    @property
    def times(self) -> NDArray[np.float64]:
        """Moment of each frame in the sound [n_frames], in seconds."""
        return np.arange(self.n_frames) / self.fps

    @property
    def lip_gap_mm(self) -> NDArray[np.float32]:
        """Distance between the lips, measured on Marotte's head (or the mesh) [n_frames], in mm.

        Raises:
            MarotteError: the rig has none of the head's controls.
        """
        head = self.mesh.head if self.mesh else load_head()
        return head.lip_gap(self.controls, self.rig.names)

    def head_pose(self, frame: int) -> tuple[float, float, float]:
        """Return the head's yaw, pitch and roll in a frame, in radians."""
        if self.head is None:
            return 0.0, 0.0, 0.0
        yaw, pitch, roll = self.head[frame].tolist()
        return yaw, pitch, roll

    def save(self, *paths: str | os.PathLike[str]) -> None:
        """Write files; the ending of each path chooses its format.

        Either all files are written or none. `docs/formats.md` describes the formats.

        Args:
            paths: files ending in the endings of `marotte.plugins.names(marotte.plugins.FORMATS)`.

        Raises:
            MarotteError: an ending is unknown, or a file can't be written.

        Example:
            >>> import marotte
            >>> animation = marotte.load("live").animate("voice.wav", fps=30)
            >>> animation.save("face.csv", "face.glb")
        """
        write_files(self, [Path(path) for path in paths])


class Write(Protocol):
    """A format: a function that writes an animation to a path, whole or not at all."""

    def __call__(self, animation: Animation, path: Path, progress: Progress | None = None) -> None:
        """Write the animation."""
        ...


def writer_for(path: Path) -> Write:
    """Return the function that writes files with the path's ending; only its module is imported.

    Raises:
        MarotteError: no format has the ending, or its package is not installed.

    Example:
        >>> from pathlib import Path
        >>> from marotte.face.animation import writer_for
        >>> writer_for(Path("face.csv")).__module__
        'marotte.export.livelink_csv'
    """
    ending = path.suffix.lower().removeprefix(".")
    package, extra = _NEEDS.get(ending, (None, ""))
    if package and find_spec(package) is None:
        raise missing_extra(package, extra)
    write: Write | None = plugins.find(plugins.FORMATS, ending)
    if write is None:
        what = f"its ending is {path.suffix!r}" if path.suffix else "it has no ending"
        known = ", ".join(f".{name}" for name in plugins.names(plugins.FORMATS))
        raise MarotteError(f"can't tell what to write to {path.name!r}, {what}: use {known}")
    return write


def check_outputs(paths: Sequence[Path], scene: Scene = NO_SCENE) -> None:
    """Refuse paths that can't be written, before any work is done.

    Raises:
        MarotteError: an ending is unknown or does not fit the scene, or a folder can't be written
            to.
    """
    for path in paths:
        writer_for(path)
        check_scene(path, scene)
        check_writable(path)


def check_scene(path: Path, scene: Scene) -> None:
    """Refuse a scene that files with the path's ending can't hold.

    Raises:
        MarotteError: a transparent video is to be written as MP4.
    """
    if scene.background is None and path.suffix.lower() == ".mp4":
        raise MarotteError(
            f"{path.name} can't be transparent: write .webm or .mov, or choose a background"
        )


def write_files(
    animation: Animation,
    paths: Sequence[Path],
    progress_of: Callable[[Path], Progress | None] = lambda path: None,
) -> None:
    """Write all files or none: they move into place when all are complete.

    Raises:
        MarotteError: a file can't be written, or a value of the animation is not a finite number.
    """
    check_outputs(paths, animation.scene)
    wrong = np.argwhere(~np.isfinite(animation.controls))
    if len(wrong):
        frame, control = wrong[0].tolist()
        raise MarotteError(
            f"{animation.rig.names[control]!r} is not a finite number in frame {frame} of the "
            "animation: no file is written"
        )
    for folder in {path.parent for path in paths}:
        remove_leftovers(folder)
    with ExitStack() as moves:
        for path in paths:
            temporary = moves.enter_context(replacing(path))
            writer_for(path)(animation, temporary, progress_of(path))
