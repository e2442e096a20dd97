"""Record the sound of a take as a WAV file, in step with its frames to the sample.

The header is right after each block, so that the file of a killed program can be played. A sound of
4 GB and more is an RF64 file, as EBU Tech 3306 describes it: the header keeps the place of its
chunk `ds64` from the beginning.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.recorder import Recorder, recording_path

SAMPLE_BYTES = 2
HEADER_BYTES = 80
LARGEST_RIFF = (1 << 32) - 1  # the largest size that a RIFF header can state
SILENT_SAMPLES = 1 << 16  # written at a time


def connect(target: str, take: Take) -> Output:
    """Open `wav:FILE`."""
    return WavRecorder(recording_path(target, "wav"), take)


def wav_header(n_samples: int, rate: int) -> bytes:
    r"""Return the 80 bytes before 16-bit mono samples: RIFF, or RF64 from 4 GB on.

    Example:
        >>> wav_header(16_000, 16_000)[:16]
        b'RIFFH}\x00\x00WAVEJUNK'
        >>> wav_header(1 << 31, 16_000)[:16]
        b'RF64\xff\xff\xff\xffWAVEds64'
    """
    n_bytes = SAMPLE_BYTES * n_samples
    size = HEADER_BYTES - 8 + n_bytes
    form = struct.pack("<HHIIHH", 1, 1, rate, SAMPLE_BYTES * rate, SAMPLE_BYTES, 16)
    if size <= LARGEST_RIFF:
        start = struct.pack("<4sI4s4sI28x", b"RIFF", size, b"WAVE", b"JUNK", 28)
        data_bytes = n_bytes
    else:
        start = struct.pack("<4sI4s4sI", b"RF64", LARGEST_RIFF, b"WAVE", b"ds64", 28)
        start += struct.pack("<QQQI", size, n_bytes, n_samples, 0)
        data_bytes = LARGEST_RIFF
    start += struct.pack("<4sI", b"fmt ", 16) + form
    return start + struct.pack("<4sI", b"data", data_bytes)


@final
class WavRecorder(Recorder):
    """Writes 16-bit samples. Lost samples become silence, so that all others keep their time."""

    def __init__(self, path: Path, take: Take) -> None:
        """Set the path."""
        super().__init__(path)
        self.rate = take.rate
        self.n_written = 0

    def header(self) -> bytes:
        """Return the header of a sound without samples."""
        return wav_header(0, self.rate)

    def send_samples(self, samples: NDArray[np.float32], first: int) -> None:
        """Write the samples at their position."""
        while first > self.n_written:
            self._write_samples(np.zeros(min(SILENT_SAMPLES, first - self.n_written), np.float32))
        self._write_samples(samples)

    def send(self, frame: Frame) -> None:
        """Do nothing: a sound file has no frames."""

    def _write_samples(self, samples: NDArray[np.float32]) -> None:
        self.write(np.rint(32768 * samples).clip(-32768, 32767).astype("<i2").tobytes())
        self.n_written += len(samples)
        self.rewrite(wav_header(self.n_written, self.rate))
