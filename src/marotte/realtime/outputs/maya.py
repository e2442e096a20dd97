"""Frames in; a datagram of JSON a frame out, to a script that runs in Maya.

The script is `examples/maya_receiver.py`; anything else that listens on port 7007 reads it as well:
what `json` prints as a line is the whole of a datagram.
"""

from __future__ import annotations

from typing import final

from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.jsonl import line_of
from marotte.realtime.outputs.udp import Datagrams

PORT = 7007


def connect(target: str, take: Take) -> Output:
    """Open `maya[:HOST[:PORT]]`."""
    return Maya(target, take)


@final
class Maya(Output):
    """Sends a datagram a frame."""

    def __init__(self, target: str, take: Take) -> None:
        """Open it.

        Raises:
            MarotteError: there is no such host.
        """
        self.names = take.rig.names
        self.out = Datagrams(target, PORT)

    def send(self, frame: Frame) -> None:
        """Send the frame."""
        self.out.send(line_of(frame, self.names))

    def close(self) -> None:
        """Give the socket back."""
        self.out.close()
