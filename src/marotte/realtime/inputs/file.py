"""Play a recording as live sound: its samples come at the pace at which they would be heard."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event
from typing import final

from marotte.audio.channels import AUTO
from marotte.audio.recording import open_recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.realtime.inputs import Input, OnSamples, Report

BLOCK_SAMPLES = 160  # 10 ms, as a microphone delivers


@final
class FileInput(Input):
    """A sound file, read once. Nothing is audible."""

    def __init__(self, path: Path, fast: bool = False, channel: int | str = AUTO) -> None:
        """Open the file.

        Args:
            path: a sound file or a video.
            fast: read as fast as possible instead of in real time.
            channel: which channel holds the voice, as in `open_recording`.

        Raises:
            MarotteError: the file can't be read.
        """
        self.recording = open_recording(path, channel)
        self.name = path.name
        self.rate = SAMPLE_RATE
        self.fast = fast

    def run(self, on_samples: OnSamples, stop: Event, report: Report) -> None:
        """Read the file to its end."""
        start_s = time.perf_counter()
        n_read = 0
        for samples in self.recording.blocks(SAMPLE_RATE // 4 if self.fast else BLOCK_SAMPLES):
            n_read += len(samples)
            due_s = start_s + n_read / SAMPLE_RATE
            if not self.fast:
                stop.wait(due_s - time.perf_counter())
            if stop.is_set():
                return
            on_samples(samples, time.perf_counter() if self.fast else due_s)
