"""Frames and sound in; the same to every browser that has the viewer open, out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.outputs import Output, Take
from marotte.stream import Frame
from marotte.viewer import protocol

if TYPE_CHECKING:
    from marotte.viewer.serving import Background


def connect(target: str, take: Take) -> Output:
    """Open `websocket`, `websocket:PORT` or `websocket:HOST:PORT`, and say where the page is.

    Raises:
        MarotteError: the target is none of these, the port is taken, or a package is missing.
    """
    from marotte.viewer.guard import Access
    from marotte.viewer.server import Viewer
    from marotte.viewer.serving import Background, address, listen

    host, port = where(target)
    listening = listen(host, port)
    viewer = Viewer(
        Access.to(host), take.rig, take.fps, source=f"{take.student}, live", rate=take.rate
    )
    sys.stderr.write(f"watch at {address(viewer, listening)}\n")
    return WebSocket(Background(viewer, listening))


def where(target: str) -> tuple[str, int]:
    """The host and the port of `HOST:PORT`, `PORT` or nothing.

    Raises:
        MarotteError: it is neither.
    """
    from marotte.viewer.serving import DEFAULT_HOST, DEFAULT_PORT

    host, _, port = target.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= 0xFFFF) and target:
        raise MarotteError(
            f"websocket:{target} names no port: use websocket, websocket:{DEFAULT_PORT} or "
            f"websocket:HOST:{DEFAULT_PORT}"
        )
    return host.strip("[]") or DEFAULT_HOST, int(port or DEFAULT_PORT)


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
