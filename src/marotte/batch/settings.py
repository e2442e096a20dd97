"""How a batch of recordings is animated: a value that worker processes and later runs can read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from marotte.paths import replacing

if TYPE_CHECKING:
    from marotte.api import Model
    from marotte.audio.recording import Recording
    from marotte.face.animation import Animation
    from marotte.progress import Progress

SETTINGS_FILE = ".marotte-settings.json"


@dataclass(frozen=True)
class Settings:
    """How recordings are animated: the arguments of `marotte.load` and `Model.animate`."""

    student: str = "live"
    rig: Path | None = None
    fps: float = 60.0
    smooth: bool | None = None
    retarget: Path | None = None
    idle_motion: bool = False
    seed: int = 0

    def load(self) -> Model:
        """Load the student.

        Raises:
            MarotteError: the student, the rig or another setting can't be used.
        """
        from marotte.api import load
        from marotte.audio.resampling import SAMPLE_RATE
        from marotte.model.timing import check_fps
        from marotte.postprocess.processors import make_processors

        check_fps(self.fps)
        model = load(self.student, self.rig)
        make_processors(model.rig, SAMPLE_RATE, retarget=self.retarget)
        return model

    def animate(
        self, model: Model, recording: Recording, progress: Progress | None = None
    ) -> Animation:
        """Animate a recording."""
        return model.animate(
            recording,
            fps=self.fps,
            smooth=self.smooth,
            retarget=self.retarget,
            idle_motion=self.idle_motion,
            seed=self.seed,
            progress=progress,
        )

    def fingerprint(self) -> str:
        """Return the settings as JSON, with the contents of the files that they name as hashes."""
        from marotte.model.session import student_path

        files = {"student": student_path(self.student), "rig": self.rig, "retarget": self.retarget}
        hashes = {
            name: sha256(path.read_bytes()).hexdigest() for name, path in files.items() if path
        }
        names = {name: str(value) for name, value in asdict(self).items() if name not in files}
        return json.dumps({**names, **hashes}, indent=1)


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
