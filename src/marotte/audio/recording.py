"""Sound in: a recording (file, or samples in memory) becomes blocks of 16 kHz mono float32.

A recording is read anew every time it is asked for, block by block, so that an hour of it needs
no more memory than a second.
"""

# soundfile and soxr carry no types.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import SEEK_END, SEEK_SET, FileIO
from mmap import ACCESS_COPY, mmap
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast, final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.headers import Container, cut_short, read_container
from marotte.audio.levels import check_samples, to_mono
from marotte.audio.resampling import (
    HIGHEST_RATE,
    LOWEST_RATE,
    SAMPLE_RATE,
    converted_samples,
    resample,
)
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from soundfile import SoundFile

Samples = NDArray[np.float32]


@final
@dataclass(frozen=True)
class Recording:
    """Sound that can be read as often as one likes.

    Attributes:
        path: the file it comes from, or None for samples in memory.
        rate: samples a second of the source.
        n_source_samples: the source's length at its own rate.
    """

    path: Path | None
    rate: int
    n_source_samples: int
    # Gives the source's own mono samples [<=n] in order, n at a time.
    source: Callable[[int], Iterator[Samples]] = field(repr=False)

    @classmethod
    def from_samples(cls, samples: NDArray[np.floating], rate: int) -> Recording:
        """Make a recording of samples in memory.

        Args:
            samples: floats [n] or [n, channels] within -1..1.
            rate: samples a second, 8000 or more.

        Raises:
            MarotteError: the samples or the rate are not as said.
        """
        if samples.ndim not in (1, 2) or not np.issubdtype(samples.dtype, np.floating):
            raise MarotteError(
                "samples must be floats [n] or [n, channels] within -1..1, "
                f"got {samples.dtype} {list(samples.shape)}"
            )
        if not samples.size:
            raise MarotteError("there are 0 samples of sound: give at least one")
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise MarotteError(f"rate must be {LOWEST_RATE} to {HIGHEST_RATE} a second, got {rate}")
        mono = samples.astype(np.float32) if samples.ndim == 1 else to_mono(samples)
        check_samples(mono, "the sound", rate)

        def source(n: int) -> Iterator[Samples]:
            return (mono[start : start + n] for start in range(0, len(mono), n))

        return cls(None, rate, len(mono), source)

    @property
    def n_samples(self) -> int:
        """The length at 16 kHz; a last sample that is begun counts."""
        return converted_samples(self.n_source_samples, self.rate)

    @property
    def seconds(self) -> float:
        """How long the sound lasts."""
        return self.n_samples / SAMPLE_RATE

    def blocks(self, block_samples: int = SAMPLE_RATE) -> Iterator[Samples]:
        """Give the sound from its beginning, n_samples in all.

        Yields:
            16 kHz mono samples [1..block_samples], about -1..1; the same whatever the block size.

        Raises:
            MarotteError: the file is cut short, or holds samples that are no sound.
        """
        left = self.n_samples
        n_source = max(1, block_samples * self.rate // SAMPLE_RATE)
        for block in resample(self.source(n_source), self.rate):
            # The source is read to its end, where it may yet turn out to be cut short.
            block = block[:left]
            left -= len(block)
            for start in range(0, len(block), block_samples):
                yield block[start : start + block_samples]
        if left:  # the resampler rounds the length, n_samples rounds it up
            yield np.zeros(left, np.float32)

    def read(self) -> Samples:
        """The whole sound [n_samples] at 16 kHz, about -1..1."""
        return np.concatenate(list(self.blocks()))


def open_recording(path: str | Path) -> Recording:
    """Open a WAV, FLAC, OGG or MP3 file of any channels and bit depth, at 8 kHz or more.

    The header is checked here; the samples are checked as they are read.

    Raises:
        MarotteError: says in what way the file can't be used.
    """
    path = Path(path)
    container = read_container(path)
    with _opened(path, container) as sound:
        if not LOWEST_RATE <= sound.samplerate <= HIGHEST_RATE:
            raise MarotteError(
                f"{path} has {sound.samplerate} samples a second: "
                f"speech needs {LOWEST_RATE} to {HIGHEST_RATE}"
            )
        rate, n_samples = sound.samplerate, sound.frames
    if not container.knows_length:
        with _opened(path, container) as sound:
            n_samples = sum(len(block) for block in _mono_blocks(sound, path, SAMPLE_RATE))
    if not n_samples:
        raise MarotteError(f"{path} holds 0 samples of sound: record it again")
    return Recording(path, rate, n_samples, partial(_file_blocks, path, container, n_samples))


class _FarEnd(FileIO):
    """A file that seems a hundred times as long as it is, to who asks where its end is."""

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        if whence == SEEK_END and offset == 0:
            return super().seek(100 * super().seek(0, SEEK_END))
        return super().seek(offset, whence)


@contextmanager
def _mended(path: Path, container: Container) -> Generator[BinaryIO]:
    """The file's bytes, so that libsndfile reads all of their sound."""
    if container.unset_size_at is not None:
        at = container.unset_size_at + 4
        # A copy in memory (of the pages that are written to) gets the size that is missing.
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_COPY) as copy:
            copy[at - 4 : at] = min(len(copy) - at, 0xFFFF_FFFF).to_bytes(4, "little")
            yield cast(BinaryIO, copy)
    elif container.kind == "MP3" and not container.knows_length:
        # libsndfile guesses the length from the file's and its first frames', and ends there.
        with _FarEnd(path) as file:
            yield cast(BinaryIO, file)
    else:
        with path.open("rb") as file:
            yield file


@contextmanager
def _opened(path: Path, container: Container) -> Generator[SoundFile]:
    """A sound file, open for reading forward.

    Raises:
        MarotteError: libsndfile can't read it.
    """
    import soundfile

    class Forward(soundfile.SoundFile):
        """Reads on without a seek after every block: that is slow, and fails at a FLAC's end."""

        def seekable(self) -> bool:
            return False

    with ExitStack() as stack:
        source = stack.enter_context(_mended(path, container))
        try:
            sound = stack.enter_context(Forward(source))
        except soundfile.LibsndfileError as error:
            raise MarotteError(f"{path} can't be read as sound: {error.error_string}") from error
        yield sound


def _file_blocks(
    path: Path, container: Container, n_samples: int, block_samples: int
) -> Iterator[Samples]:
    """All of a file's mono samples, `block_samples` at a time."""
    done = 0
    with _opened(path, container) as sound:
        for block in _mono_blocks(sound, path, block_samples):
            check_samples(block, str(path), sound.samplerate, done)
            done += len(block)
            yield block
        if done != n_samples:
            raise cut_short(path, f"{done} of {n_samples} samples are there")


def _mono_blocks(sound: SoundFile, path: Path, block_samples: int) -> Iterator[Samples]:
    import soundfile

    done = 0
    while True:
        try:
            block = sound.read(block_samples, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            after_s = done / sound.samplerate
            raise cut_short(path, f"it can't be read on after {after_s:.2f} s") from error
        if not len(block):
            return
        done += len(block)
        yield to_mono(block)
