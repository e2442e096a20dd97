"""A recording in; the sound that people hear out, with its own rate and channels where they fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording
from marotte.audio.resampling import SAMPLE_RATE

RATES = (
    8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000,
)  # fmt: skip
"""The sample rates that AAC has, and that browsers play."""
BLOCK_S = 0.5
MOST_CHANNELS = 2  # of more, the one that holds the voice, or their mean, is heard


class HeardSound(NamedTuple):
    """The sound that goes into a video or a page.

    Attributes:
        rate: sample rate in Hz.
        n_channels: 1 or 2.
        blocks: samples [n, n_channels] in order.
    """

    rate: int
    n_channels: int
    blocks: Iterator[NDArray[np.float32]]


def heard_sound(recording: Recording) -> HeardSound:
    """Return the sound of a recording as it came; at 16 kHz where its rate can't be kept.

    Example:
        >>> import numpy as np, marotte
        >>> from marotte.export.sound import heard_sound
        >>> stereo = marotte.Recording.from_samples(np.zeros((44_100, 2)), 44_100)
        >>> heard_sound(stereo)[:2]
        (44100, 2)
    """
    if recording.rate not in RATES:
        return HeardSound(SAMPLE_RATE, 1, (block[:, None] for block in recording.blocks()))
    n = round(BLOCK_S * recording.rate)
    if recording.n_channels > MOST_CHANNELS:
        return HeardSound(recording.rate, 1, (block[:, None] for block in recording.source(n)))
    return HeardSound(recording.rate, recording.n_channels, recording.original_blocks(n))
