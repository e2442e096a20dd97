"""Types of the callbacks that report the progress of long work."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the number of items done and the total number of items."""

StageProgress = Callable[[str, float, float], None]
"""Called with the name of the current stage, the amount done in it and the total amount."""
