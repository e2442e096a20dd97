"""A training budget in; the learning rate at each moment of it out."""

from __future__ import annotations

import math
from typing import Protocol

from marotte.errors import MarotteError


class Budget(Protocol):
    """How long something is trained and how fast, as `TrainConfig` says it of a student."""

    @property
    def minutes(self) -> float:
        """The time budget."""
        ...

    @property
    def steps(self) -> int:
        """The budget in steps, where it is not 0."""
        ...

    @property
    def learning_rate(self) -> float:
        """The highest."""
        ...

    @property
    def warmup(self) -> float:
        """The share of the budget after which it is reached."""
        ...


def check_budget(budget: Budget) -> None:
    """Refuse a budget under which a run would never end, or never learn.

    Raises:
        MarotteError: it is one.
    """
    if budget.steps < 0:
        raise MarotteError(f"steps must be 0, or a number above it, got {budget.steps}")
    if not budget.steps and not budget.minutes > 0:
        raise MarotteError(f"minutes must be above 0, got {budget.minutes:g}")
    if not budget.learning_rate >= 0:
        raise MarotteError(f"learning_rate must not be below 0, got {budget.learning_rate:g}")
    if not 0 <= budget.warmup <= 1:
        raise MarotteError(f"warmup must be from 0 to 1, got {budget.warmup:g}")


def learning_rate(done: float, config: Budget) -> float:
    """The rate when `done` (0..1) of the budget is used: a short rise, then half a cosine to 0."""
    rise = min(1.0, done / config.warmup) if config.warmup else 1.0
    return config.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
