"""Frames in; an avatar's parameters in VRChat out, by OSC: `/avatar/parameters/NAME`.

VRChat listens on port 9000 when OSC is enabled in its menu. `vrchat` names parameters as the rig
names its controls (a retarget file gives them other names); `vrchat-visemes` sends the weights of
Oculus' 15 visemes as `v_sil`, `v_pp` ... `v_ou`. Needs the extra `live`.
"""

from __future__ import annotations

from typing import final

from marotte.face.animation import Frame
from marotte.face.visemes import VISEMES, Visemes
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.osc import Bundle
from marotte.realtime.outputs.udp import Datagrams

PORT = 9000
ADDRESS = "/avatar/parameters/"


def connect(target: str, take: Take) -> Output:
    """Open `vrchat[:HOST[:PORT]]`: the rig's own names."""
    return VRChat(target, take.rig.names, None)


def connect_visemes(target: str, take: Take) -> Output:
    """Open `vrchat-visemes[:HOST[:PORT]]`."""
    return VRChat(target, tuple(f"v_{name.lower()}" for name in VISEMES), Visemes(take.rig))


@final
class VRChat(Output):
    """Sends a bundle a frame."""

    def __init__(self, target: str, names: tuple[str, ...], visemes: Visemes | None) -> None:
        """Open it; `visemes` makes their weights of a frame's controls, None leaves them.

        Raises:
            MarotteError: python-osc is not installed, or there is no such host.
        """
        self.visemes = visemes
        self.bundle = Bundle([(ADDRESS + name, (0.0,)) for name in names])
        self.out = Datagrams(target, PORT)

    def send(self, frame: Frame) -> None:
        """Send all parameters."""
        values = self.visemes.of(frame.controls) if self.visemes else frame.controls
        self.out.send(self.bundle.filled(values))

    def close(self) -> None:
        """Give the socket back."""
        self.out.close()
