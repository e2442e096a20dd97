"""Show frames and their sound on a page in the browser: the viewer, watching from outside."""

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
    from marotte.web.serving import BackgroundServer


def connect(target: str, take: Take) -> Output:
    """Open `websocket[:HOST][:PORT]`, and print the page's address.

    Raises:
        MarotteError: the target is not an address, an origin is not one, the port is in use, or a
            package is missing.
    """
    from marotte.web.guard import Access
    from marotte.web.server import Viewer
    from marotte.web.serving import DEFAULT_PORT, BackgroundServer, address, listen

    host, port = parse_address(target, DEFAULT_PORT)
    access = Access.for_host(host, take.origins)
    listening = listen(host, port)
    source = f"{take.student}, live"
    viewer = Viewer(access, take.rig, take.fps, source=source, rate=take.rate)
    sys.stderr.write(f"watch at {address(viewer, listening)}\n")
    return WebSocket(BackgroundServer(viewer, listening))


@final
class WebSocket(Output):
    """Sends frames to each open page; a slow page delays nothing."""

    max_queued_frames = 60

    def __init__(self, server: BackgroundServer) -> None:
        """Take a running server."""
        self._server = server

    def send(self, frame: Frame) -> None:
        """Show a frame."""
        self._server.broadcast(
            protocol.frame(0, frame.time_s, frame.delay_ms, frame.controls, frame.head)
        )

    def send_samples(self, samples: NDArray[np.float32], first: int) -> None:
        """Send the sound, which the pages draw and record."""
        self._server.broadcast(protocol.server_sound(samples, first))

    def close(self) -> None:
        """Disconnect the pages and free the port."""
        self._server.close()
