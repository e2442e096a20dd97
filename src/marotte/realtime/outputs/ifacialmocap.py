"""Send frames in the protocol of the iPhone app iFacialMocap, one UDP datagram per frame.

Its receivers (for Unity, Blender, Maya, VMagicMirror and others) listen on port 49983. A datagram
is text:

    mouthSmile_R-0|jawOpen-12|...|=head#x,y,z,px,py,pz|rightEye#x,y,z|leftEye#x,y,z|

Controls are whole numbers 0 to 100, the head's angles are in degrees. Receivers take a face for
lost when equal datagrams follow each other, so the pitch of every second one differs by 0.001
degrees.
"""

from __future__ import annotations

import math
from typing import final

import numpy as np

from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.udp import UdpSender

PORT = 49983
EYES = "rightEye#0,0,0|leftEye#0,0,0|"
HEARTBEAT_DEGREES = 0.001  # nobody sees it


def connect(target: str, take: Take) -> Output:
    """Open `ifacialmocap[:HOST[:PORT]]`."""
    return IFacialMocap(target, take)


@final
class IFacialMocap(Output):
    """Sends one datagram per frame."""

    def __init__(self, target: str, take: Take) -> None:
        """Open the socket.

        Raises:
            MarotteError: there is no such host.
        """
        self.names = [short_name(name) for name in take.rig.names]
        self.beat = True
        self.sender = UdpSender(target, PORT)

    def send(self, frame: Frame) -> None:
        """Send the controls and the head's angles."""
        percent = np.rint(100 * frame.controls).astype(int)
        yaw, pitch, roll = (math.degrees(angle) for angle in frame.head)
        self.beat = not self.beat
        pitch += HEARTBEAT_DEGREES * self.beat
        head = f"=head#{pitch:.6f},{yaw:.6f},{roll:.6f},0,0,0|"
        values = (f"{name}-{n}|" for name, n in zip(self.names, percent.tolist(), strict=True))
        self.sender.send(("".join(values) + head + EYES).encode())

    def close(self) -> None:
        """Close the socket."""
        self.sender.close()


def short_name(name: str) -> str:
    """Return the app's name of an ARKit control.

    Sides become `_L` and `_R`, but `mouthLeft`, `mouthRight`, `jawLeft` and `jawRight` stay.

    Example:
        >>> short_name("mouthSmileRight"), short_name("mouthRight")
        ('mouthSmile_R', 'mouthRight')
    """
    for side in ("Left", "Right"):
        stem = name.removesuffix(side)
        if stem not in (name, "mouth", "jaw"):
            return f"{stem}_{side[0]}"
    return name
