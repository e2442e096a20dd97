"""Sources of live sound: a microphone, a file played in real time, or a pipe.

Each is a module of this package with a subclass of `Input`. An input runs in its own thread and
passes each block of samples on as soon as it has one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Event

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

OnSamples = Callable[[Samples, float], None]
"""Called with mono samples [n] and the time of the last one, on the clock `time.perf_counter`."""

Report = Callable[[str], None]
"""Called with one line of text for the user."""


class Input(ABC):
    """A source of live sound.

    Attributes:
        name: the input's name in messages.
        rate: the sample rate in Hz.

    Example:
        >>> class Silence(Input):
        ...     name, rate = "silence", 16_000
        ...
        ...     def run(self, on_samples, stop, report):
        ...         for block in range(3):
        ...             on_samples(np.zeros(160, np.float32), 0.01 * (block + 1))
        >>> Silence().run(lambda samples, at_s: print(len(samples), at_s), Event(), print)
        160 0.01
        160 0.02
        160 0.03
    """

    name: str
    rate: int

    @abstractmethod
    def run(self, on_samples: OnSamples, stop: Event, report: Report) -> None:
        """Read sound until it ends or `stop` is set.

        Args:
            on_samples: called with each block of samples.
            stop: set by another thread to end the input.
            report: called with what the user should know, e.g. that a device is gone.

        Raises:
            MarotteError: the sound can't be read.
        """
