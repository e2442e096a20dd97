"""`marotte view`: serve a page on which a face speaks along with the microphone."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import options

if TYPE_CHECKING:
    from marotte.model.session import Student

EXAMPLES = ("marotte view", "marotte view --host 0.0.0.0 --certificate cert.pem")


def view(
    student: options.Student = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes any free one.")
    ] = 5252,
    host: Annotated[
        str,
        typer.Option(
            help="The address to listen at. If other machines can reach it, they need a token."
        ),
    ] = "127.0.0.1",
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="A PEM file, for https, without which other machines can't use their microphones."
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="The PEM file of the certificate's key.", show_default="CERTIFICATE"),
    ] = None,
    allow_origin: options.AllowOrigin = None,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Show a face in the browser that says what you say."""
    from marotte.face.rig import ARKIT_52
    from marotte.model.session import load_student
    from marotte.model.timing import DEFAULT_FPS
    from marotte.web.guard import Access
    from marotte.web.server import Viewer
    from marotte.web.serving import Certificate, address, listen, serve

    secure = Certificate(certificate, key) if certificate else None
    if secure:
        secure.check()
    access = Access.for_host(host, allow_origin or ())
    actor = load_student(student)
    listening = listen(host, port)
    viewer = Viewer(access, ARKIT_52, DEFAULT_FPS, students(actor, student))
    url = address(viewer, listening, secure is not None)
    typer.echo(f"{url}\nCtrl-C ends it.")
    if open_page and has_screen():
        import webbrowser

        webbrowser.open(url)
    serve(viewer, listening, secure)


def students(actor: Student, requested: str | None) -> list[Student | str]:
    """Return the students that the page offers: the requested one, and all shipped ones."""
    from marotte.model.session import DEFAULT_STUDENT, shipped_students

    return [actor, *(name for name in shipped_students() if name != (requested or DEFAULT_STUDENT))]


def has_screen() -> bool:
    """Return whether a browser can open a window here."""
    elsewhere = sys.platform in ("win32", "darwin")
    return elsewhere or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
