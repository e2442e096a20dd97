"""The command `marotte`: its commands, in the order and the groups in which `--help` lists them."""

from __future__ import annotations

from typing import Annotated

import typer

from marotte.cli import (
    analyse,
    animate,
    capture,
    corpus,
    evaluate,
    export,
    label,
    live,
    mesh,
    rate,
    reproduce,
    search,
    teach,
    train,
    view,
)
from marotte.cli.group import Commands, examples
from marotte.cli.streams import prepare_streams
from marotte.version import __version__

ANIMATE, CORPUS, TRAIN, MEASURE = "Animate", "Corpus", "Train", "Measure"

app = typer.Typer(
    cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich"
)
for panel, module, command in (
    (ANIMATE, animate, animate.animate),
    (ANIMATE, live, live.live),
    (ANIMATE, view, view.view),
    (CORPUS, label, label.label),
    (TRAIN, teach, teach.teach),
    (TRAIN, train, train.train),
    (TRAIN, search, search.search),
    (TRAIN, export, export.export),
    (MEASURE, evaluate, evaluate.evaluate),
    (MEASURE, reproduce, reproduce.reproduce),
    (MEASURE, analyse, analyse.analyse),
):
    app.command(rich_help_panel=panel, epilog=examples(*module.EXAMPLES))(command)
app.add_typer(corpus.app, name="corpus", rich_help_panel=CORPUS)
app.add_typer(capture.app, name="capture", rich_help_panel=CORPUS)
app.add_typer(mesh.app, name="mesh", rich_help_panel=MEASURE)
app.add_typer(rate.app, name="rate", rich_help_panel=MEASURE)


def print_version(requested: bool) -> None:
    """Print the version and exit."""
    if requested:
        typer.echo(f"marotte {__version__}")
        raise typer.Exit


@app.callback(epilog=examples("marotte animate voice.wav", "marotte live --output vmc"))
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Turn a voice into a moving face, on the device that plays it."""


def main() -> None:
    """Run the command line."""
    prepare_streams()
    app(prog_name="marotte")
