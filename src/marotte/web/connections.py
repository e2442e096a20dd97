"""Connections that take too long, or too much, are closed: uvicorn's protocols with limits.

A connection must send a whole request within seconds, so that silent ones can't keep others out.
One address gets a part of all connections. A page that makes the server answer faster than it
reads, or sends pings as fast as it can, is disconnected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState

MAX_CONNECTIONS = 64
MAX_PER_ADDRESS = 32
HEADER_TIMEOUT_S = 5.0
BODY_TIMEOUT_S = 60.0  # a take of ten minutes is 8 MB
MAX_UNSENT_BYTES = 1 << 20  # a page that reads never has as many
MAX_PINGS_PER_S = 50
MAX_FRAGMENTS = 1024  # of one message


def _host(connection: Any) -> str:
    """Return the address of a connection's other end."""
    client = connection.client
    return str(client[0]) if client else ""


@final
class HttpConnection(H11Protocol):
    """An HTTP connection that has to send whole requests in time."""

    _deadline: asyncio.TimerHandle | None = None
    _expects: Any = None  # what the deadline is for: a state of h11

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first request, or refuse an address that has too many."""
        super().connection_made(transport)
        others: list[Any] = list(self.connections)
        if sum(_host(other) == _host(self) for other in others) > MAX_PER_ADDRESS:
            transport.abort()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        """Take in bytes; stop the time when the request is whole."""
        super().data_received(data)
        if self._expects is not None:  # otherwise, the socket has another protocol now
            self._watch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over."""
        self._stop_watching()
        self._expects = None
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the time."""
        self._stop_watching()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Give the peer the time that the next part of its request may take."""
        expects: Any = self.conn.their_state
        if expects is self._expects and self._deadline:
            return
        self._stop_watching()
        self._expects = expects
        timeouts_s: dict[Any, float] = {
            h11.IDLE: HEADER_TIMEOUT_S,
            h11.SEND_BODY: BODY_TIMEOUT_S,
        }
        timeout_s = timeouts_s.get(expects)
        if timeout_s:
            self._deadline = self.loop.call_later(timeout_s, self.transport.abort)

    def _stop_watching(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None


@final
class SocketConnection(WebSocketsSansIOProtocol):
    """A page's socket that is closed when it floods the server."""

    _second = 0
    _n_pings = 0

    def data_received(self, data: bytes) -> None:
        """Take in bytes, and check what they have led to."""
        super().data_received(data)
        unsent = self.transport.get_write_buffer_size()
        fragments: Sequence[Any] = getattr(self, "frames", ())  # not in every version of uvicorn
        if unsent > MAX_UNSENT_BYTES or len(fragments) > MAX_FRAGMENTS:
            self.transport.abort()

    def shutdown(self) -> None:
        """Say goodbye to the page, unless it has just done so itself."""
        try:
            super().shutdown()
        except InvalidState:
            self.transport.close()

    def handle_ping(self, *event: Any) -> None:
        """Answer a ping, unless there are too many."""
        second = int(self.loop.time())
        self._n_pings = self._n_pings + 1 if second == self._second else 1
        self._second = second
        if self._n_pings > MAX_PINGS_PER_S:
            self.transport.abort()
        elif not self.transport.is_closing():
            super().handle_ping(*event)
