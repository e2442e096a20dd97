"""The places that live frames go to: a spec like `vmc:127.0.0.1:39539` in, an `Output` out.

Each is a function `connect(target, take)` of a module of this package; other packages add theirs by
an entry point of the group `marotte.outputs`, whose name is the spec's first word and whose value
is such a function.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte import plugins
from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import Rig


@dataclass(frozen=True)
class Take:
    """What an output is told before the first frame.

    Attributes:
        rig: the meaning of every frame's controls.
        fps: frames a second.
        rate: samples a second of the sound.
        student: the name of who makes the frames.
    """

    rig: Rig
    fps: float
    rate: int
    student: str = ""


class Output(ABC):
    """Where frames go, as they are made.

    Each output has a thread of its own, so that it may wait for whom it sends to. While it does,
    the oldest of the frames that wait for it are dropped.

    Attributes:
        waiting_frames: how many frames may wait; who records wants all of them.
    """

    waiting_frames: int = 8  # what comes of a tenth of a second of sound in one piece

    @abstractmethod
    def send(self, frame: Frame) -> None:
        """Take a frame; their times rise, and jump where frames were dropped.

        Raises:
            MarotteError: it can't be sent, and the next one can't either.
        """

    def hear(self, samples: NDArray[np.float32], first: int) -> None:  # noqa: B027  # most don't
        """Take sound as it came in: mono samples [n] at the take's rate, about -1..1.

        Args:
            samples: the next samples.
            first: the place of the first of them in the sound, from 0; it jumps over what was lost.
        """

    def close(self) -> None:  # noqa: B027  # a socket ends with the program
        """End it; what was recorded becomes a file."""


Connect = Callable[[str, Take], Output]
"""Opens an output: the spec's text after the first colon, and what is to come."""


def names() -> list[str]:
    """The first words that a spec may have."""
    return plugins.names(plugins.OUTPUTS)


def open_output(spec: str, take: Take) -> Output:
    """Open the output that a spec names, e.g. `vmc`, `vmc:192.168.1.5:39539` or `csv:take.csv`.

    Raises:
        MarotteError: there is none of that name, or it can't be opened.
    """
    name, _, target = spec.partition(":")
    connect: Connect | None = plugins.find(plugins.OUTPUTS, name)
    if connect is None:
        raise MarotteError(f"there is no output {name!r}: use {', '.join(names())}")
    return connect(target, take)
