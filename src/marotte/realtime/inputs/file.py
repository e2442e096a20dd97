"""A recording in; its samples out, at the pace at which they would sound."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event
from typing import final

from marotte.audio.recording import open_recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.realtime.inputs import Hear, Input, Say

BLOCK_SAMPLES = 160  # 10 ms, what a microphone gives at a time


@final
class FileInput(Input):
    """Plays a file silently; at once if it is told that time does not matter."""

    def __init__(self, path: Path, fast: bool = False) -> None:
        self.recording = open_recording(path)
        self.name = path.name
        self.rate = SAMPLE_RATE
        self.fast = fast

    def run(self, hear: Hear, stop: Event, say: Say) -> None:
        """Give the file's sound away, once."""
        begun = time.perf_counter()
        done = 0
        for samples in self.recording.blocks(SAMPLE_RATE // 4 if self.fast else BLOCK_SAMPLES):
            done += len(samples)
            due = begun + done / SAMPLE_RATE
            if not self.fast:
                stop.wait(due - time.perf_counter())
            if stop.is_set():
                return
            hear(samples, time.perf_counter() if self.fast else due)
