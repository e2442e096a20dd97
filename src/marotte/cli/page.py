"""`marotte page`: write the live page as one file that needs no server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import options

EXAMPLES = ("marotte page -o live.html", "marotte page --head avatar.glb -o live.html")


def page(
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file to write.")] = Path(
        "live.html"
    ),
    student: options.Student = None,
    head: options.Avatar = None,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8/--no-int8",
            help="Store the student's weights in 8 bits. `--no-int8` stores them in 16: 300 kB "
            "more, and the exact frames of `view`.",
        ),
    ] = True,
) -> None:
    """Write a page on which a face speaks along with the microphone, without a server.

    The head, the student and the engine are in the file. It works from disk
    and from any web server, also without a network.
    """
    from marotte.errors import MarotteError
    from marotte.paths import check_writable
    from marotte.web.pages import write_page

    if output.suffix.lower() not in (".html", ".htm"):
        raise MarotteError(f"a page is an HTML file, got {output}: write -o live.html")
    check_writable(output)
    n_bytes = write_page(output, student, int8=int8, avatar=head)
    typer.echo(f"{output}: {n_bytes / 1000:.0f} kB; open it in a browser")
