"""Hours of sound at full speed: does memory grow, and are the last frames still right?

`benchmarks/live.py soak` runs it. The last 1,000 frames are compared with those of a fresh stream
that hears only the end of the sound. The takes are recorded into a temporary folder: 24 hours need
about 6 GB at 60 frames per second. Fewer frames cost less: at 5 per second, 24 hours take some six
minutes of a core, because the student computes less; everything else sees the same sound.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from marotte.audio.recording import open_recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.face.animation import Frame
from marotte.infer.stream import Stream
from marotte.model.session import load_student
from marotte.model.timing import n_frames
from marotte.realtime.inputs import Input, OnSamples, Report
from marotte.realtime.output_queue import OutputQueue
from marotte.realtime.outputs import Take, open_output
from marotte.realtime.runner import LiveRunner

HELLO = Path(__file__).parents[1] / "samples" / "hello.wav"
DEFAULT_FPS = 60
N_COMPARED = 1000
CONTEXT_S = 5  # more than a student and a resampler remember
WARM_UP_S = 60.0
N_REPORTS = 12
LIVE_BLOCKS_PER_S = 4  # longer ones wait in queues, which is memory too
MIB = 2**20


def resident_mib() -> float:
    """Return the resident memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


class Sound:
    """Speech that is repeated without an end, at some sample rate."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        voice = open_recording(HELLO).read()
        self.voice = voice if rate == SAMPLE_RATE else soxr.resample(voice, SAMPLE_RATE, rate)

    def cut(self, first: int, n: int) -> NDArray[np.float32]:
        """Return n samples from a position on."""
        return self.voice[np.arange(first, first + n) % len(self.voice)].astype(np.float32)

    def blocks(self, first: int, end: int, per_s: int = 1) -> Iterator[NDArray[np.float32]]:
        """Yield the samples between two positions in blocks, so many per second of sound."""
        step = self.rate // per_s
        for at in range(first, end, step):
            yield self.cut(at, min(step, end - at))


class Memory:
    """Measures the memory of this process while sound goes by."""

    def __init__(self, total_s: float) -> None:
        self.warm_up_s = min(WARM_UP_S, total_s / 4)
        self.interval_s = total_s / N_REPORTS
        self.next_s = self.warm_up_s
        self.mib: list[float] = []

    def at(self, done_s: float) -> None:
        """Measure, if it is time."""
        if done_s < self.next_s:
            return
        self.next_s = max(self.next_s + self.interval_s, done_s)
        self.mib.append(resident_mib())
        print(f"    {done_s / 3600:7.3f} h  {self.mib[-1]:7.1f} MiB", flush=True)

    def verdict(self) -> str:
        """Return how far the memory was from its value after the warm-up."""
        away = np.array(self.mib or [resident_mib()]) - (self.mib or [resident_mib()])[0]
        return f"memory {away.min():+.1f} to {away.max():+.1f} MiB (goal: within 2)"


def new_stream(rate: int, fps: int) -> Stream:
    """Return a stream of the student `live`, with smoothing at the default frame rate only.

    At other rates, the predictions that smoothing averages are not those of other frames, and cost
    extra.
    """
    return Stream(load_student(), rate, fps, None if fps == DEFAULT_FPS else False)


def compared(
    frames: list[tuple[float, NDArray[np.float32]]], sound: Sound, end: int, fps: int
) -> str:
    """Compare the last frames (time, controls) with a fresh stream of the end of the sound."""
    start_s = max(0, end // sound.rate - N_COMPARED // fps - CONTEXT_S)
    stream = new_stream(sound.rate, fps)
    blocks = sound.blocks(start_s * sound.rate, end)
    fresh = [frame for block in blocks for frame in stream.push(block)]
    fresh += stream.flush()
    times = [start_s + frame.time_s for frame in fresh][-len(frames) :]
    np.testing.assert_allclose([at for at, _ in frames], times, atol=1e-6)
    last = np.array([frame.controls for frame in fresh[-len(frames) :]])
    away = np.abs(np.array([controls for _, controls in frames]) - last).max()
    return f"last {len(frames)} frames differ from a fresh stream's by {away:.1e} at most"


def pace(sound_s: float, begun: tuple[float, float]) -> str:
    """Return how fast a soak went, from the clocks at its beginning."""
    wall_s, cpu_s = (now - then for now, then in zip(clocks(), begun, strict=True))
    return f"{sound_s / wall_s:.1f} times real time, {sound_s / cpu_s:.1f} by the core's time"


def clocks() -> tuple[float, float]:
    """Return the time, and the time that this process has used, in seconds."""
    return time.perf_counter(), time.process_time()


def soak_core(hours: float, rate: int, fps: int) -> None:
    """Push hours of sound at a sample rate through one stream."""
    print(f"  core, {rate} Hz, {fps} fps, {hours:g} h", flush=True)
    sound, stream = Sound(rate), new_stream(rate, fps)
    end = round(hours * 3600) * rate
    memory, last, count = Memory(end / rate), deque[Frame](maxlen=N_COMPARED), 0
    begun = clocks()
    for block in sound.blocks(0, end):
        frames = stream.push(block)
        last.extend(frames)
        count += len(frames)
        memory.at(stream.n_pushed / rate)
    rest = stream.flush()
    last.extend(rest)
    count += len(rest)
    expected = n_frames(-(-end * SAMPLE_RATE // rate), fps)
    print(f"    {count} frames, expected {expected}; {memory.verdict()}")
    print(f"    {compared([(f.time_s, f.controls) for f in last], sound, end, fps)}")
    print(f"    {pace(end / rate, begun)}", flush=True)
    assert count == expected


class Endless(Input):
    """The sound of a soak as a live input."""

    name = "soak"

    def __init__(self, sound: Sound, end: int, memory: Memory) -> None:
        self.sound, self.rate, self.end, self.memory = sound, sound.rate, end, memory

    def run(self, on_samples: OnSamples, stop: Event, report: Report) -> None:
        """Give all samples."""
        n_given = 0
        for block in self.sound.blocks(0, self.end, LIVE_BLOCKS_PER_S):
            if stop.is_set():
                return
            on_samples(block, time.perf_counter())
            n_given += len(block)
            self.memory.at(n_given / self.rate)


def soak_live(hours: float, rate: int, fps: int) -> None:
    """Run a take of hours with three outputs: a CSV, its sound, and Live Link."""
    print(f"  live with csv, wav and livelink, {rate} Hz, {fps} fps, {hours:g} h", flush=True)
    sound = Sound(rate)
    end = round(hours * 3600) * rate
    memory, stream = Memory(end / rate), new_stream(rate, fps)
    take = Take(stream.rig, fps, rate, stream.student.name, stream.delay_ms)
    begun = clocks()
    with tempfile.TemporaryDirectory(prefix="marotte-soak-") as name:
        folder = Path(name)
        specs = (f"csv:{folder / 'take.csv'}", f"wav:{folder / 'take.wav'}", "livelink")
        queues = [OutputQueue(spec, open_output(spec, take), drop=False) for spec in specs]
        LiveRunner(Endless(sound, end, memory), stream, queues, fast=True).run()
        failures = [queue.failure for queue in queues if queue.failure]
        n_rows, rows = 0, deque[bytes](maxlen=N_COMPARED)
        with (folder / "take.csv").open("rb") as file:
            next(file)
            for row in file:
                n_rows += 1
                rows.append(row)
        n_samples = soundfile.info(folder / "take.wav").frames
    expected = n_frames(-(-end * SAMPLE_RATE // rate), fps)
    print(
        f"    {n_rows} rows, expected {expected}; {n_samples} samples, expected {end}; {failures}"
    )
    print(f"    {memory.verdict()}")
    first = n_rows - len(rows)
    values = [
        ((first + k) / fps, np.array(row.split(b",")[2:54], np.float32))
        for k, row in enumerate(rows)
    ]
    print(f"    {compared(in_rig_order(values, take), sound, end, fps)}")
    print(f"    {pace(end / rate, begun)}", flush=True)
    assert (n_rows, n_samples, failures) == (expected, end, [])


def in_rig_order(
    rows: list[tuple[float, NDArray[np.float32]]], take: Take
) -> list[tuple[float, NDArray[np.float32]]]:
    """Return the values of CSV rows in the order of the rig."""
    from marotte.export.livelink_csv import COLUMNS

    columns = [name.lower() for name in COLUMNS]
    order = [columns.index(name.lower()) for name in take.rig.names]
    return [(at, values[order]) for at, values in rows]


def soak(hours: float, rates: list[int], fps: int, only: str | None) -> None:
    """Run the core at each sample rate, then live at the first one, for some hours each."""
    if only != "live":
        for rate in rates:
            soak_core(hours, rate, fps)
    if only != "core":
        soak_live(hours, rates[0], fps)
