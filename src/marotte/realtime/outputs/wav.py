"""Sound in; a WAV file of the take out, in step with its frames to the sample."""

# soundfile carries no types.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.recorder import Recorder, path_of


def connect(target: str, take: Take) -> Output:
    """Open `wav:FILE`."""
    return WavRecorder(path_of(target, "wav"), take)


@final
class WavRecorder(Recorder):
    """Writes 16-bit samples; sound that was lost is silence, so that all else keeps its place."""

    def __init__(self, path: Path, take: Take) -> None:
        """Name the file."""
        super().__init__(path)
        self.rate = take.rate
        self.n_written = 0

    def open(self, temporary: Path) -> None:
        """Write the header."""
        import soundfile

        self.out: Any = self.stack.enter_context(
            soundfile.SoundFile(temporary, "w", self.rate, 1, "PCM_16", format="WAV")
        )

    def hear(self, samples: NDArray[np.float32], first: int) -> None:
        """Write samples at their place."""
        self.begin()
        if first > self.n_written:
            self.out.write(np.zeros(first - self.n_written, np.float32))
        self.out.write(samples)
        self.n_written = first + len(samples)

    def send(self, frame: Frame) -> None:
        """Nothing: a sound file has no frames."""
