"""Send frames to VRChat as avatar parameters, by OSC: `/avatar/parameters/NAME`.

VRChat listens on port 9000 when OSC is enabled in its menu. `vrchat` sends the rig's names (a
retarget file changes them). `vrchat-visemes` sends the weights of Oculus' 15 visemes as `v_sil`,
`v_pp` ... `v_ou`. Needs the extra `live`.
"""

from __future__ import annotations

from typing import final

from marotte.face.animation import Frame
from marotte.face.visemes import VISEMES, Visemes
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.osc import BundleTemplate
from marotte.realtime.outputs.udp import UdpSender

PORT = 9000
ADDRESS = "/avatar/parameters/"


def connect(target: str, take: Take) -> Output:
    """Open `vrchat[:HOST[:PORT]]`: the rig's own names."""
    return VRChat(target, take.rig.names, None)


def connect_visemes(target: str, take: Take) -> Output:
    """Open `vrchat-visemes[:HOST[:PORT]]`: the 15 visemes."""
    return VRChat(target, tuple(f"v_{name.lower()}" for name in VISEMES), Visemes(take.rig))


@final
class VRChat(Output):
    """Sends one bundle per frame."""

    def __init__(self, target: str, names: tuple[str, ...], visemes: Visemes | None) -> None:
        """Open the socket.

        Args:
            target: the address, `HOST`, `PORT` or `HOST:PORT`.
            names: the parameters' names.
            visemes: converts controls to weights of visemes; None sends the controls.

        Raises:
            MarotteError: python-osc is not installed, or there is no such host.
        """
        self.visemes = visemes
        self.bundle = BundleTemplate([(ADDRESS + name, (0.0,)) for name in names])
        self.sender = UdpSender(target, PORT)

    def send(self, frame: Frame) -> None:
        """Send all parameters."""
        values = self.visemes.of(frame.controls) if self.visemes else frame.controls
        self.sender.send(self.bundle.fill(values))

    def close(self) -> None:
        """Close the socket."""
        self.sender.close()
