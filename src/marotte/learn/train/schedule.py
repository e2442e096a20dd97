"""The schedule of a run: a training budget in; the learning rate at each moment out."""

from __future__ import annotations

import math
from typing import Protocol

from marotte.errors import MarotteError


class Budget(Protocol):
    """The budget and learning rate of a training, e.g. a `TrainConfig`."""

    @property
    def minutes(self) -> float:
        """The time budget in minutes."""
        ...

    @property
    def steps(self) -> int:
        """A budget in steps instead; 0 for none."""
        ...

    @property
    def total_steps(self) -> int:
        """The number of steps of the budget; 0 if it is in minutes."""
        ...

    @property
    def learning_rate(self) -> float:
        """The highest learning rate."""
        ...

    @property
    def warmup(self) -> float:
        """The share of the budget over which the learning rate rises."""
        ...


def check_budget(budget: Budget) -> None:
    """Refuse a budget with which a run would never end, or never learn.

    Raises:
        MarotteError: a value is out of range.
    """
    if budget.steps < 0:
        raise MarotteError(f"steps must be 0 or more, got {budget.steps}")
    if not budget.total_steps and not budget.minutes > 0:
        raise MarotteError(f"minutes must be above 0, got {budget.minutes:g}")
    if not budget.learning_rate >= 0:
        raise MarotteError(f"learning_rate must be 0 or more, got {budget.learning_rate:g}")
    if not 0 <= budget.warmup <= 1:
        raise MarotteError(f"warmup must be from 0 to 1, got {budget.warmup:g}")


def learning_rate(done: float, budget: Budget) -> float:
    """Return the rate after the share `done` (0..1) of the budget: a rise, then a cosine to 0.

    Example:
        >>> from types import SimpleNamespace
        >>> budget = SimpleNamespace(minutes=10, steps=0, learning_rate=1e-3, warmup=0.1)
        >>> [f"{learning_rate(done, budget):.5f}" for done in (0.05, 0.5, 1)]
        ['0.00050', '0.00050', '0.00000']
    """
    rise = min(1.0, done / budget.warmup) if budget.warmup else 1.0
    return budget.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
