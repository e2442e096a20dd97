"""Costs of live animation: time per hop, share of a core, delay to a socket and memory.

    python benchmarks/live.py hop            # time per hop: streamed, whole windows, the paper's S2
    python benchmarks/live.py cpu            # share of one core at 60 fps in real time, with Python
    python benchmarks/live.py delay          # from samples written to a pipe to a datagram received
    python benchmarks/live.py soak --hours 24  # memory, frame count and last frames after hours

`hop` needs the extra `train`, for the paper's S2 with random weights. Run on an idle machine. The
ratios of `hop` are valid on a busy machine too, because its three students take turns at each hop.
"""

from __future__ import annotations

import argparse
import json
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
GOAL_MS = 16.7 + 5  # goal for the p99 of the delay, in addition to the look-ahead


def figures(name: str, times_ms: NDArray[np.float64] | list[float]) -> str:
    """Return a line of percentiles."""
    p50, p99, worst = np.percentile(times_ms, [50, 99, 100])
    return f"  {name:22} p50 {p50:8.3f}  p99 {p99:8.3f}  worst {worst:8.3f} ms"


def voice() -> NDArray[np.float32]:
    """Return some seconds of speech at 16 kHz."""
    return open_recording(HELLO).read()


def hop(seconds: float) -> None:
    """Measure the time from a hop of samples to its frame."""
    from students import paper_s2

    ours = load_student()
    with tempfile.TemporaryDirectory() as folder:
        s2 = load_student(paper_s2(Path(folder)))
    students: dict[str, Student] = {
        f"{ours.name}, streamed": ours,
        f"{ours.name}, windows": replace(ours, steps=None),
        "paper's S2, windows": s2,
    }
    streams = {name: Stream(student, fps=FPS) for name, student in students.items()}
    times: dict[str, list[float]] = {name: [] for name in students}
    sound = np.tile(voice(), 1 + int(seconds / 7))[: int(seconds * SAMPLE_RATE)]
    hop_ends = np.rint(np.arange(1, seconds * FPS) * SAMPLE_RATE / FPS).astype(int)
    for samples in np.split(sound, hop_ends):
        for name, stream in streams.items():
            before = time.perf_counter()
            frames = stream.push(samples)
            if len(frames) == 1:
                times[name].append(1000 * (time.perf_counter() - before))
    print(f"{len(hop_ends)} hops of {1000 / FPS:.1f} ms, on one thread")
    warm = {name: np.array(each[60:]) for name, each in times.items()}
    for name, each in warm.items():
        print(figures(name, each))
    first, *others = warm.items()
    for name, each in others:
        print(f"  {first[0]} takes {np.median(first[1]) / np.median(each):.2f} of {name}'s time")


def cpu(seconds: float) -> None:
    """Measure the share of a core that a take in real time needs."""
    student = load_student()
    source = FileInput(HELLO)
    start = time.perf_counter()
    busy_s = total_s = 0.0
    while time.perf_counter() - start < seconds:
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
    """Return silence with n bursts of a vowel's buzz, and the onsets of the bursts in seconds."""
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
    """Measure the time from samples written into a pipe to their frame received as a datagram."""
    sound, onsets = bursts(max(2, int(seconds / 0.85)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        to = f"maya:127.0.0.1:{server.getsockname()[1]}"
        command = [sys.executable, "-m", "marotte", "live", "--input", "-", "--output", to]
        with subprocess.Popen([*command, "--fps", str(FPS)], stdin=subprocess.PIPE) as running:
            received: list[tuple[float, float, float]] = []
            thread = Thread(target=listen, args=(server, received))
            thread.start()
            first_sample_s = speak(running, sound)
        thread.join()
    at, arrival, jaw = np.array(received).T
    each_ms = 1000 * (arrival - (first_sample_s + at))
    in_time = at < len(sound) / SAMPLE_RATE - 0.2  # without the frames flushed at the end
    lookahead_ms = Stream(load_student(), fps=FPS).delay_ms
    print(f"pipe → datagram, {len(at)} frames at {FPS:g} fps, look-ahead {lookahead_ms:.0f} ms")
    print(figures("all frames", each_ms[in_time]))
    print(figures("without look-ahead", each_ms[in_time] - lookahead_ms))
    print(f"  goal: p99 of look-ahead + {GOAL_MS:.1f} = {lookahead_ms + GOAL_MS:.1f} ms")
    opens = [
        1000 * (arrival[(at > onset - 0.15) & (jaw > 0.03)][0] - (first_sample_s + onset))
        for onset in onsets
    ]
    print(figures("burst → jaw opens", opens))


def listen(server: socket.socket, received: list[tuple[float, float, float]]) -> None:
    """Record each frame's time in the sound, its time of arrival and its jawOpen."""
    while True:
        try:
            frame = json.loads(server.recv(65535))
        except TimeoutError:
            return
        received.append((frame["time_s"], time.perf_counter(), frame["controls"]["jawOpen"]))


def speak(running: subprocess.Popen[bytes], sound: NDArray[np.float32]) -> float:
    """Write sound into a process in real time; return the time of its first sample."""
    assert running.stdin is not None
    content = (sound * 32767).astype("<i2")
    time.sleep(3)  # the process is loading: samples written now would wait
    first_sample_s = time.perf_counter()
    for first in range(0, len(content), BLOCK_SAMPLES):
        # A block is complete at the time of its last sample.
        due = first_sample_s + (first + BLOCK_SAMPLES) / SAMPLE_RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        running.stdin.write(content[first : first + BLOCK_SAMPLES].tobytes())
        running.stdin.flush()
    running.stdin.close()
    return first_sample_s


def main() -> None:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark", choices=["hop", "cpu", "delay", "soak"])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--hours", type=float, default=1.0)
    rates = [16_000, 44_100, 11_025, 48_000]
    parser.add_argument("--rates", type=int, nargs="+", default=rates)
    parser.add_argument("--fps", type=int, default=60, help="frames per second of a soak")
    parser.add_argument("--only", choices=["core", "live"], help="one half of a soak")
    options = parser.parse_args()
    if options.benchmark == "soak":
        from soak import soak

        soak(options.hours, options.rates, options.fps, options.only)
    else:
        {"hop": hop, "cpu": cpu, "delay": delay}[options.benchmark](options.seconds)


if __name__ == "__main__":
    main()
