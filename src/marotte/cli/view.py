"""`marotte view`: a page in the browser, where a face says what the microphone hears."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import options

if TYPE_CHECKING:
    from marotte.model.session import Student


def view(
    student: options.Student = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 5252,
    host: Annotated[
        str,
        typer.Option(help="Where to listen. Whatever others can reach asks them for a token."),
    ] = "127.0.0.1",
    certificate: Annotated[
        Path | None,
        typer.Option(help="A PEM file, for https, which the microphone of another machine needs."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Its key, where it stands in another PEM file.")
    ] = None,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Show a face that says what you say, in the browser."""
    from marotte.face.rig import ARKIT_52
    from marotte.model.session import load_student
    from marotte.model.timing import DEFAULT_FPS
    from marotte.web.guard import Access
    from marotte.web.server import Viewer
    from marotte.web.serving import Certificate, address, listen, serve

    secure = Certificate(certificate, key) if certificate else None
    if secure:
        secure.check()
    actor = load_student(student)
    listening = listen(host, port)
    viewer = Viewer(Access.for_host(host), ARKIT_52, DEFAULT_FPS, students(actor, student))
    url = address(viewer, listening, secure is not None)
    typer.echo(f"{url}\nCtrl-C ends it.")
    if open_page and has_screen():
        import webbrowser

        webbrowser.open(url)
    serve(viewer, listening, secure)


def students(actor: Student, asked: str | None) -> list[Student | str]:
    """Who may be chosen on the page: the one that was asked for, and all that are shipped."""
    from marotte.model.session import DEFAULT_STUDENT, shipped_students

    return [actor, *(name for name in shipped_students() if name != (asked or DEFAULT_STUDENT))]


def has_screen() -> bool:
    """Whether a browser would find a screen here."""
    elsewhere = sys.platform in ("win32", "darwin")
    return elsewhere or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
