"""Samples of several channels in; one channel out that holds the voice.

The mean of the channels is silence where they have opposite phases, and half as loud where one of
them is silent. Therefore the channels are measured, and what cancels is not mixed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError

Samples = NDArray[np.float32]
Weights = NDArray[np.float32]

AUTO, MIX, LOUDEST = "auto", "mix", "loudest"
BLOCK_S = 0.1  # channels are compared over such a time
SILENT = 1e-3  # of the loudest channel's power, -30 dB: such a channel is left out
CANCELLED = 0.5  # of the power of channels that have nothing in common
MOST_CANCELLED = 0.1  # of all energy, in blocks that cancel
MEMORY_S = 10.0  # of a live mix
LOUDER = 2.0  # a live mix changes to another channel only if its power is so much larger


def parse_channel(text: str) -> int | str:
    """Return the choice of a channel: a number from 1, `mix`, `loudest` or `auto`.

    Raises:
        MarotteError: the text is none of these.

    Example:
        >>> from marotte.audio.channels import parse_channel
        >>> parse_channel("2"), parse_channel("mix")
        (2, 'mix')
    """
    if text in (AUTO, MIX, LOUDEST):
        return text
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise MarotteError(f"--channel must be 1, 2, ..., mix, loudest or auto, got {text!r}")


def check_channel(channel: int | str, n_channels: int, what: str) -> None:
    """Check that a sound has a channel.

    Raises:
        MarotteError: it has not, or the choice is none of `parse_channel`'s.
    """
    if isinstance(channel, str):
        channel = parse_channel(channel)
    if isinstance(channel, int) and not 1 <= channel <= n_channels:
        has = "one channel" if n_channels == 1 else f"{n_channels} channels"
        raise MarotteError(
            f"{what} has {has}, got channel {channel}: choose "
            + ("1" if n_channels == 1 else f"1 to {n_channels}, mix or loudest")
        )


@final
class ChannelMeter:
    """Measures how loud the channels of a sound are, and whether they cancel each other.

    Example:
        >>> import numpy as np
        >>> from marotte.audio.channels import ChannelMeter
        >>> voice = np.sin(np.arange(16_000)).astype(np.float32)
        >>> meter = ChannelMeter(2, 16_000)
        >>> meter.push(np.stack([voice, -0.9 * voice], axis=1))
        >>> meter.weights().tolist()
        [1.0, 0.0]
        >>> meter.reason()
        'its 2 channels cancel each other: only channel 1, the loudest, is used'
    """

    def __init__(self, n_channels: int, rate: int, memory_s: float | None = None) -> None:
        """Start before a sound.

        Args:
            n_channels: number of channels.
            rate: sample rate in Hz.
            memory_s: the time constant after which sound is forgotten; None to remember all.
        """
        self.block_samples = max(2, round(rate * BLOCK_S))
        self._kept = float(np.exp(-BLOCK_S / memory_s)) if memory_s else 1.0
        self._rest = np.zeros((0, n_channels), np.float32)
        self._powers = np.zeros(n_channels)
        self._cancelled = 0.0
        self._loudest = 0

    def push(self, samples: Samples) -> None:
        """Measure the next samples [n, n_channels]."""
        samples = np.concatenate([self._rest, samples])
        n_blocks = len(samples) // self.block_samples
        blocks, self._rest = np.split(samples, [n_blocks * self.block_samples])
        for block in blocks.reshape(n_blocks, self.block_samples, samples.shape[1]):
            self._measure(block)

    def end(self) -> None:
        """Measure what is left at the end of the sound."""
        if len(self._rest):
            self._measure(self._rest)

    def _measure(self, block: Samples) -> None:
        centred = block - block.mean(axis=0, dtype=np.float64)
        powers = np.square(centred).mean(axis=0)
        self._powers = self._kept * self._powers + powers
        self._cancelled *= self._kept
        # The sum of channels that have nothing in common has the sum of their powers.
        if np.square(centred.sum(axis=1)).mean() < CANCELLED * powers.sum():
            self._cancelled += float(powers.sum())
        if self._powers.max() > LOUDER * self._powers[self._loudest]:
            self._loudest = int(self._powers.argmax())

    @property
    def cancel(self) -> bool:
        """Whether the channels cancel each other where the sound is loud."""
        return self._cancelled > MOST_CANCELLED * self._powers.sum()

    @property
    def loudest(self) -> int:
        """The loudest channel, from 0; in a live mix it is kept while others are hardly louder."""
        return self._loudest if self._kept < 1 else int(self._powers.argmax())

    @property
    def sounding(self) -> NDArray[np.bool_]:
        """Which channels [n_channels] are not silent compared with the loudest."""
        return self._powers >= SILENT * self._powers.max()

    def weights(self, channel: int | str = AUTO) -> Weights:
        """Return the share [n_channels] of each channel in the voice."""
        if isinstance(channel, int):
            chosen = np.arange(len(self._powers)) == channel - 1
        elif channel == LOUDEST or (channel == AUTO and self.cancel):
            chosen = np.arange(len(self._powers)) == self.loudest
        else:
            chosen = self.sounding if channel == AUTO else np.ones(len(self._powers), bool)
        return (chosen / chosen.sum()).astype(np.float32)

    def reason(self) -> str:
        """Return why the choice `auto` is not the mean of all channels; nothing if it is."""
        n = len(self._powers)
        if self.cancel:
            number = self.loudest + 1
            return (
                f"its {n} channels cancel each other: only channel {number}, the loudest, is used"
            )
        numbers = 1 + np.flatnonzero(self.sounding)
        if len(numbers) == n:
            return ""
        names = ", ".join(map(str, numbers.tolist()))
        used = f"channel {names} is" if len(numbers) == 1 else f"the channels {names} are"
        return f"the rest of its {n} channels is silent: only {used} used"


def mixed(samples: NDArray[Any], weights: Weights) -> Samples:
    """Return the sum [n] of the channels of samples [n, n_channels], by their weights.

    Example:
        >>> import numpy as np
        >>> from marotte.audio.channels import mixed
        >>> mixed(np.array([[0.5, 0.0], [1.0, 0.5]]), np.float32([0.5, 0.5])).tolist()
        [0.25, 0.75]
    """
    used = np.flatnonzero(weights)
    if len(used) == 1:
        return np.ascontiguousarray(samples[:, used[0]], np.float32)
    return samples[:, used].mean(axis=1, dtype=np.float32)


def measure_channels(blocks: Iterable[Samples], n_channels: int, rate: int) -> ChannelMeter:
    """Return the meter of a whole sound, given as blocks [n, n_channels]."""
    meter = ChannelMeter(n_channels, rate)
    for block in blocks:
        meter.push(block)
    meter.end()
    return meter


@final
class LiveMix:
    """Mixes the channels of a device while they come, by the last seconds. It adds no delay.

    Example:
        >>> import numpy as np
        >>> from marotte.audio.channels import LiveMix
        >>> voice = np.sin(np.arange(16_000)).astype(np.float32)
        >>> mix = LiveMix(2, 16_000)
        >>> mono = np.concatenate(
        ...     [mix.push(part) for part in np.split(np.stack([voice, -voice], axis=1), 100)]
        ... )
        >>> np.allclose(mono[4_000:], voice[4_000:])
        True
    """

    def __init__(self, n_channels: int, rate: int, channel: int | str = AUTO) -> None:
        """Start before the first sample.

        Args:
            n_channels: number of channels of the device.
            rate: sample rate in Hz.
            channel: as in `parse_channel`.
        """
        self._meter = ChannelMeter(n_channels, rate, MEMORY_S)
        self._channel = channel
        self._weights = self._meter.weights(channel if isinstance(channel, int) else MIX)
        self.reason = ""

    def push(self, samples: NDArray[Any]) -> Samples:
        """Return the voice [n] of the next samples [n, n_channels]."""
        before = self._weights
        if not isinstance(self._channel, int) and self._channel != MIX:
            self._meter.push(samples)
            self._weights = self._meter.weights(self._channel)
            self.reason = self._meter.reason() if self._channel == AUTO else ""
        if np.array_equal(before, self._weights):
            return mixed(samples, before)
        share = (np.arange(1, len(samples) + 1) / len(samples)).astype(np.float32)
        change = mixed(samples, self._weights) - mixed(samples, before)
        return (mixed(samples, before) + share * change).astype(np.float32, copy=False)
