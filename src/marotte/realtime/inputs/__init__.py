"""The places that live sound comes from: a microphone, a file as it would sound, or a pipe.

Each is a module of this package with an `Input`, which runs in a thread of its own and gives every
piece of sound away as it comes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Event

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

Hear = Callable[[Samples, float], None]
"""Is given mono samples [n], and when the last of them was heard (of `time.perf_counter`)."""

Say = Callable[[str], None]
"""Is given a line for the person who looks on."""


class Input(ABC):
    """Where sound comes from.

    Attributes:
        name: for people.
        rate: samples a second.
    """

    name: str
    rate: int

    @abstractmethod
    def run(self, hear: Hear, stop: Event, say: Say) -> None:
        """Give sound away until it ends, or until `stop` is set.

        Raises:
            MarotteError: it turns out to be bad.
        """
