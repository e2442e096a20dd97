"""Frames in; the Virtual Motion Capture protocol out: one bundle of OSC messages a frame.

VSeeFace, VMagicMirror, Warudo, EVMC4U (Unity), VMC4UE and VRM4U (Unreal) and VMC4B (Blender) listen
on port 39539. `vmc` names shapes as ARKit does, which avatars with "perfect sync" have; `vmc-vrm0`
sends the five vowels A I U E O, and Blink, that every VRM avatar has. Needs the extra `live`.
"""

from __future__ import annotations

from typing import final

import numpy as np

from marotte.face.animation import Frame
from marotte.face.visemes import Vowels
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.osc import Bundle, Message
from marotte.realtime.outputs.udp import Datagrams

PORT = 39539


def connect(target: str, take: Take) -> Output:
    """Open `vmc[:HOST[:PORT]]`: the rig's own names."""
    return Vmc(target, take, None)


def connect_vrm0(target: str, take: Take) -> Output:
    """Open `vmc-vrm0[:HOST[:PORT]]`: A, I, U, E, O and Blink."""
    return Vmc(target, take, Vowels(take.rig))


@final
class Vmc(Output):
    """Sends a bundle a frame."""

    def __init__(self, target: str, take: Take, vowels: Vowels | None) -> None:
        """Open it; `vowels` makes other shapes of a frame's, None leaves them.

        Raises:
            MarotteError: python-osc is not installed, or there is no such host.
        """
        self.vowels = vowels
        names = vowels.names if vowels else take.rig.names
        messages: list[Message] = [("/VMC/Ext/OK", (1,)), ("/VMC/Ext/T", (0.0,))]
        messages += [("/VMC/Ext/Blend/Val", (name, 0.0)) for name in names]
        self.bundle = Bundle([*messages, ("/VMC/Ext/Blend/Apply", ())])
        self.out = Datagrams(target, PORT)

    def send(self, frame: Frame) -> None:
        """Send its time and its shapes."""
        shapes = self.vowels.of(frame.controls) if self.vowels else frame.controls
        self.out.send(self.bundle.filled(np.append(np.float32(frame.time_s), shapes)))

    def close(self) -> None:
        """Give the socket back."""
        self.out.close()
