"""Teachers: an utterance in, control curves out, with their provenance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte import plugins
from marotte.errors import MarotteError
from marotte.face.rig import Rig
from marotte.learn.utterance import Utterance


class Teacher(ABC):
    """Labels speech with facial animation: one row of controls per frame.

    Attributes:
        name: name of the labels in the corpus store.
        version: version of the teacher; changes whenever its curves change.
        fps: frames per second of the curves.
        rig: rig whose controls are the columns of the curves.
        needs_phones: whether the teacher needs an utterance's phones.
        provenance: stored with the labels, in addition to the name and version.
    """

    name: str
    version: str
    fps: float
    rig: Rig
    needs_phones: bool = True
    provenance: Mapping[str, Any] = MappingProxyType({})

    @abstractmethod
    def curves(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the face at k / fps seconds: controls [n_frames, n_controls].

        Raises:
            Skip: this utterance can't be labelled; the message is the reason.
        """


def open_teacher(name: str, curves: Sequence[Path] = ()) -> Teacher:
    """Open a teacher by name.

    Args:
        name: `phonetic`; `imported`, or `imported:FILE` with the file of another rig or of a
            mesh; or `voice2face`. `voice2face:FOLDER` gives the folder of a training run, and
            `voice2face@512` limits the sound around each frame to 512 ms.
        curves: folders of the files that the imported teacher reads.

    Raises:
        MarotteError: there is no such teacher; the message lists all teachers.

    Example:
        >>> from marotte.learn.teachers import open_teacher
        >>> open_teacher("phonetic").fps
        60.0
    """
    kind = "".join(takewhile(str.isalnum, name))
    teacher: Teacher | None = None
    if make := plugins.find(plugins.TEACHERS, kind):
        teacher = make(name.removeprefix(kind), curves)
    if teacher is None:
        known = [repr(each) for each in plugins.names(plugins.TEACHERS)]
        raise MarotteError(
            f"no teacher is called {name!r}: there are {', '.join(known[:-1])} and {known[-1]}"
        )
    return teacher
