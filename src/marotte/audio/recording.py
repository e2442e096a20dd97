"""A sound file, or samples in memory, in; blocks of mono float32 samples at 16 kHz out.

A file is read block by block, again for each pass, so that an hour of sound needs no more memory
than a second.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.channels import AUTO, ChannelMeter, check_channel, measure_channels, mixed
from marotte.audio.headers import cut_short, read_container
from marotte.audio.levels import check_array, check_samples
from marotte.audio.resampling import (
    HIGHEST_RATE,
    LOWEST_RATE,
    SAMPLE_RATE,
    check_rate,
    converted_samples,
    resample,
)
from marotte.audio.sound_files import SourceSound, open_sound_file
from marotte.errors import MarotteError

Samples = NDArray[np.float32]

_log = logging.getLogger("marotte")


@final
@dataclass(frozen=True)
class Recording:
    """Sound that can be read as often as needed.

    Attributes:
        path: the file that the sound comes from, or None for samples in memory.
        rate: sample rate of the source, in Hz.
        n_source_samples: length of the source at its own rate.
        missing_s: how much sound the file lacks at its end, by its header, in seconds.
        n_channels: channels of the source.
        note: why not all of its channels are used, or empty.

    Example:
        >>> import marotte
        >>> recording = marotte.open_recording("voice.wav")
        >>> recording.rate, recording.seconds
        (16000, 1.5)
    """

    path: Path | None
    rate: int
    n_source_samples: int
    # Returns the source's own samples, mixed to mono, in order, in blocks [<=n].
    source: Callable[[int], Iterator[Samples]] = field(repr=False)
    missing_s: float = 0.0
    n_channels: int = 1
    note: str = ""
    # The same with all channels: blocks [<=n, n_channels]; None if there is only one.
    channels: Callable[[int], Iterator[Samples]] | None = field(default=None, repr=False)

    @classmethod
    def from_samples(
        cls, samples: NDArray[np.floating], rate: int, channel: int | str = AUTO
    ) -> Recording:
        """Make a recording of samples in memory, laid out as soundfile reads them.

        Args:
            samples: floats [n] or [n, channels] within -1..1.
            rate: sample rate in Hz, 8000 or more.
            channel: which channel holds the voice, as in `open_recording`.

        Raises:
            MarotteError: the samples, the rate or the channel are not as described.

        Example:
            >>> import numpy as np, marotte
            >>> marotte.Recording.from_samples(np.zeros(48_000), 48_000).seconds
            1.0
        """
        check_array(samples)
        check_rate(rate)
        kept = np.atleast_2d(samples.astype(np.float32).T).T
        n_channels = kept.shape[1]
        check_samples(kept.ravel(), "the sound", n_channels * rate)

        def blocks(n: int) -> Iterator[Samples]:
            return (kept[start : start + n] for start in range(0, len(kept), n))

        sound = SourceSound(rate, n_channels, len(kept), blocks)
        return _recording_of(sound, None, channel, "the sound")

    @property
    def n_samples(self) -> int:
        """Length at 16 kHz, rounded up."""
        return converted_samples(self.n_source_samples, self.rate)

    @property
    def seconds(self) -> float:
        """Duration of the sound."""
        return self.n_samples / SAMPLE_RATE

    def blocks(self, block_samples: int = SAMPLE_RATE) -> Iterator[Samples]:
        """Read the sound from its beginning, `n_samples` in all.

        Yields:
            16 kHz mono samples [1..block_samples], about -1..1. The sound does not depend on the
            block size.

        Raises:
            MarotteError: the file is cut short, or holds samples that are not finite.
        """
        n_left = self.n_samples
        n_source = max(1, block_samples * self.rate // SAMPLE_RATE)
        for block in resample(self.source(n_source), self.rate):
            # The source is read to its end, because a truncated file is noticed only there.
            block = block[:n_left]
            n_left -= len(block)
            for start in range(0, len(block), block_samples):
                yield block[start : start + block_samples]
        if n_left:  # the resampler rounds the length, n_samples rounds it up
            yield np.zeros(n_left, np.float32)

    def original_blocks(self, block_samples: int = SAMPLE_RATE) -> Iterator[Samples]:
        """Read the sound as it came, at its own rate and with all its channels.

        Yields:
            Samples [1..block_samples, n_channels], about -1..1.

        Raises:
            MarotteError: as in `blocks`.

        Example:
            >>> import numpy as np, marotte
            >>> stereo = marotte.Recording.from_samples(np.zeros((48_000, 2)), 48_000)
            >>> [block.shape for block in stereo.original_blocks(30_000)]
            [(30000, 2), (18000, 2)]
        """
        if self.channels is not None:
            yield from self.channels(block_samples)
        else:
            for block in self.source(block_samples):
                yield block[:, None]

    def read(self) -> Samples:
        """Return the whole sound [n_samples] at 16 kHz, about -1..1."""
        return np.concatenate(list(self.blocks()))


def open_recording(
    source: str | os.PathLike[str] | BinaryIO, channel: int | str = AUTO
) -> Recording:
    """Open a sound file of any channels and bit depth, at 8 kHz or more.

    WAV, FLAC, OGG (Vorbis and Opus), MP3, AIFF, CAF, AU and W64 files can be read, and with the
    package `av` the sound of M4A, AAC, MP4, WebM, MKV and other files.

    The header is checked here; the samples are checked as they are read. A file object is read to
    its end here. A WAV file that lacks its end is read up to there, with a warning of the logger
    `marotte`.

    Args:
        source: a path, or a file object opened in binary mode.
        channel: which channel holds the voice: its number from 1; `mix`, the mean of all;
            `loudest`; or `auto`, the mean of those that are not silent, or the loudest if they
            cancel each other.

    Raises:
        MarotteError: says why the file can't be used.

    Example:
        >>> import marotte
        >>> with open("voice.wav", "rb") as file:
        ...     recording = marotte.open_recording(file)
        >>> recording.n_samples
        24000
    """
    if isinstance(source, str | os.PathLike):
        recording, name = _open_path(Path(source), channel), str(source)
    else:
        recording, name = _open_file_object(source, channel), _name_of(source)
    if seconds := recording.missing_s:
        lacking = f"{seconds:.2f}" if seconds >= 0.01 else "less than 0.01"
        _log.warning(
            f"{name} lacks the last {lacking} s that its header promises; the rest is read"
        )
    if recording.note:
        _log.warning(f"{name}: {recording.note}")
    return recording


def _open_path(path: Path, channel: int | str) -> Recording:
    container = read_container(path)
    if container.by_libsndfile:
        sound = open_sound_file(path, container)
    else:
        from marotte.audio.media import open_media

        sound = open_media(path, container)
    if not LOWEST_RATE <= sound.rate <= HIGHEST_RATE:
        raise MarotteError(
            f"{path} has a sample rate of {sound.rate} Hz: "
            f"speech needs {LOWEST_RATE} to {HIGHEST_RATE} Hz"
        )
    return _recording_of(sound, path, channel, str(path))


def _recording_of(
    sound: SourceSound, path: Path | None, channel: int | str, name: str
) -> Recording:
    """Choose the channels of a sound, and count its samples where no header tells their number.

    Raises:
        MarotteError: the sound is empty or damaged, or lacks the channel.
    """
    check_channel(channel, sound.n_channels, name)
    needs_measuring = sound.n_channels > 1 and not isinstance(channel, int)
    meter, n_samples = ChannelMeter(sound.n_channels, sound.rate), sound.n_samples
    if n_samples is None or needs_measuring:
        n_counted = 0

        def counted() -> Iterator[Samples]:
            nonlocal n_counted
            for block in sound.blocks(SAMPLE_RATE):
                n_counted += len(block)
                yield block

        if needs_measuring:
            meter = measure_channels(counted(), sound.n_channels, sound.rate)
        else:
            for _ in counted():
                pass
        n_samples = n_counted
    if not n_samples:
        raise MarotteError(f"{name} holds 0 samples of sound: record it again")
    weights, known = meter.weights(channel), n_samples

    def source(n: int) -> Iterator[Samples]:
        done = 0
        for block in sound.blocks(n):
            done += len(block)
            yield mixed(block, weights)
        if done != known:
            raise cut_short(Path(name), f"{done} of {known} samples are there")

    return Recording(
        path,
        sound.rate,
        n_samples,
        source,
        sound.missing_s,
        sound.n_channels,
        meter.reason() if needs_measuring and channel == AUTO else "",
        sound.blocks if sound.n_channels > 1 else None,
    )


def _open_file_object(file: BinaryIO, channel: int | str) -> Recording:
    """Read the sound of a file object into memory, through a temporary file for the checks."""
    content: object = file.read() if hasattr(file, "read") else None
    if not isinstance(content, bytes):
        raise MarotteError(
            "sound must be a path, a file object opened in binary mode, or samples with their "
            f"rate, got {type(file).__name__}"
        )
    with TemporaryDirectory(prefix="marotte-") as folder:
        path = Path(folder) / "sound"  # the file object's name may be no name of a file here
        path.write_bytes(content)
        try:
            recording = _open_path(path, channel)
            kept = np.concatenate(list(recording.original_blocks()))
            mono = np.concatenate(list(recording.source(SAMPLE_RATE)))
        except MarotteError as error:
            raise MarotteError(str(error).replace(str(path), _name_of(file))) from error

    def blocks_of(array: Samples) -> Callable[[int], Iterator[Samples]]:
        return lambda n: (array[start : start + n] for start in range(0, len(array), n))

    return replace(
        recording,
        path=None,
        source=blocks_of(mono),
        channels=blocks_of(kept) if recording.n_channels > 1 else None,
    )


def _name_of(file: BinaryIO) -> str:
    return Path(str(getattr(file, "name", "sound"))).name or "sound"
