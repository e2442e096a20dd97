"""What live costs: milliseconds a hop, share of a core, delay to a socket, memory over hours.

    python benchmarks/live.py hop            # streamed, whole windows, and the paper's S2, in turn
    python benchmarks/live.py cpu            # of one core, at 60 fps in real time, Python included
    python benchmarks/live.py delay          # samples written to a pipe → datagram received
    python benchmarks/live.py soak --hours 2 # of speech at full speed: does memory stay flat?

`hop` needs the extra `train`, for the paper's S2 with random weights. Run on a quiet machine; the
ratios of `hop` hold on a busy one too, as its three take turns hop by hop.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import open_recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.infer.stream import Stream
from marotte.model.session import Student, load_student
from marotte.realtime.inputs.file import FileInput
from marotte.realtime.output_queue import OutputQueue
from marotte.realtime.outputs import Take, open_output
from marotte.realtime.runner import LiveRunner

HELLO = Path(__file__).parents[1] / "samples" / "hello.wav"
FPS = 60.0
BLOCK_SAMPLES = 160  # 10 ms
GOAL_MS = 16.7 + 5  # over the look-ahead, at p99


def figures(name: str, times_ms: NDArray[np.float64] | list[float]) -> str:
    """A line of percentiles."""
    p50, p99, worst = np.percentile(times_ms, [50, 99, 100])
    return f"  {name:22} p50 {p50:8.3f}  p99 {p99:8.3f}  worst {worst:8.3f} ms"


def voice() -> NDArray[np.float32]:
    """Some seconds of speech at 16 kHz."""
    return open_recording(HELLO).read()


def hop(seconds: float) -> None:
    """Milliseconds from a hop of samples to its frame."""
    from students import paper_s2

    ours = load_student()
    with tempfile.TemporaryDirectory() as folder:
        s2 = load_student(paper_s2(Path(folder)))
    rivals: dict[str, Student] = {
        f"{ours.name}, streamed": ours,
        f"{ours.name}, windows": replace(ours, steps=None),
        "paper's S2, windows": s2,
    }
    streams = {name: Stream(student, fps=FPS) for name, student in rivals.items()}
    times: dict[str, list[float]] = {name: [] for name in rivals}
    sound = np.tile(voice(), 1 + int(seconds / 7))[: int(seconds * SAMPLE_RATE)]
    places = np.rint(np.arange(1, seconds * FPS) * SAMPLE_RATE / FPS).astype(int)
    for samples in np.split(sound, places):
        for name, stream in streams.items():
            before = time.perf_counter()
            frames = stream.push(samples)
            if len(frames) == 1:
                times[name].append(1000 * (time.perf_counter() - before))
    print(f"a hop of {1000 / FPS:.1f} ms, {len(places)} of them, on one thread")
    warm = {name: np.array(each[60:]) for name, each in times.items()}
    for name, each in warm.items():
        print(figures(name, each))
    first, *others = warm.items()
    for name, each in others:
        print(f"  {first[0]} takes {np.median(first[1]) / np.median(each):.2f} of {name}'s time")


def cpu(seconds: float) -> None:
    """The share of a core that a take in real time needs."""
    student = load_student()
    source = FileInput(HELLO)
    begun = time.perf_counter()
    busy_s = total_s = 0.0
    while time.perf_counter() - begun < seconds:
        stream = Stream(student, fps=FPS)
        take = Take(student.rig, FPS, source.rate, student.name)
        senders = [OutputQueue("livelink", open_output("livelink", take), drop=True)]
        live = LiveRunner(source, stream, senders)
        before_cpu, before = time.process_time(), time.perf_counter()
        live.run()
        busy_s += time.process_time() - before_cpu
        total_s += time.perf_counter() - before
    print(f"{total_s:.0f} s of sound in real time at {FPS:g} fps to Live Link Face")
    print(f"  {100 * busy_s / total_s:.1f} % of one core, Python included (goal: 10 %)")


def bursts(n: int) -> tuple[NDArray[np.float32], list[float]]:
    """Silence with a burst of a vowel's buzz now and then, and the bursts' onsets in seconds."""
    random = np.random.default_rng(0)
    time_s = np.arange(round(0.25 * SAMPLE_RATE)) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * 120 * h * time_s) / h for h in range(1, 25))
    parts, onsets, clock = [], [], 0
    for _ in range(n):
        silence = round(random.uniform(0.5, 0.7) * SAMPLE_RATE)
        parts += [np.zeros(silence), 0.2 * np.asarray(buzz)]
        onsets.append((clock + silence) / SAMPLE_RATE)
        clock += silence + len(time_s)
    return np.concatenate([*parts, np.zeros(SAMPLE_RATE // 2)]).astype(np.float32), onsets


def delay(seconds: float) -> None:
    """From samples written into a pipe to their frame received as a datagram."""
    sound, onsets = bursts(max(2, int(seconds / 0.85)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        to = f"maya:127.0.0.1:{server.getsockname()[1]}"
        command = [sys.executable, "-m", "marotte", "live", "--input", "-", "--out", to]
        with subprocess.Popen([*command, "--fps", str(FPS)], stdin=subprocess.PIPE) as running:
            received: list[tuple[float, float, float]] = []
            thread = Thread(target=listen, args=(server, received))
            thread.start()
            begun = speak(running, sound)
        thread.join()
    at, came, jaw = np.array(received).T
    each_ms = 1000 * (came - (begun + at))
    whole = at < len(sound) / SAMPLE_RATE - 0.2  # the last ones are known by the end of the sound
    lookahead_ms = Stream(load_student(), fps=FPS).delay_ms
    print(f"pipe → datagram, {len(at)} frames at {FPS:g} fps, look-ahead {lookahead_ms:.0f} ms")
    print(figures("of every frame", each_ms[whole]))
    print(figures("less look-ahead", each_ms[whole] - lookahead_ms))
    print(f"  goal: p99 of look-ahead + {GOAL_MS:.1f} = {lookahead_ms + GOAL_MS:.1f} ms")
    opens = [
        1000 * (came[(at > onset - 0.15) & (jaw > 0.03)][0] - (begun + onset)) for onset in onsets
    ]
    print(figures("burst → jaw opens", opens))


def listen(server: socket.socket, received: list[tuple[float, float, float]]) -> None:
    """Keep the moment of every frame in its sound, when it came, and its jaw."""
    while True:
        try:
            frame = json.loads(server.recv(65535))
        except TimeoutError:
            return
        received.append((frame["time_s"], time.perf_counter(), frame["controls"]["jawOpen"]))


def speak(running: subprocess.Popen[bytes], sound: NDArray[np.float32]) -> float:
    """Write sound into a process in real time; the moment at which its first sample was spoken."""
    assert running.stdin is not None
    content = (sound * 32767).astype("<i2")
    time.sleep(3)  # it loads; what is written meanwhile would wait
    begun = time.perf_counter()
    for first in range(0, len(content), BLOCK_SAMPLES):
        # A block can be given away when its last sample was spoken.
        due = begun + (first + BLOCK_SAMPLES) / SAMPLE_RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        running.stdin.write(content[first : first + BLOCK_SAMPLES].tobytes())
        running.stdin.flush()
    running.stdin.close()
    return begun


def resident_mib() -> float:
    """Resident memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def soak(hours: float) -> None:
    """Push hours of speech through one stream, and say what it remembers."""
    stream = Stream(load_student(), fps=FPS)
    sound = voice()
    blocks = np.array_split(sound, len(sound) // BLOCK_SAMPLES)
    block_s = len(sound) / len(blocks) / SAMPLE_RATE
    report_s, next_s, done_s, n_frames = hours * 3600 / 12, 60.0, 0.0, 0
    begun = time.perf_counter()
    while done_s < hours * 3600:
        for block in blocks:
            n_frames += len(stream.push(block))
            done_s += block_s
        if done_s >= next_s:
            next_s = max(next_s, done_s) + report_s
            print(f"  {done_s / 3600:6.2f} h  {resident_mib():7.1f} MiB", flush=True)
    speed = done_s / (time.perf_counter() - begun)
    print(f"{n_frames} frames, {speed:.0f} times faster than real time")


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["hop", "cpu", "delay", "soak"])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--hours", type=float, default=1.0)
    given = parser.parse_args()
    if given.what == "soak":
        soak(given.hours)
    else:
        {"hop": hop, "cpu": cpu, "delay": delay}[given.what](given.seconds)


if __name__ == "__main__":
    main()
