"""A viewer on a port: in this thread until it is interrupted, or in one of its own."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from logging import getLogger
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, final

from marotte.errors import MarotteError, missing_extra
from marotte.web import protocol
from marotte.web.server import MOST_PAGES, Viewer, build_app

if TYPE_CHECKING:
    from uvicorn import Server

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 5252
SEND_BUFFER_BYTES = 1 << 16  # of the system, for a page: what waits there is old when it is read
LONGEST_GOODBYE_S = 2
PACKAGES = ("starlette", "uvicorn", "websockets")


@dataclass(frozen=True)
class Certificate:
    """What https needs; the key may stand in the certificate's own file.

    Attributes:
        path: a PEM file, the server's certificate first.
        key: a PEM file, or None.
    """

    path: Path
    key: Path | None = None

    def check(self) -> None:
        """Refuse files that are no certificate with its key.

        Raises:
            MarotteError: says so.
        """
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self.path, self.key)
        except OSError as error:  # ssl.SSLError is one
            raise MarotteError(
                f"{self.path} can't be used for https ({error.strerror or error}): give a "
                "certificate and its key as PEM files"
            ) from error


def listen(host: str = DEFAULT_HOST, port: int = DEFAULT_PORT) -> socket.socket:
    """Take a port.

    Raises:
        MarotteError: it is taken, or this machine has no such address; a package is missing.
    """
    for package in PACKAGES:
        if find_spec(package) is None:
            raise missing_extra(package, "live")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        where = f"can't listen at {host} port {port}"
        if error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", None)):
            raise MarotteError(
                f"{where}, which is taken: end what uses it, or give another port"
            ) from error
        raise MarotteError(
            f"{where} ({error.strerror or error}): give an address of this machine, and a port "
            "above 1023"
        ) from error
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return listening


def address(viewer: Viewer, listening: socket.socket, secure: bool = False) -> str:
    """Where a browser finds the viewer, with the token if one is needed."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = _own_address()
    host = f"[{host}]" if ":" in host else host
    token = f"/?token={viewer.access.token}" if viewer.access.token else ""
    return f"{'https' if secure else 'http'}://{host}:{port}{token}"


def _own_address() -> str:
    """This machine's address on its network, or its name where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; the system chooses whence it would
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


def make_server(viewer: Viewer, certificate: Certificate | None = None) -> Server:
    """The server, ready to run on a socket."""
    import uvicorn

    # It would report each page that is open when the server ends as an error.
    getLogger("uvicorn.error").addFilter(lambda record: not record.msg.startswith("Cancel "))
    return uvicorn.Server(
        uvicorn.Config(
            build_app(viewer),
            ws="websockets-sansio",
            ws_max_size=protocol.LONGEST_MESSAGE,
            ws_max_queue=8,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=4 * MOST_PAGES,
            timeout_graceful_shutdown=LONGEST_GOODBYE_S,
            ssl_certfile=certificate.path if certificate else None,
            ssl_keyfile=certificate.key if certificate else None,
        )
    )


def serve(viewer: Viewer, listening: socket.socket, certificate: Certificate | None = None) -> None:
    """Serve until Ctrl-C, which ends it quietly."""
    with suppress(KeyboardInterrupt), listening:
        make_server(viewer, certificate).run(sockets=[listening])


@final
class Background:
    """A viewer that is served in a thread of its own, for frames made in another."""

    def __init__(
        self, viewer: Viewer, listening: socket.socket, certificate: Certificate | None = None
    ) -> None:
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

    def show(self, message: bytes) -> None:
        """Send a message to all who watch; never waits."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop closed in this very moment
                loop.call_soon_threadsafe(self._viewer.show, message)

    def close(self) -> None:
        """Say goodbye to the pages and free the port."""
        self._server.should_exit = True
        self._thread.join()
