"""Pages of sites that the user lists may open the socket, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest
from typer.testing import CliRunner

from marotte.cli import app
from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52
from marotte.model.session import load_student
from marotte.realtime.outputs import Take
from marotte.realtime.outputs.websocket import connect
from marotte.web import protocol
from marotte.web.guard import Access, parse_origin
from marotte.web.server import Viewer
from marotte.web.serving import BackgroundServer, address, listen

pytest.importorskip("uvicorn")
websocket: Any = pytest.importorskip("websockets.sync.client").connect
LISTED = ("https://example.com", "http://localhost:8000/")
FOREIGN = (
    "http://example.com", "https://example.com:8443", "https://www.example.com",
    "https://example.com.evil.net", "http://localhost", "http://127.0.0.1:8000", "null", "",
    "https://example.com/", "https://example.com http://localhost:8000",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://example.com", "https://example.com"),
        (" HTTPS://Example.COM:443/ ", "https://example.com"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("app://obsidian.md", "app://obsidian.md"),
    ],
)
def test_origins_are_written_as_browsers_do(text: str, origin: str) -> None:
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "https://*", "https://*.example.com", "example.com", "localhost:8000", "null", "https://",
        "https://example.com/page", "https://example.com?x", "https://me@example.com",
        "https://example.com:port", "https://example.com:99999", "https://a..b", "http://[::1",
        "https://" + "ü" * 99,
    ],
)  # fmt: skip
def test_what_is_no_origin_is_one_sentence(text: str) -> None:
    with pytest.raises(MarotteError) as raised:
        parse_origin(text)
    assert "\n" not in str(raised.value)


def scope(origin: str, kind: str = "websocket", query: str = "") -> dict[str, Any]:
    headers = [(b"host", b"127.0.0.1:5252"), (b"origin", origin.encode())]
    return {"type": kind, "headers": headers, "query_string": query.encode(), "scheme": "ws"}


def test_only_listed_origins_open_only_the_socket() -> None:
    access = Access.for_host("127.0.0.1", LISTED)
    for origin in ("https://example.com", "http://localhost:8000", "http://127.0.0.1:5252"):
        assert access.refusal(scope(origin)) == ""
    for origin in FOREIGN:
        assert "--allow-origin" in access.refusal(scope(origin))
    assert access.refusal(scope("https://example.com", "http") | {"scheme": "http"})
    twice = scope("https://example.com")
    twice["headers"].append(twice["headers"][-1])
    assert access.refusal(twice)


def test_a_listed_origin_still_needs_host_and_token() -> None:
    access = Access.for_host("0.0.0.0", LISTED)
    assert "token" in access.refusal(scope("https://example.com"))
    assert access.refusal(scope("https://example.com", query=f"token={access.token}")) == ""
    rebound = scope("https://example.com", query=f"token={access.token}")
    rebound["headers"][0] = (b"host", b"evil.example")
    assert access.refusal(rebound)


@pytest.fixture
def viewer_at(tiny_student: Path) -> Iterator[str]:
    access = Access.for_host("127.0.0.1", LISTED)
    viewer = Viewer(access, ARKIT_52, 60.0, [load_student(tiny_student)])
    listening = listen(port=0)
    background = BackgroundServer(viewer, listening)
    yield address(viewer, listening).removeprefix("http://")
    background.close()


def test_a_page_of_a_listed_site_talks_to_the_viewer(viewer_at: str) -> None:
    from websockets.exceptions import InvalidStatus

    with websocket(f"ws://{viewer_at}/socket", origin=LISTED[0], proxy=None) as socket:
        assert socket.recv(5)[0] == protocol.HELLO
    with pytest.raises(InvalidStatus):
        websocket(f"ws://{viewer_at}/socket", origin="https://evil.example", proxy=None)
    request = Request(f"http://{viewer_at}/", headers={"Origin": LISTED[0]})
    with pytest.raises(HTTPError, match="403") as refused:
        urlopen(request, timeout=5)
    refused.value.close()


def test_a_page_of_a_listed_site_watches_live_frames(capsys: pytest.CaptureFixture[str]) -> None:
    from websockets.exceptions import InvalidStatus

    with listen(port=0) as free:
        port = free.getsockname()[1]
    output = connect(str(port), Take(ARKIT_52, 60.0, 16_000, "live", origins=LISTED))
    try:
        url = capsys.readouterr().err.split()[-1].replace("http", "ws") + "/socket"
        with websocket(url, origin="http://localhost:8000", proxy=None) as socket:
            assert socket.recv(5)[0] == protocol.HELLO
            output.send(Frame(0.25, 116.0, np.zeros(52, np.float32)))
            assert socket.recv(5)[0] == protocol.FRAME
        with pytest.raises(InvalidStatus):
            websocket(url, origin="https://evil.example", proxy=None)
    finally:
        output.close()


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (
            ["view", "--no-open", "--port", "0", "--allow-origin", "*"],
            "is not the origin of a page",
        ),
        (["live", "-i", "-", "-o", "json", "--allow-origin", LISTED[0]], "is for -o websocket"),
        (["live", "-i", "-", "-o", "websocket:45252", "--allow-origin", "null"], "have no origin"),
    ],
)
def test_the_command_line_refuses_what_is_no_origin(command: list[str], sentence: str) -> None:
    result = CliRunner().invoke(app, command, input=b"")
    assert result.exit_code == 2
    assert sentence in result.stderr
