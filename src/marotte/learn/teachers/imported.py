"""The imported teacher: an utterance in, the curves that a file holds for it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.loading import load_rig
from marotte.face.mesh import ENDING, load_mesh
from marotte.face.rig import ARKIT_52, Rig
from marotte.learn.corpora.folders import find_files
from marotte.learn.data.captured import ENDINGS, read_controls
from marotte.learn.errors import Skip
from marotte.learn.teachers import Teacher
from marotte.learn.utterance import Utterance


class ImportedTeacher(Teacher):
    """Curves from files, found by name.

    A file belongs to an utterance when its path, without ending, ends as the utterance's id does:
    `beat/wayne/1_wayne_0_1_1` finds `anywhere/1_wayne_0_1_1.json`. Where several do, the one
    with the longest common end is taken.

    Args:
        folders: where the files are; all their folders are searched.
        rig: the file of the rig whose controls the files have, or of a mesh of which they have
            the vertices; ARKit's 52 if None.

    Raises:
        MarotteError: there is no folder, or no file of curves in them.
    """

    name = "imported"
    version = "1"
    fps: float = 60.0
    rig: Rig = ARKIT_52
    needs_phones = False

    def __init__(self, folders: Sequence[Path], rig: Path | None = None) -> None:
        self.mesh = load_mesh(rig) if rig and rig.suffix == ENDING else None
        if self.mesh:
            # Labels of another fit mean something else.
            self.rig, self.fps = self.mesh.rig, self.mesh.fps
            self.version = f"{self.version}-{self.mesh.digest}"
        elif rig:
            self.rig = load_rig(rig)
        if rig:
            self.name = f"{self.name}-{self.rig.name}"
        self._files: dict[str, set[Path]] = {}
        for folder in folders:
            for key, files in find_files(folder, *ENDINGS).items():
                for end in _ends(key):
                    self._files.setdefault(end, set()).update(files.values())
        if not self._files:
            where = ", ".join(map(str, folders)) or "no folder"
            raise MarotteError(
                f"there are no files of curves ({', '.join(ENDINGS)}) in {where}: "
                "say by --curves where they are"
            )

    def curves(self, utterance: Utterance) -> NDArray[np.float32]:
        """The face at k / fps seconds: controls [n_frames, n_controls].

        Raises:
            Skip: there is no file for it, or that is not what it should be.
        """
        file = self.file_of(utterance)
        return read_controls(file, utterance.seconds, self.fps, self.rig, self.mesh)

    def file_of(self, utterance: Utterance) -> Path:
        """The file that belongs to an utterance.

        Raises:
            Skip: there is none, or more than one.
        """
        for end in _ends(utterance.id):
            files = self._files.get(end, set())
            if len(files) > 1:
                raise Skip("curves: several files of its name")
            for file in files:
                return file
        raise Skip("curves: no file of its name")


def _ends(path: str) -> Iterator[str]:
    """`a/b/c`, `b/c`, `c`."""
    parts = path.split("/")
    return ("/".join(parts[first:]) for first in range(len(parts)))


def open_teacher(rest: str, curves: Sequence[Path]) -> ImportedTeacher | None:
    """The teacher of the names `imported` and `imported:RIG`; None where it is neither."""
    if rest and not rest.startswith(":"):
        return None
    return ImportedTeacher(curves, Path(rest[1:]) if rest[1:] else None)
