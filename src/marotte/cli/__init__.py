"""The command `marotte`: its commands, and what becomes of errors that are meant for a person."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from marotte.cli import (
    analyse,
    animate,
    corpus,
    learn,
    live,
    mesh,
    rate,
    reproduce,
    search,
    teach,
    train,
    view,
)
from marotte.errors import MarotteError, missing_extra
from marotte.version import __version__

# What the learning path is made of, and a plain install has not.
_TRAIN = frozenset({"torch", "lightning_fabric", "tensorboard", "onnx", "pyarrow", "matplotlib"})

BAD_INPUT = 2  # exit codes; typer too leaves with 2 when it is called wrongly
INTERRUPTED = 130


class Commands(TyperGroup):
    """Ends with one line and an exit code where the user, not the program, has to act."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except MarotteError as error:
            raise _refused(error) from error
        except (KeyboardInterrupt, ImportError) as error:
            if isinstance(error, ModuleNotFoundError) and error.name in _TRAIN:
                raise _refused(missing_extra(error.name, "train")) from error
            # An extension module interrupted while it loads raises ImportError from the interrupt.
            if not isinstance(error.__cause__ or error, KeyboardInterrupt):
                raise
            typer.echo("marotte: interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from error


def _refused(error: MarotteError) -> typer.Exit:
    """Say what is wrong, in one line."""
    typer.echo(f"marotte: {' '.join(str(error).split())}", err=True)
    return typer.Exit(BAD_INPUT)


app = typer.Typer(
    cls=Commands,
    help="A voice becomes a moving face, on the device that plays it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    animate.animate,
    live.live,
    view.view,
    learn.label,
    teach.teach,
    train.train,
    learn.export,
    learn.evaluate,
    reproduce.reproduce,
    search.search,
    analyse.analyse,
):
    app.command()(command)
app.add_typer(corpus.app, name="corpus")
app.add_typer(mesh.app, name="mesh")
app.add_typer(rate.app, name="rate")


def print_version(asked: bool) -> None:
    """Print the version and leave."""
    if asked:
        typer.echo(f"marotte {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """A voice becomes a moving face, on the device that plays it."""


def main() -> None:
    """Run the command line."""
    app(prog_name="marotte")
