"""A sound file that libsndfile reads in; its rate, channels and blocks of samples out."""

# soundfile carries no types.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from io import SEEK_END, SEEK_SET, FileIO
from mmap import ACCESS_COPY, mmap
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

import numpy as np
from numpy.typing import NDArray

from marotte.audio.headers import Container, cut_short
from marotte.audio.levels import check_samples
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from soundfile import SoundFile

Samples = NDArray[np.float32]

# A header that promises more is compared with the file's content, before memory is reserved. Opus
# reaches 64; only digital silence in FLAC exceeds it.
MOST_SAMPLES_PER_BYTE = 100
VALUES_PER_READ = 2**20  # samples of all channels together


@dataclass(frozen=True)
class SourceSound:
    """The sound of a file, as it is there.

    Attributes:
        rate: sample rate in Hz.
        n_channels: number of channels.
        n_samples: length, or None if only reading the file tells it.
        blocks: yields the samples [<=n, n_channels] in order; it raises MarotteError where the
            file is damaged.
        missing_s: how much of the sound is missing at its end, by the header, in seconds.
    """

    rate: int
    n_channels: int
    n_samples: int | None
    blocks: Callable[[int], Iterator[Samples]]
    missing_s: float = 0.0


def open_sound_file(path: Path, container: Container) -> SourceSound:
    """Open a file that libsndfile reads, to see what it holds.

    Raises:
        MarotteError: libsndfile can't read it.
    """
    with _opened(path, container) as sound:
        rate, n_channels, n_samples = sound.samplerate, sound.channels, sound.frames
    missing_s = container.missing_s
    file_bytes = path.stat().st_size
    if container.promised_bytes is not None:
        missing_s = n_samples / rate * (container.promised_bytes / file_bytes - 1)
    knows_length = container.knows_length and n_samples <= MOST_SAMPLES_PER_BYTE * file_bytes
    blocks = partial(_file_blocks, path, container, n_samples if container.knows_length else None)
    return SourceSound(rate, n_channels, n_samples if knows_length else None, blocks, missing_s)


class _FarEnd(FileIO):
    """A file that reports an end a hundred times as far as the real one."""

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        try:
            if whence == SEEK_END and offset == 0:
                return super().seek(100 * super().seek(0, SEEK_END))
            return super().seek(offset, whence)
        except OSError:  # a damaged file can send its reader before the beginning
            return super().tell()


class _Copy(mmap):
    """A copy of a file in memory; a damaged file can send its reader out of it."""

    def seek(self, pos: int, whence: Literal[0, 1, 2] = SEEK_SET, /) -> None:
        with suppress(ValueError):
            super().seek(pos, whence)


@contextmanager
def _repaired(path: Path, container: Container) -> Generator[BinaryIO | Path]:
    """Open the file so that libsndfile reads all of its sound."""
    if container.unset_size_at is not None:
        at = container.unset_size_at + 4
        # The missing size is written into a copy-on-write mapping, not into the file.
        with path.open("rb") as file, _Copy(file.fileno(), 0, access=ACCESS_COPY) as copy:
            copy[at - 4 : at] = min(len(copy) - at, 0xFFFF_FFFF).to_bytes(4, "little")
            yield cast(BinaryIO, copy)
    elif container.kind == "MP3" and not container.knows_length:
        # libsndfile guesses the number of samples from the size of the file and of its first
        # frames, and stops there even if there are more.
        with _FarEnd(path) as file:
            yield cast(BinaryIO, file)
    else:
        # libsndfile reads the file itself: a damaged file can send it before the beginning, for
        # which Python's file objects raise errors that are printed.
        yield path


@contextmanager
def _opened(path: Path, container: Container) -> Generator[SoundFile]:
    """Open a sound file for reading from start to end.

    Raises:
        MarotteError: libsndfile can't read it.
    """
    import soundfile

    class Forward(soundfile.SoundFile):
        """Does not seek after every block, which is slow and fails at the end of a FLAC file."""

        def seekable(self) -> bool:
            return False

    with ExitStack() as stack:
        source = stack.enter_context(_repaired(path, container))
        try:
            sound = stack.enter_context(Forward(source))
        except soundfile.LibsndfileError as error:
            raise MarotteError(f"{path} can't be read as sound: {error.error_string}") from error
        yield sound


def _file_blocks(
    path: Path, container: Container, n_samples: int | None, block_samples: int
) -> Iterator[Samples]:
    """Yield all samples of a file, at most `block_samples` at a time.

    Args:
        path: the file.
        container: its container.
        n_samples: the number of samples that the header promises, or None.
        block_samples: length of a block.

    Raises:
        MarotteError: the file is damaged, or its samples are not sound.
    """
    import soundfile

    done = 0
    with _opened(path, container) as sound:
        rate, n_channels = sound.samplerate, sound.channels
        block_samples = max(1, min(block_samples, VALUES_PER_READ // n_channels))
        while True:
            try:
                read = sound.read(block_samples, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise cut_short(path, f"it can't be read beyond {done / rate:.2f} s") from error
            block = cast("Samples", read)
            if not len(block):
                break
            check_samples(block.ravel(), str(path), n_channels * rate, n_channels * done)
            done += len(block)
            yield block
        if n_samples is not None and done != n_samples:
            raise cut_short(path, f"{done} of {n_samples} samples are there")
