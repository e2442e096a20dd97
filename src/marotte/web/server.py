"""The viewer's server: it serves the page, its socket and its files.

On a page that speaks, the user's sound becomes frames in a `Session` of that page. Pages that watch
all get what `Viewer.broadcast` is given. A page that sends anything but `protocol`'s messages is
disconnected.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, final

from marotte.errors import MarotteError
from marotte.export import document
from marotte.face.rig import Rig
from marotte.model.session import Student, load_student
from marotte.web import pages, protocol, takes
from marotte.web.guard import Access, App, Guard
from marotte.web.protocol import Echo, ProtocolError, Sound
from marotte.web.session import STARVED_S, Inbox, Session
from marotte.web.throttle import Throttle, Turns

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.websockets import WebSocket

MAX_PAGES = 16  # open at once
TURN_S = 0.1  # of sound per turn of a page that sends too much
MAX_QUEUED_MESSAGES = 128  # for a page that reads slowly: about a second
MALFORMED, TEXT, FAILED, FULL = 1007, 1003, 1011, 1013  # reasons for closing, RFC 6455
MAX_REASON_BYTES = 120


@final
class Outbox:
    """Messages that wait to be sent to a page; when too many wait, the oldest are dropped."""

    def __init__(self) -> None:
        """Make an empty one, in the server's event loop."""
        self._messages: deque[bytes] = deque(maxlen=MAX_QUEUED_MESSAGES)
        self._not_empty = asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: bytes) -> None:
        """Add a message."""
        self._messages.append(message)
        self._not_empty.set()

    async def get(self) -> bytes:
        """Wait for the oldest message, remove and return it."""
        while not self._messages:
            self._not_empty.clear()
            await self._not_empty.wait()
        return self._messages.popleft()


@final
class Viewer:
    """The content of one server.

    Attributes:
        access: who may connect.
        rig: the names and ranges of a frame's controls.
        fps: frames per second.
        source: where the frames come from if another program makes them; "" if pages speak.
        rate: the sample rate in Hz of the sound that such frames are made from.
        watchers: the outboxes of the pages that watch.
        n_pages: open pages.
    """

    def __init__(
        self,
        access: Access,
        rig: Rig,
        fps: float,
        students: Sequence[Student | str] = (),
        source: str = "",
        rate: int = 0,
    ) -> None:
        """Make a viewer without pages.

        Args:
            access: who may connect.
            rig: the names and ranges of a frame's controls.
            fps: frames per second.
            students: what the user can choose from: loaded students, or names of shipped ones.
            source: where the frames come from if another program makes them.
            rate: the sample rate in Hz of that program's sound.
        """
        self.access, self.rig, self.fps, self.source, self.rate = access, rig, fps, source, rate
        self._students = list(students)
        self._loading = Lock()
        self.watchers: set[Outbox] = set()
        self.n_pages = 0
        self.turns = Turns()

    def student(self, index: int) -> Student:
        """Return a student by its index in the list; load it the first time.

        Raises:
            MarotteError: the list has no such index, or the student can't be loaded.
        """
        if index >= len(self._students):
            raise MarotteError(f"there is no student {index} to choose")
        with self._loading:
            student = self._students[index]
            if isinstance(student, str):
                student = self._students[index] = load_student(student, self.rig)
        return student

    def broadcast(self, message: bytes) -> None:
        """Send a message to each page that watches; to be called in the server's thread."""
        for outbox in self.watchers:
            outbox.put(message)

    def hello(self) -> bytes:
        """Return the first message to each page."""
        return protocol.hello(
            pages.hello(
                self.rig,
                self.fps,
                [s if isinstance(s, str) else s.name for s in self._students],
                moods=protocol.MOOD_NAMES,
                source=self.source,
                rate=self.rate,
            )
        )

    async def serve_socket(self, socket: WebSocket) -> None:
        """Serve a page's socket until one side closes it."""
        from starlette.websockets import WebSocketDisconnect

        with suppress(WebSocketDisconnect, OSError):  # the page has left
            await socket.accept()
            if self.n_pages >= MAX_PAGES:
                return await socket.close(FULL, f"{MAX_PAGES} pages are open already: close one")
            await self._serve_page(socket)

    async def _serve_page(self, socket: WebSocket) -> None:
        self.n_pages += 1
        outbox = Outbox()
        outbox.put(self.hello())
        try:
            if self.source:
                self.watchers.add(outbox)
            code, reason = await _Connection(self, socket, outbox).run()
            if code:
                short = reason.encode()[:MAX_REASON_BYTES].decode("utf-8", "ignore")
                await socket.close(code, short)
        finally:
            self.watchers.discard(outbox)
            self.n_pages -= 1


