"""Progress bars: on the error stream, only where it is a terminal, gone when the work is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

    from marotte.learn.train.checkpoint import Progress as RunProgress
    from marotte.learn.train.schedule import Budget
    from marotte.progress import Progress as ProgressCallback
    from marotte.progress import StageProgress


def progress() -> Progress:
    """A place for bars, to be entered with `with`."""
    from rich.console import Console
    from rich.progress import Progress

    errors = Console(stderr=True)
    return Progress(console=errors, transient=True, disable=not errors.is_terminal)


def bar(bars: Progress, title: str) -> ProgressCallback:
    """Add a bar; what is returned moves it when it is told how many are done, and of how many."""
    from rich.markup import escape

    task = bars.add_task(escape(title), total=None)

    def told(done: int, total: int) -> None:
        bars.update(task, completed=done, total=total)

    return told


def teller(bars: Progress) -> StageProgress:
    """One bar that says what goes on."""
    from rich.markup import escape

    task = bars.add_task("", total=None)

    def told(what: str, done: float, total: float) -> None:
        bars.update(task, description=escape(what), completed=done, total=total)

    return told


def steps(
    bars: Progress, title: str, budget: Budget
) -> Callable[[RunProgress, dict[str, float]], None]:
    """Add a bar of a training run; what is returned moves it after a step, and says the loss."""
    task = bars.add_task(title, total=1.0)

    def told(state: RunProgress, values: dict[str, float]) -> None:
        said = f"step {state.step} loss {values['total']:.4f}"
        bars.update(task, completed=state.done(budget), description=said)

    return told
