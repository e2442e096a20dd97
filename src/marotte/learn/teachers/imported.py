"""The imported teacher: an utterance in, the curves of the file with the matching name out."""

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
from marotte.learn.data.captured import (
    ENDINGS,
    CapturedCurves,
    clip_start,
    read_controls,
    read_curves,
    resample,
)
from marotte.learn.errors import Skip
from marotte.learn.teachers import Teacher
from marotte.learn.utterance import Utterance


class ImportedTeacher(Teacher):
    """Reads curves from files, which are matched to utterances by name.

    A file matches an utterance if its path without extension and the utterance's id end alike:
    `beat/wayne/1_wayne_0_1_1` matches `anywhere/1_wayne_0_1_1.json`. Of several files, the one
    with the most path components in common is used. An utterance that is a clip of a longer
    recording (`me/reading/curves@12.400`) gets that part of the recording's curves.

    Args:
        folders: folders of the files, searched recursively.
        rig: file of the rig of the files' controls, or of the mesh of the files' vertices;
            ARKit's 52 controls if None.

    Raises:
        MarotteError: there are no files of curves in the folders.
    """

    name = "imported"
    version = "1"
    fps: float = 60.0
    rig: Rig = ARKIT_52
    needs_phones = False

    def __init__(self, folders: Sequence[Path], rig: Path | None = None) -> None:
        self.mesh = load_mesh(rig) if rig and rig.suffix == ENDING else None
        if self.mesh:
            # The components of another fit have another meaning.
            self.rig, self.fps = self.mesh.rig, self.mesh.fps
            self.version = f"{self.version}-{self.mesh.digest}"
        elif rig:
            self.rig = load_rig(rig)
        if rig:
            self.name = f"{self.name}-{self.rig.name}"
        self._files: dict[str, set[Path]] = {}
        # The recording that was read last: its clips follow one another.
        self._recording: tuple[Path, CapturedCurves] | None = None
        for folder in folders:
            for key, files in find_files(folder, *ENDINGS).items():
                for suffix in _path_suffixes(key):
                    self._files.setdefault(suffix, set()).update(files.values())
        if not self._files:
            searched = ", ".join(map(str, folders)) or "no folder"
            raise MarotteError(
                f"there are no files of curves ({', '.join(ENDINGS)}) in {searched}: "
                "give their folder by --curves"
            )

    def curves(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the face at k / fps seconds: controls [n_frames, n_controls].

        Raises:
            Skip: no file matches the utterance, or the file is not valid.
        """
        file, (_, start_s) = self.file_of(utterance), clip_start(utterance.id)
        if start_s is None:
            return read_controls(file, utterance.seconds, self.fps, self.rig, self.mesh)
        if self._recording is None or self._recording[0] != file:
            self._recording = file, read_curves(file, utterance.seconds, self.mesh)
        return resample(self._recording[1], utterance.seconds, self.fps, self.rig, start_s)

    def file_of(self, utterance: Utterance) -> Path:
        """Return the file that matches an utterance.

        Raises:
            Skip: no file matches, or more than one.
        """
        for suffix in _path_suffixes(clip_start(utterance.id)[0]):
            files = self._files.get(suffix, set())
            if len(files) > 1:
                raise Skip("curves: several files of its name")
            for file in files:
                return file
        raise Skip("curves: no file of its name")


def _path_suffixes(path: str) -> Iterator[str]:
    """Yield `a/b/c`, `b/c` and `c` for `a/b/c`."""
    parts = path.split("/")
    return ("/".join(parts[first:]) for first in range(len(parts)))


def open_teacher(suffix: str, curves: Sequence[Path]) -> ImportedTeacher | None:
    """Open `imported` or `imported:RIG`, given the name after `imported`; None for other names."""
    if suffix and not suffix.startswith(":"):
        return None
    return ImportedTeacher(curves, Path(suffix[1:]) if suffix[1:] else None)