@final
class _Connection:
    """One page's socket: three tasks receive, process and send messages."""

    def __init__(self, viewer: Viewer, socket: WebSocket, outbox: Outbox) -> None:
        self._socket, self._outbox = socket, outbox
        self._speaks = not viewer.source
        self._inbox, self._received = Inbox(), asyncio.Event()
        self._session = Session(viewer.student, viewer.fps)
        self._throttle, self._turns = Throttle(), viewer.turns

    async def run(self) -> tuple[int, str]:
        """Serve until one side ends; return the code and reason to close with, or 0 if closed."""
        from starlette.websockets import WebSocketDisconnect

        tasks = [
            asyncio.ensure_future(each) for each in (self._receive(), self._process(), self._send())
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except ProtocolError as error:
            return MALFORMED, str(error)
        except MarotteError as error:
            return FAILED, str(error)
        except (WebSocketDisconnect, OSError):
            return 0, ""
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return done.pop().result() or (0, "")

    async def _receive(self) -> tuple[int, str]:
        while True:
            event = await self._socket.receive()
            if event["type"] == "websocket.disconnect":
                return 0, ""
            content = event.get("bytes")
            if content is None:
                return TEXT, "messages must be binary"
            message = protocol.decode(content)
            started = self._inbox.started
            admitted = (
                isinstance(message, Sound)
                and started is not None
                and self._throttle.admits(len(message.samples), started.rate)
            )
            if not admitted:
                await asyncio.sleep(self._throttle.wait_s())
            if isinstance(message, Echo):
                self._outbox.put(protocol.echoed(message.sent_ms))
            elif self._speaks:
                self._inbox.add(message, admitted)
                self._received.set()
            else:
                raise ProtocolError("this page watches: it can't send sound")

    async def _process(self) -> None:
        heard_s = perf_counter()
        while True:
            try:
                # Once the mouth is closed, only a message can change anything.
                timeout_s = STARVED_S if self._session.is_open else None
                await asyncio.wait_for(self._received.wait(), timeout_s)
            except asyncio.TimeoutError:
                messages = await asyncio.to_thread(self._session.rest, heard_s)
            else:
                self._received.clear()
                heard_s = perf_counter()
                messages = await self._advance()
            for message in messages:
                self._outbox.put(message)

    async def _advance(self) -> list[bytes]:
        """Compute all that waits when it is this page's turn; for a short while if it floods."""
        slow = self._throttle.is_slow
        async with self._turns.turn(slow):
            work = self._inbox.take(TURN_S if slow else math.inf)
            messages = await asyncio.to_thread(self._session.advance, work) if work else []
        if self._inbox.waits:
            self._received.set()
        return messages

    async def _send(self) -> None:
        while True:
            await self._socket.send_bytes(await self._outbox.get())


def build_app(viewer: Viewer) -> App:
    """Return the server as an ASGI application."""
    from starlette.applications import Starlette
    from starlette.requests import ClientDisconnect
    from starlette.responses import HTMLResponse
    from starlette.responses import Response as PlainResponse
    from starlette.routing import Route, WebSocketRoute

    one_at_a_time = asyncio.Semaphore(1)

    async def page(request: Request) -> Response:
        scheme = "wss" if request.url.scheme == "https" else "ws"
        origin = f"{scheme}://{request.headers['host']}"
        async with one_at_a_time:
            return HTMLResponse(await asyncio.to_thread(pages.served_page, origin))

    async def capture(_request: Request) -> Response:
        return PlainResponse(document.read_bundled("capture.js"), media_type="text/javascript")

    async def take(request: Request) -> Response:
        ending = request.path_params["ending"]
        if ending not in takes.MEDIA_TYPES:
            text = "a take is written as " + " or ".join(takes.MEDIA_TYPES)
            return PlainResponse(text, 404, media_type="text/plain")
        try:
            upload = await takes.receive(request.stream(), viewer.rig, viewer.fps)
            async with one_at_a_time:
                file = await asyncio.to_thread(takes.write, upload, ending, viewer.rig, viewer.fps)
        except MarotteError as error:
            return PlainResponse(str(error), 400, media_type="text/plain")
        except ClientDisconnect:
            return PlainResponse("")  # nobody reads it
        return PlainResponse(file, media_type=takes.MEDIA_TYPES[ending])

    routes = [
        Route("/", page),
        Route("/capture.js", capture),
        Route("/take.{ending}", take, methods=["POST"]),
        WebSocketRoute("/socket", viewer.serve_socket),
    ]
    return Guard(Starlette(routes=routes), viewer.access)
