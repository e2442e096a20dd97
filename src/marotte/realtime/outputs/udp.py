"""Parse the address in a spec, and send UDP datagrams to it."""

from __future__ import annotations

import socket
from typing import final

from marotte.errors import MarotteError, shown

LOCALHOST = "127.0.0.1"


def parse_address(target: str, default_port: int) -> tuple[str, int]:
    """Return the host and port of `HOST`, `HOST:PORT`, `PORT`, `[IPV6]:PORT` or an empty text.

    Args:
        target: the spec's text after the colon; without a host, it means this machine.
        default_port: the port of a target without one.

    Raises:
        MarotteError: the port is not a number from 1 to 65535.

    Example:
        >>> parse_address("192.168.1.5:9001", 9000)
        ('192.168.1.5', 9001)
        >>> parse_address("", 9000), parse_address("9001", 9000)
        (('127.0.0.1', 9000), ('127.0.0.1', 9001))
        >>> parse_address("::1", 9000), parse_address("[::1]:9001", 9000)
        (('::1', 9000), ('::1', 9001))
    """
    host, port = target, ""
    if target.startswith("["):
        host, _, port = target[1:].partition("]")
        port = port.removeprefix(":")
    elif target.isdecimal():
        host, port = "", target
    elif target.count(":") == 1:
        host, _, port = target.partition(":")
    if port and not (port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536):
        raise MarotteError(
            f"{shown(port)} in {shown(target)} is not a port: give HOST:PORT with a port from 1 to "
            "65535"
        )
    return host or LOCALHOST, int(port or default_port)


@final
class UdpSender:
    """Sends datagrams to one address. As always with UDP, lost datagrams are not noticed."""

    def __init__(self, target: str, default_port: int) -> None:
        """Resolve the address and open a socket.

        Raises:
            MarotteError: there is no such host.
        """
        host, port = parse_address(target, default_port)
        try:
            family, kind, _, _, self.address = socket.getaddrinfo(
                host, port, type=socket.SOCK_DGRAM
            )[0]
        except (OSError, UnicodeError) as error:  # a part of the name may be too long
            reason = getattr(error, "strerror", None) or error
            raise MarotteError(
                f"can't find the host {shown(host)} ({reason}): check its name or address"
            ) from error
        self.socket = socket.socket(family, kind)
        # Without it, the system refuses an address such as 192.168.1.255, which means all machines.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.has_sent = False

    def send(self, content: bytes) -> None:
        """Send one datagram.

        Raises:
            OSError: the first datagram can't be sent. Later errors are ignored, because a network
                may come back.
        """
        try:
            self.socket.sendto(content, self.address)
            self.has_sent = True
        except OSError:
            if not self.has_sent:
                raise

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
