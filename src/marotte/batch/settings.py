"""How a batch of recordings is animated: a value that worker processes and later runs can read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from marotte.face.scene import NO_SCENE, Scene
from marotte.paths import replacing
from marotte.postprocess.motion import NO_MOTION, Motion

if TYPE_CHECKING:
    from marotte.api import Model
    from marotte.audio.recording import Recording
    from marotte.face.animation import Animation
    from marotte.progress import Progress

SETTINGS_FILE = ".marotte-settings.json"


@dataclass(frozen=True)
class Settings:
    """How recordings are animated: the arguments of `marotte.load` and `Model.animate`.

    `naming` and `scene` say what the files hold: see `export.naming` and `Scene`. Only the sound
    from `start_s` to `end_s` is animated.
    """

    student: str = "live"
    rig: Path | None = None
    fps: float = 60.0
    smooth: bool | None = None
    retarget: Path | None = None
    motion: Motion = NO_MOTION
    naming: str = "arkit"
    scene: Scene = NO_SCENE
    channel: int | str = "auto"
    level: bool = True
    start_s: float = 0.0
    end_s: float | None = None

    def load(self) -> Model:
        """Load the student.

        Raises:
            MarotteError: the student, the rig or another setting can't be used.
        """
        from marotte.api import load
        from marotte.audio.resampling import SAMPLE_RATE
        from marotte.export.naming import check_naming
        from marotte.face.avatar import read_avatar
        from marotte.face.frame_rate import check_fps
        from marotte.postprocess.processors import make_processors

        check_fps(self.fps)
        model = load(self.student, self.rig)
        make_processors(model.rig, SAMPLE_RATE, self.motion, retarget=self.retarget)
        check_naming(self.naming)
        if self.scene.avatar:
            read_avatar(self.scene.avatar)
        return model

    def open(self, source: str | Path | BinaryIO) -> Recording:
        """Open the part of a recording that is animated.

        Raises:
            MarotteError: it can't be read, or has no such channel or part.
        """
        from marotte.audio.cutting import cut
        from marotte.audio.recording import open_recording

        return cut(open_recording(source, self.channel), self.start_s, self.end_s)

    def animate(
        self, model: Model, recording: Recording, progress: Progress | None = None
    ) -> Animation:
        """Animate a recording."""
        from marotte.export.naming import in_naming

        animation = model.animate(
            recording,
            fps=self.fps,
            smooth=self.smooth,
            retarget=self.retarget,
            level=self.level,
            progress=progress,
            **asdict(self.motion),
        )
        return replace(in_naming(animation, self.naming), scene=self.scene)

    def fingerprint(self) -> str:
        """Return the settings as JSON, with the contents of the files that they name as hashes."""
        from marotte.model.session import student_path

        files = {
            "student": student_path(self.student),
            "rig": self.rig,
            "retarget": self.retarget,
            "avatar": self.scene.avatar,
        }
        hashes = {
            name: sha256(path.read_bytes()).hexdigest() for name, path in files.items() if path
        }
        # Newer settings are left out at their defaults, so that folders which were made before
        # the settings existed stay up to date.
        default = asdict(NO_MOTION)
        motion = {
            name: value
            for name, value in asdict(self.motion).items()
            if name in ("idle_motion", "seed") or value != default[name]
        }
        values = {"fps": self.fps, "smooth": self.smooth, **motion}
        if self.naming != "arkit":
            values["naming"] = self.naming
        usual = asdict(NO_SCENE)
        values |= {
            name: value for name, value in asdict(self.scene).items() if value != usual[name]
        }
        sound = {"channel": "auto", "level": True, "start_s": 0.0, "end_s": None}
        chosen = {name: getattr(self, name) for name in sound}
        values |= {name: value for name, value in chosen.items() if value != sound[name]}
        texts = {name: str(value) for name, value in values.items()}
        return json.dumps({**texts, **hashes}, indent=1)


def settings_time_ns(folder: Path, settings: Settings, again: bool) -> int:
    """Return since when the folder's files are made with these settings, in ns.

    The settings are written to a hidden file of the folder. It is written anew when they change,
    and then all older files are out of date.
    """
    path = folder / SETTINGS_FILE
    text = settings.fingerprint()
    try:
        unchanged = path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        unchanged = False
    if again or not unchanged:
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return path.stat().st_mtime_ns
