"""Samples in, in pieces of any size; bins of 10 ms and values on their time line out."""

from __future__ import annotations

from collections import deque
from typing import final

import numpy as np
from numpy.typing import NDArray

BIN_S = 0.01


@final
class Bins:
    """Cuts samples into bins of 10 ms. The bins do not depend on the size of the pieces.

    Example:
        >>> import numpy as np
        >>> from marotte.audio.bins import Bins
        >>> bins = Bins(16_000)
        >>> bins.cut(np.zeros(200, np.float32)).shape, bins.cut(np.zeros(300, np.float32)).shape
        ((1, 160), (2, 160))
    """

    def __init__(self, rate: int, bin_s: float = BIN_S) -> None:
        """Start at the beginning of a sound with this sample rate in Hz, and bins of `bin_s`."""
        self.n_samples = max(1, round(rate * bin_s))
        self.seconds = self.n_samples / rate  # of a bin, exactly
        self._rest = np.zeros(0, np.float32)

    def cut(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the bins [n_bins, n_samples] that the next samples [n] complete."""
        samples = np.concatenate([self._rest, samples])
        n_bins = len(samples) // self.n_samples
        bins, self._rest = np.split(samples, [n_bins * self.n_samples])
        return bins.reshape(n_bins, self.n_samples)


@final
class TimeLine:
    """Values that are known after each bin, and are read in the order of time.

    Example:
        >>> from marotte.audio.bins import TimeLine
        >>> line = TimeLine(0.0, bin_s=0.01)
        >>> line.add(0.5)
        >>> line.at(0.005), line.at(0.012)
        (0.0, 0.5)
    """

    def __init__(self, value: float, bin_s: float) -> None:
        """Begin with the value before the first bin; `bin_s` is the duration of a bin."""
        self._values: deque[float] = deque([value])
        self._first = 0  # the index of the first value in the queue
        self._bin_s = bin_s

    def add(self, value: float) -> None:
        """Add the value after the next bin."""
        self._values.append(value)

    def at(self, time_s: float) -> float:
        """Return the value after the last bin before a moment; earlier values are forgotten."""
        at = int(time_s / self._bin_s)
        while self._first < at and len(self._values) > 1:
            self._values.popleft()
            self._first += 1
        return self._values[0]
