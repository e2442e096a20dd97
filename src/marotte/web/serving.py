"""Serve a viewer on a port: in this thread until Ctrl-C, or in a background thread."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from logging import LogRecord, getLogger
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, final

from marotte.errors import MarotteError, missing_extra
from marotte.web import protocol
from marotte.web.server import Viewer, build_app

if TYPE_CHECKING:
    from uvicorn import Server

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 5252
SEND_BUFFER_BYTES = 1 << 16  # the system's buffer per page: frames that wait there grow old
SWITCH_S = 0.001  # between threads; at the usual 5 ms, pages wait for the frames of others
SHUTDOWN_TIMEOUT_S = 2
PACKAGES = ("starlette", "uvicorn", "websockets")


@dataclass(frozen=True)
class Certificate:
    """A certificate for https.

    Attributes:
        path: a PEM file, the server's certificate first.
        key: a PEM file, or None if the key is in the certificate's file.
    """

    path: Path
    key: Path | None = None

    def check(self) -> None:
        """Check that both files can be used.

        Raises:
            MarotteError: they are not a certificate with its key.
        """
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self.path, self.key)
        except OSError as error:  # the base class of ssl.SSLError
            raise MarotteError(
                f"{self.path} can't be used for https ({error.strerror or error}): give a "
                "certificate and its key as PEM files"
            ) from error


def listen(host: str = DEFAULT_HOST, port: int = DEFAULT_PORT) -> socket.socket:
    """Open a port and return its listening socket.

    Raises:
        MarotteError: the port is in use, this machine has no such address, or a package is missing.
    """
    for package in PACKAGES:
        if find_spec(package) is None:
            raise missing_extra(package, "live")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        problem = f"can't listen at {host} port {port}"
        if error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", None)):
            raise MarotteError(
                f"{problem}, which is in use: stop the program that uses it, or give another port"
            ) from error
        raise MarotteError(
            f"{problem} ({error.strerror or error}): give an address of this machine and a port "
            "above 1023"
        ) from error
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return listening


def address(viewer: Viewer, listening: socket.socket, secure: bool = False) -> str:
    """Return the URL of the page, with the token if one is needed."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = _own_address()
    host = f"[{host}]" if ":" in host else host
    token = f"/?token={viewer.access.token}" if viewer.access.token else ""
    return f"{'https' if secure else 'http'}://{host}:{port}{token}"


def _own_address() -> str:
    """Return this machine's address on its network, or its name if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing, but selects the network interface
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


def make_server(viewer: Viewer, certificate: Certificate | None = None) -> Server:
    """Return the server, ready to run on a socket."""
    import uvicorn

    from marotte.web.connections import MAX_CONNECTIONS, HttpConnection, SocketConnection

    getLogger("uvicorn.error").addFilter(_is_news)
    return uvicorn.Server(
        uvicorn.Config(
            build_app(viewer),
            http=HttpConnection,
            ws=SocketConnection,
            ws_max_size=protocol.MAX_MESSAGE_BYTES,
            ws_max_queue=8,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
            ssl_certfile=certificate.path if certificate else None,
            ssl_keyfile=certificate.key if certificate else None,
        )
    )


def _is_news(record: LogRecord) -> bool:
    """Leave out what uvicorn reports as errors when the server ends: each page that is open."""
    ended = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not (ended or str(record.msg).startswith("Cancel "))


def serve(viewer: Viewer, listening: socket.socket, certificate: Certificate | None = None) -> None:
    """Serve until Ctrl-C, which ends the server quietly."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        with suppress(KeyboardInterrupt), listening:
            make_server(viewer, certificate).run(sockets=[listening])
    finally:
        sys.setswitchinterval(usual_s)


@final
class BackgroundServer:
    """A viewer's server in a background thread, for frames that another thread makes."""

    def __init__(
        self, viewer: Viewer, listening: socket.socket, certificate: Certificate | None = None
    ) -> None:
        """Start serving on a listening socket."""
        self._viewer, self._listening = viewer, listening
        self._server = make_server(viewer, certificate)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread(target=self._run, name="viewer", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        async def run() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve(sockets=[self._listening])
            self._loop = None

        with self._listening:
            asyncio.run(run())

    def broadcast(self, message: bytes) -> None:
        """Send a message to each page that watches; never waits."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # another thread has just closed the loop
                loop.call_soon_threadsafe(self._viewer.broadcast, message)

    def close(self) -> None:
        """Disconnect the pages and free the port."""
        self._server.should_exit = True
        self._thread.join()
