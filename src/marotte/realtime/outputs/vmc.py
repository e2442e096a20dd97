"""Send frames by the Virtual Motion Capture protocol: one bundle of OSC messages per frame.

VSeeFace, VMagicMirror, Warudo, EVMC4U (Unity), VMC4UE and VRM4U (Unreal) and VMC4B (Blender) listen
on port 39539. `vmc` sends the rig's names, which are ARKit's; avatars with "perfect sync" have
these blendshapes. `vmc-vrm0` sends the five vowels A I U E O, and Blink, which all VRM avatars
have. Needs the extra `live`.
"""

from __future__ import annotations

from typing import final

import numpy as np

from marotte.face.animation import Frame
from marotte.face.visemes import Vowels
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.osc import BundleTemplate, Message
from marotte.realtime.outputs.udp import UdpSender

PORT = 39539


def connect(target: str, take: Take) -> Output:
    """Open `vmc[:HOST[:PORT]]`: the rig's own names."""
    return Vmc(target, take, None)


def connect_vrm0(target: str, take: Take) -> Output:
    """Open `vmc-vrm0[:HOST[:PORT]]`: A, I, U, E, O and Blink."""
    return Vmc(target, take, Vowels(take.rig))


@final
class Vmc(Output):
    """Sends one bundle per frame."""

    def __init__(self, target: str, take: Take, vowels: Vowels | None) -> None:
        """Open the socket.

        Args:
            target: the address, `HOST`, `PORT` or `HOST:PORT`.
            take: the rig of the frames.
            vowels: converts controls to vowels; None sends the controls.

        Raises:
            MarotteError: python-osc is not installed, or there is no such host.
        """
        self.vowels = vowels
        names = vowels.names if vowels else take.rig.names
        messages: list[Message] = [("/VMC/Ext/OK", (1,)), ("/VMC/Ext/T", (0.0,))]
        messages += [("/VMC/Ext/Blend/Val", (name, 0.0)) for name in names]
        self.bundle = BundleTemplate([*messages, ("/VMC/Ext/Blend/Apply", ())])
        self.sender = UdpSender(target, PORT)

    def send(self, frame: Frame) -> None:
        """Send the frame's time and blendshapes."""
        shapes = self.vowels.of(frame.controls) if self.vowels else frame.controls
        self.sender.send(self.bundle.fill(np.append(np.float32(frame.time_s), shapes)))

    def close(self) -> None:
        """Close the socket."""
        self.sender.close()
