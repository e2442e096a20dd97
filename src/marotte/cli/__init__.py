"""The command `marotte`: its commands, in the order and the groups in which `--help` lists them."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import import_module
from typing import Annotated, Any

import typer

from marotte.cli.group import Commands, examples
from marotte.cli.streams import prepare_streams
from marotte.version import __version__

ANIMATE, CORPUS, TRAIN, MEASURE = "Animate", "Corpus", "Train", "Measure"

COMMANDS = {
    "animate": ANIMATE,
    "live": ANIMATE,
    "view": ANIMATE,
    "page": ANIMATE,
    "doctor": ANIMATE,
    "label": CORPUS,
    "teach": TRAIN,
    "train": TRAIN,
    "search": TRAIN,
    "export": TRAIN,
    "evaluate": MEASURE,
    "reproduce": MEASURE,
    "analyse": MEASURE,
}
"""The commands, each a function in its own module, with the panel in which `--help` shows it."""
GROUPS = {"corpus": CORPUS, "capture": CORPUS, "mesh": MEASURE, "rate": MEASURE}
"""The groups of commands, each an `app` in its own module."""


@lru_cache
def build_app(name: str | None = None) -> typer.Typer:
    """Return the command line with all commands, or with only one, which starts sooner."""
    app = typer.Typer(
        cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich"
    )
    for command, panel in COMMANDS.items():
        if name in (None, command):
            module = import_module(f"marotte.cli.{command}")
            add = app.command(rich_help_panel=panel, epilog=examples(*module.EXAMPLES))
            add(getattr(module, command))
    for group, panel in GROUPS.items():
        if name in (None, group):
            module = import_module(f"marotte.cli.{group}")
            app.add_typer(module.app, name=group, rich_help_panel=panel)
    app.callback(epilog=examples("marotte animate voice.wav", "marotte live --output vmc"))(root)
    return app


def __getattr__(name: str) -> Any:
    """Return `app`, the command line with all commands, when it is first used."""
    if name == "app":
        return build_app()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def print_version(requested: bool) -> None:
    """Print the version and exit."""
    if requested:
        typer.echo(f"marotte {__version__}")
        raise typer.Exit


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
    first = sys.argv[1] if len(sys.argv) > 1 else ""
    build_app(first if first in {**COMMANDS, **GROUPS} else None)(prog_name="marotte")
