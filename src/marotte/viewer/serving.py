"""A viewer on a port: in this thread until it is interrupted, or in one of its own."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from importlib.util import find_spec
from threading import Thread
from typing import TYPE_CHECKING, final

from marotte.errors import MarotteError, missing_extra
from marotte.viewer import protocol
from marotte.viewer.server import MOST_PAGES, Viewer, build_app

if TYPE_CHECKING:
    from uvicorn import Server

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 5252
SEND_BUFFER_BYTES = 1 << 16  # of the system, for a page: what waits there is old when it is read
LONGEST_GOODBYE_S = 2
PACKAGES = ("starlette", "uvicorn", "websockets")


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
        raise MarotteError(
            f"can't listen at {host} port {port} ({error.strerror or error}): "
            "end what uses it, or give another port"
        ) from error
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return listening


def address(viewer: Viewer, listening: socket.socket) -> str:
    """Where a browser finds the viewer, with the token if one is needed."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    host = f"[{host}]" if ":" in host else host
    token = f"/?token={viewer.access.token}" if viewer.access.token else ""
    return f"http://{host}:{port}{token}"


def make_server(viewer: Viewer) -> Server:
    """The server, ready to run on a socket."""
    import uvicorn

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
        )
    )


def serve(viewer: Viewer, listening: socket.socket) -> None:
    """Serve until Ctrl-C, which ends it quietly."""
    with suppress(KeyboardInterrupt), listening:
        make_server(viewer).run(sockets=[listening])


@final
class Background:
    """A viewer that is served in a thread of its own, for frames made in another."""

    def __init__(self, viewer: Viewer, listening: socket.socket) -> None:
        self._viewer, self._listening = viewer, listening
        self._server = make_server(viewer)
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
