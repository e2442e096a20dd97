"""Datagrams reach broadcast addresses, and receivers that take equal ones for a lost face."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest

from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52, Rig
from marotte.realtime.outputs import Take, open_output

FRAME = Frame(1.5, 116.0, np.linspace(0.01, 0.52, 52, dtype=np.float32), (0.1, -0.2, 0.3))


@pytest.fixture
def port() -> Iterator[tuple[int, Callable[[], bytes]]]:
    """A UDP port on all addresses, and a function that returns the next datagram there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("", 0))
        server.settimeout(5)
        yield server.getsockname()[1], lambda: server.recv(65535)


Port = tuple[int, Callable[[], bytes]]


def test_ifacialmocap_never_sends_the_same_datagram_twice_in_a_row(port: Port) -> None:
    number, receive = port
    take = Take(ARKIT_52, 60.0, 16_000)
    with closing(open_output(f"ifacialmocap:{number}", take)) as output:
        for _ in range(3):
            output.send(FRAME)
    texts = [receive().decode() for _ in range(3)]
    assert texts[0] != texts[1] != texts[2]
    angles = [float(re.findall(r"=head#(\S+?),", text)[0]) for text in texts]
    assert max(angles) - min(angles) < 0.002  # degrees


@pytest.mark.parametrize("name", ["100%", "Mâchoire", "%s|#-"])
def test_ifacialmocap_sends_any_name(port: Port, name: str) -> None:
    number, receive = port
    rig = Rig("one", (name,), (0.0,), (1.0,), ())
    with closing(open_output(f"ifacialmocap:{number}", Take(rig, 60.0, 16_000))) as output:
        output.send(Frame(0.0, 80.0, np.float32([0.5])))
    assert receive().decode().startswith(f"{name}-50|=head#")


def test_broadcast_addresses_are_allowed(port: Port) -> None:
    number, receive = port
    take = Take(ARKIT_52, 60.0, 16_000)
    with closing(open_output(f"livelink:127.255.255.255:{number}", take)) as output:
        output.send(FRAME)
    assert receive()[0] == 6
