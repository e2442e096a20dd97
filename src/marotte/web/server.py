"""The viewer's server: pages that speak or watch in, the page, its socket and its files out.

A page that speaks has a `Session` of its own; pages that watch all get what `Viewer.show` is given.
Whatever a page sends is one of `protocol`'s messages, or its socket is closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, final

from marotte.errors import MarotteError
from marotte.export import document
from marotte.face.loading import load_head
from marotte.face.rig import Rig
from marotte.model.session import Student, load_student
from marotte.version import __version__
from marotte.web import protocol, takes
from marotte.web.guard import Access, App, Guard
from marotte.web.protocol import Echo, ProtocolError
from marotte.web.session import Inbox, Session

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.websockets import WebSocket

MOST_PAGES = 16  # at once
MOST_WAITING = 128  # messages for a page that is slow to read: about a second
MALFORMED, TEXT, FAILED, FULL = 1007, 1003, 1011, 1013  # why a socket is closed, by RFC 6455
LONGEST_REASON = 120  # bytes


@final
class Outbox:
    """Messages on their way to a page; one that does not read loses the oldest."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: bytes) -> None:
        """Leave a message."""
        self._messages.append(message)
        self._some.set()

    async def get(self) -> bytes:
        """Wait for the oldest message and take it."""
        while not self._messages:
            self._some.clear()
            await self._some.wait()
        return self._messages.popleft()


@final
class Viewer:
    """What one server shows.

    Attributes:
        access: who may come in.
        rig: what the columns of a frame mean.
        fps: frames a second.
        source: where frames come from that are made elsewhere; "" where pages speak themselves.
        rate: samples a second of the sound that such frames are made of.
        watchers: the outboxes of the pages that watch.
        n_pages: how many are open.
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
        """Take the students that a page may choose from: open ones, or names of shipped ones."""
        self.access, self.rig, self.fps, self.source, self.rate = access, rig, fps, source, rate
        self._students = list(students)
        self._opening = Lock()
        self.watchers: set[Outbox] = set()
        self.n_pages = 0

    def student(self, place: int) -> Student:
        """A student by its place in the list; opens it the first time it is asked for.

        Raises:
            MarotteError: the list has no such place, or the student can't be opened.
        """
        if place >= len(self._students):
            raise MarotteError(f"there is no student {place} to choose")
        with self._opening:
            student = self._students[place]
            if isinstance(student, str):
                student = self._students[place] = load_student(student, self.rig)
        return student

    def show(self, message: bytes) -> None:
        """Send a message to all who watch; to be called in the server's own thread."""
        for outbox in self.watchers:
            outbox.put(message)

    def hello(self) -> bytes:
        """What every page is told first."""
        names = [s if isinstance(s, str) else s.name for s in self._students]
        return protocol.hello(
            {
                "version": __version__,
                "source": self.source,
                "rate": self.rate,
                "students": names,
                "fps": self.fps,
                "controls": self.rig.names,
                "longestTakeS": takes.LONGEST_S,
            }
        )

    async def meet(self, socket: WebSocket) -> None:
        """Serve a page's socket to its end."""
        await socket.accept()
        if self.n_pages >= MOST_PAGES:
            return await socket.close(FULL, f"{MOST_PAGES} pages are open already: close one")
        self.n_pages += 1
        outbox = Outbox()
        outbox.put(self.hello())
        try:
            if self.source:
                self.watchers.add(outbox)
            code, reason = await _Conversation(self, socket, outbox).run()
            if code:
                await socket.close(code, reason.encode()[:LONGEST_REASON].decode("utf-8", "ignore"))
        finally:
            self.watchers.discard(outbox)
            self.n_pages -= 1


@final
class _Conversation:
    """One page's socket: three tasks, which read, hear and write."""

    def __init__(self, viewer: Viewer, socket: WebSocket, outbox: Outbox) -> None:
        self._socket, self._outbox = socket, outbox
        self._speaks = not viewer.source
        self._inbox, self._some = Inbox(), asyncio.Event()
        self._session = Session(viewer.student, viewer.fps)

    async def run(self) -> tuple[int, str]:
        """Talk until one side ends it; the code and the reason to close with, 0 if it is closed."""
        from starlette.websockets import WebSocketDisconnect

        tasks = [
            asyncio.ensure_future(each) for each in (self._read(), self._hear(), self._write())
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

    async def _read(self) -> tuple[int, str]:
        while True:
            received = await self._socket.receive()
            if received["type"] == "websocket.disconnect":
                return 0, ""
            content = received.get("bytes")
            if content is None:
                return TEXT, "messages are binary here"
            message = protocol.decode(content)
            if isinstance(message, Echo):
                self._outbox.put(protocol.echoed(message.sent_ms))
            elif self._speaks:
                self._inbox.add(message)
                self._some.set()
            else:
                raise ProtocolError("this page watches: it can't send sound")

    async def _hear(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            work = self._inbox.take()
            if work is not None:
                for message in await asyncio.to_thread(self._session.advance, work):
                    self._outbox.put(message)

    async def _write(self) -> None:
        while True:
            await self._socket.send_bytes(await self._outbox.get())


def build_app(viewer: Viewer) -> App:
    """The server as an ASGI application."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.responses import Response as Plain
    from starlette.routing import Route, WebSocketRoute

    one_at_a_time = asyncio.Semaphore(1)

    async def page(request: Request) -> Response:
        scheme = "wss" if request.url.scheme == "https" else "ws"
        socket = f"{scheme}://{request.headers['host']}"
        async with one_at_a_time:
            return HTMLResponse(await asyncio.to_thread(render_page, socket))

    async def capture(_request: Request) -> Response:
        return Plain(document.bundled("capture.js"), media_type="text/javascript")

    async def take(request: Request) -> Response:
        ending = request.path_params["ending"]
        if ending not in takes.KINDS:
            return Plain("takes are " + " or ".join(takes.KINDS), 404, media_type="text/plain")
        try:
            content = await takes.receive(request.stream(), viewer.rig, viewer.fps)
            async with one_at_a_time:
                made = await asyncio.to_thread(takes.write, content, ending, viewer.rig, viewer.fps)
        except MarotteError as error:
            return Plain(str(error), 400, media_type="text/plain")
        return Plain(made, media_type=takes.KINDS[ending])

    routes = [
        Route("/", page),
        Route("/capture.js", capture),
        Route("/take.{ending}", take, methods=["POST"]),
        WebSocketRoute("/socket", viewer.meet),
    ]
    return Guard(Starlette(routes=routes), viewer.access)


@lru_cache(maxsize=4)
def render_page(socket: str) -> str:
    """The page whose socket is at this origin."""
    head = load_head()
    shape, arrays = document.head_content(head, list(head.names))
    rest_mm, weights_mm = head.lip_gap_weights(head.names)
    facts = {
        "title": "Marotte",
        "head": shape,
        "lipGap": {"restMm": rest_mm, "weightsMm": [float(w) for w in weights_mm]},
    }
    may = {"script-src": "'self'", "connect-src": f"'self' {socket}", "img-src": "data:"}
    return "".join(document.pieces("viewer", facts, arrays, may=may))
