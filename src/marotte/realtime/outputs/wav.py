"""Record the sound of a take as a WAV file, in step with its frames to the sample."""

# soundfile carries no types.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.recorder import Recorder, recording_path


def connect(target: str, take: Take) -> Output:
    """Open `wav:FILE`."""
    return WavRecorder(recording_path(target, "wav"), take)


@final
class WavRecorder(Recorder):
    """Writes 16-bit samples. Lost samples become silence, so that all others keep their time."""

    def __init__(self, path: Path, take: Take) -> None:
        """Set the path."""
        super().__init__(path)
        self.rate = take.rate
        self.n_written = 0

    def open(self, temporary: Path) -> None:
        """Write the header."""
        import soundfile

        self.file: Any = self.stack.enter_context(
            soundfile.SoundFile(temporary, "w", self.rate, 1, "PCM_16", format="WAV")
        )

    def send_samples(self, samples: NDArray[np.float32], first: int) -> None:
        """Write the samples at their position."""
        self.start()
        if first > self.n_written:
            self.file.write(np.zeros(first - self.n_written, np.float32))
        self.file.write(samples)
        self.n_written = first + len(samples)

    def send(self, frame: Frame) -> None:
        """Do nothing: a sound file has no frames."""
