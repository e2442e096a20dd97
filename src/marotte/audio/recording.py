"""A sound file, or samples in memory, in; blocks of mono float32 samples at 16 kHz out.

A file is read block by block, again for each pass, so that an hour of sound needs no more memory
than a second.
"""

# soundfile and soxr carry no types.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from io import SEEK_END, SEEK_SET, FileIO
from mmap import ACCESS_COPY, mmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, cast, final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.headers import Container, cut_short, read_container
from marotte.audio.levels import check_array, check_samples, to_mono
from marotte.audio.resampling import (
    HIGHEST_RATE,
    LOWEST_RATE,
    SAMPLE_RATE,
    check_rate,
    converted_samples,
    resample,
)
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from soundfile import SoundFile

Samples = NDArray[np.float32]

# A header that promises more is compared with the file's content, before memory is reserved. Opus
# reaches 64; only digital silence in FLAC exceeds it.
MOST_SAMPLES_PER_BYTE = 100
VALUES_PER_READ = 2**20  # samples of all channels together

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

    Example:
        >>> import marotte
        >>> recording = marotte.open_recording("voice.wav")
        >>> recording.rate, recording.seconds
        (16000, 1.5)
    """

    path: Path | None
    rate: int
    n_source_samples: int
    # Returns the source's own mono samples in order, in blocks [<=n].
    source: Callable[[int], Iterator[Samples]] = field(repr=False)
    missing_s: float = 0.0

    @classmethod
    def from_samples(cls, samples: NDArray[np.floating], rate: int) -> Recording:
        """Make a recording of samples in memory, laid out as soundfile reads them.

        Args:
            samples: floats [n] or [n, channels] within -1..1.
            rate: sample rate in Hz, 8000 or more.

        Raises:
            MarotteError: the samples or the rate are not as described.

        Example:
            >>> import numpy as np, marotte
            >>> marotte.Recording.from_samples(np.zeros(48_000), 48_000).seconds
            1.0
        """
        check_array(samples)
        check_rate(rate)
        mono = samples.astype(np.float32) if samples.ndim == 1 else to_mono(samples)
        check_samples(mono, "the sound", rate)
        return cls._of_mono(mono, rate)

    @classmethod
    def _of_mono(cls, mono: Samples, rate: int) -> Recording:
        def source(n: int) -> Iterator[Samples]:
            return (mono[start : start + n] for start in range(0, len(mono), n))

        return cls(None, rate, len(mono), source)

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

    def read(self) -> Samples:
        """Return the whole sound [n_samples] at 16 kHz, about -1..1."""
        return np.concatenate(list(self.blocks()))


def open_recording(source: str | os.PathLike[str] | BinaryIO) -> Recording:
    """Open a WAV, FLAC, OGG or MP3 file of any channels and bit depth, at 8 kHz or more.

    The header is checked here; the samples are checked as they are read. A file object is read to
    its end here. A WAV file that lacks its end is read up to there, with a warning of the logger
    `marotte`.

    Args:
        source: a path, or a file object opened in binary mode.

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
        recording, name = _open_path(Path(source)), str(source)
    else:
        recording, name = _open_file_object(source), _name_of(source)
    if seconds := recording.missing_s:
        lacking = f"{seconds:.2f}" if seconds >= 0.01 else "less than 0.01"
        _log.warning(
            f"{name} lacks the last {lacking} s that its header promises; the rest is read"
        )
    return recording


def _open_path(path: Path) -> Recording:
    container = read_container(path)
    with _opened(path, container) as sound:
        if not LOWEST_RATE <= sound.samplerate <= HIGHEST_RATE:
            raise MarotteError(
                f"{path} has a sample rate of {sound.samplerate} Hz: "
                f"speech needs {LOWEST_RATE} to {HIGHEST_RATE} Hz"
            )
        rate, n_samples = sound.samplerate, sound.frames
    promised = n_samples
    if not container.knows_length or n_samples > MOST_SAMPLES_PER_BYTE * path.stat().st_size:
        # The work follows what the file really contains, whatever its header says.
        with _opened(path, container) as sound:
            n_samples = sum(len(block) for block in _mono_blocks(sound, path, SAMPLE_RATE))
    if not n_samples:
        raise MarotteError(f"{path} holds 0 samples of sound: record it again")
    if container.knows_length and n_samples != promised:
        raise cut_short(path, f"{n_samples} of {promised} samples are there")
    blocks = partial(_file_blocks, path, container, n_samples)
    return Recording(path, rate, n_samples, blocks, container.missing_s)


def _open_file_object(file: BinaryIO) -> Recording:
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
            recording = _open_path(path)
            mono = np.concatenate(list(recording.source(SAMPLE_RATE)))
        except MarotteError as error:
            raise MarotteError(str(error).replace(str(path), _name_of(file))) from error
    mono_recording = Recording._of_mono(mono, recording.rate)  # pyright: ignore[reportPrivateUsage]
    return replace(mono_recording, missing_s=recording.missing_s)


def _name_of(file: BinaryIO) -> str:
    return Path(str(getattr(file, "name", "sound"))).name or "sound"


class _FarEnd(FileIO):
    """A file that reports an end a hundred times as far as the real one."""

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        if whence == SEEK_END and offset == 0:
            return super().seek(100 * super().seek(0, SEEK_END))
        return super().seek(offset, whence)


@contextmanager
def _repaired(path: Path, container: Container) -> Generator[BinaryIO]:
    """Open the file so that libsndfile reads all of its sound."""
    if container.unset_size_at is not None:
        at = container.unset_size_at + 4
        # The missing size is written into a copy-on-write mapping, not into the file.
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_COPY) as copy:
            copy[at - 4 : at] = min(len(copy) - at, 0xFFFF_FFFF).to_bytes(4, "little")
            yield cast(BinaryIO, copy)
    elif container.kind == "MP3" and not container.knows_length:
        # libsndfile guesses the number of samples from the size of the file and of its first
        # frames, and stops there even if there are more.
        with _FarEnd(path) as file:
            yield cast(BinaryIO, file)
    else:
        with path.open("rb") as file:
            yield file


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
    path: Path, container: Container, n_samples: int, block_samples: int
) -> Iterator[Samples]:
    """Yield all mono samples of a file, `block_samples` at a time."""
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
    block_samples = max(1, min(block_samples, VALUES_PER_READ // sound.channels))
    while True:
        try:
            block = sound.read(block_samples, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            after_s = done / sound.samplerate
            raise cut_short(path, f"it can't be read beyond {after_s:.2f} s") from error
        if not len(block):
            return
        done += len(block)
        yield to_mono(block)
