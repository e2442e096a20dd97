"""Functions that worker processes can import."""

from __future__ import annotations

import os
from collections.abc import Callable


def triple_or_die() -> Callable[[int], tuple[int, str]]:
    """Return a function that triples numbers, and kills its process for negative ones."""

    def run(number: int) -> tuple[int, str]:
        if number < 0:
            os._exit(3)
        return 3 * number, os.environ["OMP_NUM_THREADS"]

    return run
