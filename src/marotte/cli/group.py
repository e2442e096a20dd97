"""The group of all commands: errors meant for a person become one sentence and an exit code."""

from __future__ import annotations

import errno
import re
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from marotte.errors import MarotteError, missing_extra

BAD_INPUT = 2  # exit codes; Typer, too, exits with 2 when a command is called wrongly
INTERRUPTED = 130

# Packages of the extra `train`.
_TRAIN = frozenset({"torch", "lightning_fabric", "tensorboard", "onnx", "pyarrow", "matplotlib"})

# What a machine or its user, not the program, has to mend.
ENVIRONMENT = frozenset(
    getattr(errno, name)
    for name in (
        "EACCES", "EDQUOT", "EIO", "ELOOP", "EMFILE", "ENAMETOOLONG", "ENFILE", "ENODEV", "ENOMEM",
        "ENOSPC", "ENXIO", "EPERM", "EROFS", "ESTALE", "ETIMEDOUT",
    )
    if hasattr(errno, name)  # Windows lacks some
)  # fmt: skip

_CORPUS = "the corpus folder is an argument now: marotte {usage}"
_OUTPUT = "it is called --output or -o now"
_SPEECH = "it is called --speech now; --minutes is a training budget"
_ENSEMBLE = "it is called --ensemble now"
RENAMED = {
    ("live", "--out"): _OUTPUT,
    ("live", "--life"): "it is called --idle-motion now",
    ("animate", "--life"): "it is called --idle-motion now",
    ("train", "--corpus"): _CORPUS,
    ("train", "--run"): _OUTPUT,
    ("teach", "--corpus"): _CORPUS,
    ("teach", "--run"): _OUTPUT,
    ("search", "--corpus"): _CORPUS,
    ("search", "--to"): _OUTPUT,
    ("export", "--version"): "it is called --student-version now",
    ("evaluate", "--minutes"): _SPEECH,
    ("evaluate", "--smooth"): _ENSEMBLE,
    ("analyse", "--corpus"): _CORPUS,
    ("analyse", "--to"): _OUTPUT,
    ("reproduce", "--corpus"): _CORPUS,
    ("reproduce", "--to"): _OUTPUT,
    ("corpus build", "--to"): _OUTPUT,
    ("mesh score", "--minutes"): _SPEECH,
    ("rate make", "--corpus"): _CORPUS,
    ("rate make", "--to"): _OUTPUT,
    ("rate make", "--smooth"): _ENSEMBLE,
    ("rate plot", "--key"): "it is called --answer-key now",
}
"""Options of version 0.1 that have another name now: what to say to people who still use them."""


class Commands(TyperGroup):
    """A group that ends with one sentence where the user, not the program, has to act."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            with sigterm_interrupts():
                return super().invoke(ctx)
        except MarotteError as error:
            raise exit_with(str(error)) from error
        except (KeyboardInterrupt, ImportError) as error:
            if isinstance(error, ModuleNotFoundError) and error.name in _TRAIN:
                raise exit_with(str(missing_extra(error.name, "train"))) from error
            # An extension module interrupted while it loads raises ImportError from the interrupt.
            if not isinstance(error.__cause__ or error, KeyboardInterrupt):
                raise
            notes = error.args if isinstance(error, KeyboardInterrupt) else ()
            raise exit_with(": ".join(["interrupted", *notes]), INTERRUPTED) from error
        except Exception as error:
            if message := renamed_option(error) or environment_error(error):
                raise exit_with(message) from error
            raise


@contextmanager
def sigterm_interrupts() -> Generator[None]:
    """Let SIGTERM end the block as Ctrl-C does: temporary files are removed, worker processes end.

    A second one is ignored, so that it does not cut the first one's work.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    ):
        yield
        return

    def interrupt(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def exit_with(message: str, code: int = BAD_INPUT) -> typer.Exit:
    """Print a message as one line, and return the exception that ends the program."""
    typer.echo(f"marotte: {' '.join(message.split())}", err=True)
    return typer.Exit(code)


def renamed_option(error: Exception) -> str | None:
    """Return what to say about an unknown option that version 0.1 knew; None for other errors."""
    option, context = getattr(error, "option_name", None), getattr(error, "ctx", None)
    if not option or not context:
        return None
    command = context.command_path.partition(" ")[2]
    usage = " ".join([command, *context.command.collect_usage_pieces(context)])
    message = RENAMED.get((command, option))
    return message and f"no option {option}: {message.format(usage=re.sub('[{}]', '', usage))}"


def environment_error(error: Exception) -> str | None:
    """Return what to say about an error of the machine, such as a full disk; None for others.

    A file that does not exist is not among them: commands check the files that they are given, so
    that its traceback shows a bug.
    """
    if isinstance(error, MemoryError):
        return f"memory ran out: {str(error) or 'close other programs, or use less at once'}"
    if isinstance(error, OSError) and error.errno in ENVIRONMENT:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return None


def examples(*commands: str) -> str:
    """Return examples as the end of a command's help."""
    title = "Example:" if len(commands) == 1 else "Examples:"
    return "\n\n".join([title, *commands]).replace("[", "\\[")
