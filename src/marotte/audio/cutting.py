"""A recording and two times in; the recording of what sounds between them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording
from marotte.errors import MarotteError

Samples = NDArray[np.float32]
Blocks = Callable[[int], Iterator[Samples]]


def cut(recording: Recording, start_s: float = 0.0, end_s: float | None = None) -> Recording:
    """Return a part of a recording, to the sample.

    Args:
        recording: the sound.
        start_s: where the part begins, in seconds.
        end_s: where it ends; None for the end of the sound.

    Raises:
        MarotteError: there is no sound between these times.

    Example:
        >>> import numpy as np, marotte
        >>> from marotte.audio.cutting import cut
        >>> whole = marotte.Recording.from_samples(np.zeros(48_000), 48_000)
        >>> cut(whole, 0.25, 0.75).seconds
        0.5
    """
    first = round(start_s * recording.rate)
    last = recording.n_source_samples
    if end_s is not None:
        last = min(last, round(end_s * recording.rate))
    if first == 0 and last == recording.n_source_samples:
        return recording
    if not 0 <= first < last:
        until = "its end" if end_s is None else f"{end_s:g} s"
        raise MarotteError(
            f"there is no sound from {start_s:g} s to {until}: the recording has "
            f"{recording.seconds:.2f} s; give a start before the end, within the recording"
        )
    return replace(
        recording,
        n_source_samples=last - first,
        source=_part(recording.source, first, last),
        channels=_part(recording.channels, first, last) if recording.channels else None,
    )


def _part(blocks: Blocks, first: int, last: int) -> Blocks:
    """Return the source of the samples first..last of another source."""

    def source(n: int) -> Iterator[Samples]:
        at = 0
        for block in blocks(n):  # read to the end: a truncated file is noticed only there
            part = block[max(0, first - at) : max(0, last - at)]
            at += len(block)
            if len(part):
                yield part

    return source
