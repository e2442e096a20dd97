"""Destinations of live frames: `open_output("vmc:127.0.0.1:39539", take)` returns an `Output`.

Each is a function `connect(target, take)` in a module of this package. Another package adds its own
through an entry point of the group `marotte.outputs`: the entry point's name is the first word of
the spec, its value is such a function.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte import plugins
from marotte.errors import MarotteError
from marotte.export.naming import check_naming
from marotte.face.animation import Frame
from marotte.face.rig import Rig


@dataclass(frozen=True)
class Take:
    """What an output knows before the first frame.

    Attributes:
        rig: the names and ranges of each frame's controls.
        fps: frames per second.
        rate: the sound's sample rate in Hz.
        student: the name of the student that makes the frames.
        delay_ms: how long after its moment a frame comes.
        origins: the sites whose pages may open an output's socket, besides Marotte's own.

    Example:
        >>> from marotte.face.rig import ARKIT_52
        >>> Take(ARKIT_52, fps=60.0, rate=16_000).rig.names[17]
        'jawOpen'
    """

    rig: Rig
    fps: float
    rate: int
    student: str = ""
    delay_ms: float = 0.0
    origins: tuple[str, ...] = ()


class Output(ABC):
    """A destination of frames.

    Each output runs in its own thread, so that it may wait for the network or a disk. While it
    waits, the oldest frames in its queue are dropped.

    Attributes:
        max_queued_frames: the length of the output's queue; recorders set a high number.

    Example:
        >>> class JawMeter(Output):
        ...     def __init__(self, take):
        ...         self.column = take.rig.index["jawOpen"]
        ...
        ...     def send(self, frame):
        ...         print(f"{frame.time_s:.2f} s: jaw {frame.controls[self.column]:.0%} open")
        >>> from marotte.face.rig import ARKIT_52
        >>> output = JawMeter(Take(ARKIT_52, fps=60.0, rate=16_000))
        >>> output.send(Frame(0.5, 80.0, np.full(52, 0.25, np.float32)))
        0.50 s: jaw 25% open
        >>> output.close()
    """

    max_queued_frames: int = 8  # as many as a block of a tenth of a second completes

    @abstractmethod
    def send(self, frame: Frame) -> None:
        """Send one frame. Times rise from frame to frame, and jump where frames were dropped.

        Raises:
            MarotteError: the output has failed for good; it gets no more frames.
        """

    def send_samples(  # noqa: B027  # optional: most outputs take no sound
        self, samples: NDArray[np.float32], first: int
    ) -> None:
        """Send a block of the sound that the frames are made from.

        Args:
            samples: mono samples [n] at the take's rate, about -1..1.
            first: the index of the first sample, counted from the start of the sound. It jumps
                where samples were lost.
        """

    def close(self) -> None:  # noqa: B027  # optional: sockets close with the program
        """Release what the output holds; recorders finish their file."""

    def abandon(self) -> str:
        """Release what the output holds after it has failed; called instead of `close`, or after.

        Returns:
            What is left for the user, e.g. where a recording's first part is; "" for nothing.
        """
        self.close()
        return ""


ARKIT_ONLY = ("livelink", "ifacialmocap", "vts", "vmc-vrm0", "vrchat-visemes")
"""Outputs that send fixed names, which they make of ARKit's controls."""

Connect = Callable[[str, Take], Output]
"""Opens an output. Arguments: the spec's text after the first colon, and the take."""


def names() -> list[str]:
    """Return the first words that a spec can have.

    Example:
        >>> names()[:3]
        ['livelink', 'vmc', 'vmc-vrm0']
    """
    return plugins.names(plugins.OUTPUTS)


def open_output(spec: str, take: Take) -> Output:
    """Open the output that a spec names, e.g. `vmc`, `vmc:192.168.1.5:39539` or `csv:take.csv`.

    Raises:
        MarotteError: there is no output of this name, or it can't be opened.

    Example:
        >>> from marotte.face.rig import ARKIT_52
        >>> with_default_port = open_output("livelink", Take(ARKIT_52, fps=60.0, rate=16_000))
        >>> with_default_port.close()
    """
    name, _, target = spec.partition(":")
    connect: Connect | None = plugins.find(plugins.OUTPUTS, name)
    if connect is None:
        raise MarotteError(f"there is no output {name!r}: use {', '.join(names())}")
    return connect(target, take)


def check_named_outputs(specs: Sequence[str], naming: str) -> None:
    """Refuse outputs that can't send the curves of a naming such as `vrm`.

    Raises:
        MarotteError: the naming is unknown, or an output can't send it.

    Example:
        >>> check_named_outputs(["udp", "csv:take.csv"], "vrm")
    """
    check_naming(naming)
    for spec in specs:
        name = spec.partition(":")[0]
        if naming != "arkit" and name in ARKIT_ONLY:
            raise MarotteError(
                f"{name} is made of ARKit's curves, not of {naming}'s: leave --names out, "
                "or use udp, websocket, json, csv, vmc or vrchat"
            )
