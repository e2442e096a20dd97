"""Frames in; the datagrams of the iPhone app iFacialMocap out.

Its receivers (for Unity, Blender, Maya, VMagicMirror and others) listen on port 49983:

    mouthSmile_R-0|jawOpen-12|...|=head#x,y,z,px,py,pz|rightEye#x,y,z|leftEye#x,y,z|

with whole numbers 0 to 100, and the head's angles in degrees.
"""

from __future__ import annotations

import math
from typing import final

import numpy as np

from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.udp import Datagrams

PORT = 49983
EYES = "rightEye#0,0,0|leftEye#0,0,0|"


def connect(target: str, take: Take) -> Output:
    """Open `ifacialmocap[:HOST[:PORT]]`."""
    return IFacialMocap(target, take)


@final
class IFacialMocap(Output):
    """Sends a datagram a frame."""

    def __init__(self, target: str, take: Take) -> None:
        """Open it.

        Raises:
            MarotteError: there is no such host.
        """
        self.shapes = "".join(f"{_short(name)}-%d|" for name in take.rig.names)
        self.out = Datagrams(target, PORT)

    def send(self, frame: Frame) -> None:
        """Send the frame, and the head's pose."""
        percent = np.rint(100 * frame.controls).astype(int)
        yaw, pitch, roll = (math.degrees(angle) for angle in frame.head)
        head = f"=head#{pitch:.6f},{yaw:.6f},{roll:.6f},0,0,0|"
        self.out.send((self.shapes % tuple(percent.tolist()) + head + EYES).encode("ascii"))

    def close(self) -> None:
        """Give the socket back."""
        self.out.close()


def _short(name: str) -> str:
    """`mouthSmile_R` of `mouthSmileRight`; `mouthRight` and `jawRight` stay what they are."""
    for side in ("Left", "Right"):
        stem = name.removesuffix(side)
        if stem not in (name, "mouth", "jaw"):
            return f"{stem}_{side[0]}"
    return name
