"""Frames and sound in; the same to every browser that has the viewer open, out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.udp import parse_address
from marotte.web import protocol

if TYPE_CHECKING:
    from marotte.web.serving import Background


def connect(target: str, take: Take) -> Output:
    """Open `websocket[:HOST][:PORT]`, and say where the page is.

    Raises:
        MarotteError: the target is none, the port is taken, or a package is missing.
    """
    from marotte.web.guard import Access
    from marotte.web.server import Viewer
    from marotte.web.serving import DEFAULT_PORT, Background, address, listen

    host, port = parse_address(target, DEFAULT_PORT)
    listening = listen(host, port)
    viewer = Viewer(
        Access.to(host), take.rig, take.fps, source=f"{take.student}, live", rate=take.rate
    )
    sys.stderr.write(f"watch at {address(viewer, listening)}\n")
    return WebSocket(Background(viewer, listening))


@final
class WebSocket(Output):
    """Shows frames to whoever watches; never waits for anybody."""

    waiting_frames = 60

    def __init__(self, background: Background) -> None:
        self._background = background

    def send(self, frame: Frame) -> None:
        """Show a frame."""
        self._background.show(
            protocol.frame(0, frame.time_s, frame.delay_ms, frame.controls, frame.head)
        )

    def hear(self, samples: NDArray[np.float32], first: int) -> None:
        """Let the pages hear what is spoken, for their curves and takes."""
        self._background.show(protocol.heard(samples, first))

    def close(self) -> None:
        """Say goodbye to the pages, and free the port."""
        self._background.close()
