"""A host and a port out of a spec's text, and datagrams to them."""

from __future__ import annotations

import socket
from typing import final

from marotte.errors import MarotteError

HERE = "127.0.0.1"


def parse_address(target: str, port: int) -> tuple[str, int]:
    """The host and port of `HOST`, `HOST:PORT`, `PORT`, `[IPV6]:PORT` or nothing.

    Args:
        target: what a spec says; this machine where it names no host.
        port: where it names none.

    Raises:
        MarotteError: the port is no port.
    """
    host, last = target, ""
    if target.startswith("["):
        host, _, last = target[1:].partition("]")
        last = last.removeprefix(":")
    elif target.isdigit():
        host, last = "", target
    elif target.count(":") == 1:
        host, _, last = target.partition(":")
    if last and not (last.isdigit() and 0 < int(last) < 65536):
        raise MarotteError(
            f"{last!r} in {target!r} is no port: give HOST:PORT, a port is 1 to 65535"
        )
    return host or HERE, int(last or port)


@final
class Datagrams:
    """Sends to one address; what is lost on the way is lost, as with every datagram."""

    def __init__(self, target: str, port: int) -> None:
        """Look the address up.

        Raises:
            MarotteError: there is no such host.
        """
        host, port = parse_address(target, port)
        try:
            family, kind, _, _, self.address = socket.getaddrinfo(
                host, port, type=socket.SOCK_DGRAM
            )[0]
        except OSError as error:
            raise MarotteError(f"can't find the host {host!r} ({error.strerror})") from error
        self.socket = socket.socket(family, kind)
        self.worked = False

    def send(self, content: bytes) -> None:
        """Send one datagram.

        Raises:
            OSError: not even the first one could leave; later ones may fail when a network does.
        """
        try:
            self.socket.sendto(content, self.address)
            self.worked = True
        except OSError:
            if not self.worked:
                raise

    def close(self) -> None:
        """Give the socket back."""
        self.socket.close()
