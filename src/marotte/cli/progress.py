"""Progress bars: on the error stream, only where it is a terminal, gone when the work is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

    from marotte.pipeline import Progress as Told


def progress() -> Progress:
    """A place for bars, to be entered with `with`."""
    from rich.console import Console
    from rich.progress import Progress

    errors = Console(stderr=True)
    return Progress(console=errors, transient=True, disable=not errors.is_terminal)


def bar(bars: Progress, title: str) -> Told:
    """Add a bar; what is returned moves it when it is told how many are done, and of how many."""
    from rich.markup import escape

    task = bars.add_task(escape(title), total=None)

    def told(done: int, total: int) -> None:
        bars.update(task, completed=done, total=total)

    return told
