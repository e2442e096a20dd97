"""Send frames as JSON, one UDP datagram per frame: Maya, Blender, Unity, Godot, your own program.

A datagram holds exactly the line that the output `json` writes. `integrations/` has the receivers.
"""

from __future__ import annotations

from typing import final

from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.jsonl import encode_frame
from marotte.realtime.outputs.udp import UdpSender

PORT = 7007


def connect(target: str, take: Take) -> Output:
    """Open `udp[:HOST[:PORT]]`, which is also called `maya`."""
    return JsonDatagrams(target, take)


@final
class JsonDatagrams(Output):
    """Sends one datagram per frame."""

    def __init__(self, target: str, take: Take) -> None:
        """Open the socket.

        Raises:
            MarotteError: there is no such host.
        """
        self.names = take.rig.names
        self.sender = UdpSender(target, PORT)

    def send(self, frame: Frame) -> None:
        """Send the frame."""
        self.sender.send(encode_frame(frame, self.names))

    def close(self) -> None:
        """Close the socket."""
        self.sender.close()
