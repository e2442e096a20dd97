"""Progress bars on the error stream. They are shown on a terminal only, and vanish at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

    from marotte.learn.train.checkpoint import RunProgress
    from marotte.learn.train.schedule import Budget
    from marotte.progress import Progress as ProgressCallback
    from marotte.progress import StageProgress


def progress_bars() -> Progress:
    """Return an empty set of bars; use it as a context manager."""
    from rich.console import Console
    from rich.progress import Progress

    errors = Console(stderr=True)
    return Progress(console=errors, transient=True, disable=not errors.is_terminal)


def bar(bars: Progress, title: str) -> ProgressCallback:
    """Add a bar; return the callback that moves it."""
    from rich.markup import escape

    task = bars.add_task(escape(title), total=None)

    def update(done: int, total: int) -> None:
        bars.update(task, completed=done, total=total)

    return update


def stage_bar(bars: Progress) -> StageProgress:
    """Add a bar that names the current stage; return the callback that moves it."""
    from rich.markup import escape

    task = bars.add_task("", total=None)

    def update(stage: str, done: float, total: float) -> None:
        bars.update(task, description=escape(stage), completed=done, total=total)

    return update


def training_bar(
    bars: Progress, title: str, budget: Budget
) -> Callable[[RunProgress, dict[str, float]], None]:
    """Add a bar that shows the step and the loss; return the callback for each training step."""
    task = bars.add_task(title, total=1.0)

    def update(state: RunProgress, values: dict[str, float]) -> None:
        description = f"step {state.step} loss {values['total']:.4f}"
        bars.update(task, completed=state.done(budget), description=description)

    return update
