"""Teachers: an utterance in, rig curves out, with a note of where they came from."""

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
    """Something that labels speech with the face it should make.

    Attributes:
        name: names the label column in the store.
        version: changes whenever the same utterance would get other curves.
        fps: frames a second of the curves.
        rig: what their columns mean.
        needs_phones: whether it is of no use without phones.
        provenance: what its labels tell of how they were made, beside its name and version.
    """

    name: str
    version: str
    fps: float
    rig: Rig
    needs_phones: bool = True
    provenance: Mapping[str, Any] = MappingProxyType({})

    @abstractmethod
    def curves(self, utterance: Utterance) -> NDArray[np.float32]:
        """The face at k / fps seconds: controls [n_frames, n_controls].

        Raises:
            Skip: this utterance can't be labelled, and why.
        """


def open_teacher(name: str, curves: Sequence[Path] = ()) -> Teacher:
    """The teacher of that name.

    Args:
        name: `phonetic`; `imported`, or `imported:FILE` with the file of an own rig or mesh; or
            `voice2face`, with a run's folder where it is not the default one
            (`voice2face:FOLDER`), and with what each frame may hear where that is not the whole
            utterance (`voice2face@512` ms).
        curves: the folders of the files that the imported teacher reads.

    Raises:
        MarotteError: there is none; the message names those there are.
    """
    kind = "".join(takewhile(str.isalnum, name))
    opened: Teacher | None = None
    if make := plugins.find(plugins.TEACHERS, kind):
        opened = make(name.removeprefix(kind), curves)
    if opened is None:
        known = [repr(each) for each in plugins.names(plugins.TEACHERS)]
        raise MarotteError(
            f"no teacher is called {name!r}: there are {', '.join(known[:-1])} and {known[-1]}"
        )
    return opened
