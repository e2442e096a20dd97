"""The C library against ONNX Runtime: time per frame, memory, file sizes and differences.

    python benchmarks/device.py                 # builds the library with cc, several times
    python benchmarks/device.py --seconds 60    # longer, on a busy machine
    python benchmarks/device.py --peers         # installs onnxruntime-web, wLipSync and RNNoise
    python benchmarks/device.py --hours 24      # only: hours of sound at full speed
    python benchmarks/device.py --corpus FOLDER # only: 8-bit weights on real speech

Both take turns on one thread, and the times are CPU times, so that the ratios are valid on a busy
machine too. ONNX Runtime computes the streamed form alone: five new steps and one prediction. The
library also does all that surrounds it: the buffer of samples, smoothing and the frame's clock.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from device_peers import ORT_WEB, from_npm, print_peers
from device_soak import print_soak
from numpy.typing import NDArray

from marotte.audio.recording import open_recording
from marotte.device.mrt import write_mrt
from marotte.infer.stream import Stream
from marotte.model.session import Student, load_student, student_path
from marotte.model.streaming import STREAMED

ROOT = Path(__file__).parents[1]
WEB = ROOT / "integrations" / "web"
RATE = 16_000
N_VOICES = 100
BLOCK_US = 1e6 * 128 / 48_000  # of an audio worklet
FRAMES = 6  # per measurement: 100 ms
BUILDS = {"plain C": ("-DMAROTTE_NO_SIMD",), "fastest": ()}
if platform.machine() in ("x86_64", "AMD64"):
    BUILDS = {"plain C": ("-DMAROTTE_NO_SIMD",), "SSE2": ("-DMAROTTE_NO_AVX2",), "AVX2": ()}
GOALS = {  # share of ONNX Runtime's time
    ("AVX2", "float"): 0.20,
    ("AVX2", "int8"): 0.16,
    ("SSE2", "float"): 0.55,
    ("SSE2", "int8"): 0.40,
}
GOAL_WEB, GOAL_VOICE, GOAL_BLOCK = 0.12, "1 %", ("1 %", "8 %")
DRIVER = """
#include "marotte.c"
int animate(marotte_voice *voice, const float *sound, size_t n, float *frames, int width) {
    float face[MAROTTE_MAX_CONTROLS];
    int count = 0;
    for (;;) {
        const size_t taken = marotte_push(voice, sound, n);
        sound += taken, n -= taken;
        while (marotte_next(voice, frames ? frames + count * width : face, NULL)) count++;
        if (n == 0) return count;
    }
}
"""


@dataclass
class Voice:
    """A voice of the library, and the memory that it lives in.

    Attributes:
        library: the shared library.
        memory: the file, the student's and the voice's memory.
        object_bytes: size of the compiled code.
    """

    library: ctypes.CDLL
    memory: list[ctypes.Array[ctypes.c_char]]
    object_bytes: int

    def animate(self, sound: NDArray[np.float32], width: int = 0) -> NDArray[np.float32]:
        """Push a sound; return its frames [n, width], or nothing if width is 0."""
        n = len(sound) * 60 // RATE + 2
        frames = np.zeros((n if width else 0, width or 1), np.float32)
        to = ctypes.c_void_p(frames.ctypes.data if width else None)
        samples = ctypes.c_void_p(sound.ctypes.data)
        count = self.library.animate(
            self.memory[2], samples, ctypes.c_size_t(len(sound)), to, width
        )
        return frames[:count]


def compiled(folder: Path, flags: tuple[str, ...]) -> tuple[ctypes.CDLL, int]:
    """Compile the library; return it and the size of its code in bytes."""
    compiler = os.environ.get("CC", "cc")
    if shutil.which(compiler) is None:
        raise SystemExit("device.py needs a C compiler: install gcc or clang, or set CC")
    name = folder / f"driver{len(list(folder.iterdir()))}"
    source, shared, code = (name.with_suffix(end) for end in (".c", ".so", ".o"))
    source.write_text(DRIVER)
    command = [compiler, "-std=c99", "-O2", *flags, "-I", str(ROOT / "c")]
    subprocess.run([*command, "-shared", "-fPIC", source, "-o", shared], check=True)
    subprocess.run([*command, "-c", ROOT / "c" / "marotte.c", "-o", code], check=True)
    sizes = subprocess.run(["size", code], capture_output=True, text=True, check=True).stdout
    library = ctypes.CDLL(str(shared))
    for function in ("marotte_student_size", "marotte_voice_size"):
        getattr(library, function).restype = ctypes.c_size_t
    return library, int(sizes.splitlines()[1].split()[0])


def open_voice(library: ctypes.CDLL, object_bytes: int, mrt: Path) -> Voice:
    """Open a voice of a student."""
    content = mrt.read_bytes()
    n = ctypes.c_size_t(len(content))
    file = ctypes.create_string_buffer(content, len(content))
    student = ctypes.create_string_buffer(library.marotte_student_size(file, n))
    assert library.marotte_student_init(student, file, n) == 0
    voice = ctypes.create_string_buffer(library.marotte_voice_size(student, RATE))
    assert library.marotte_voice_init(voice, student, RATE) == 0
    return Voice(library, [file, student, voice], object_bytes)


def seconds_of(work: Callable[[], object]) -> float:
    """Return the CPU time of this thread per frame."""
    before = time.thread_time()
    work()
    return (time.thread_time() - before) / FRAMES


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--student", default="live", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--corpus", type=Path, metavar="FOLDER")
    parser.add_argument("--minutes", type=float, metavar="M", help="at most M of each test set")
    options = parser.parse_args()
    speech = open_recording(ROOT / "samples" / "hello.wav").read()
    student = load_student(options.student)
    form = student.steps
    assert form
    ring, new = form.empty_ring(), speech[RATE : RATE + form.samples_of(5)].copy()

    def onnx_runtime() -> None:
        for _ in range(FRAMES):
            form.advance(new, ring)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        voices = open_voices(folder, options.student)
        if options.hours:
            print_hours(voices, folder, speech, options.hours)
            return
        if options.corpus:
            from device_speech import print_speech  # needs PyTorch

            library = list(voices.values())[-1].library  # with the fastest instructions
            names = student.rig.names
            mrt = {kind: folder / f"{kind}.mrt" for kind in ("float", "int8")}
            print_speech(
                options.corpus,
                lambda kind: open_voice(library, 0, mrt[kind]),
                names,
                options.minutes,
            )
            return
        moving = speech[RATE : RATE + FRAMES * RATE // 60].copy()
        runs = {key: lambda v=voice: v.animate(moving) for key, voice in voices.items()}
        best = fastest({("ONNX Runtime", ""): onnx_runtime, **runs}, options.seconds)
        print_times(best, options.student)
        print_sizes(folder, voices)
        print_differences(voices, student, speech)
        print_many_voices(voices, folder, speech)
        print_web(folder, student, speech, options.peers)
        if options.peers:
            print_peers(folder, speech)


def open_voices(folder: Path, student: str) -> dict[tuple[str, str], Voice]:
    """Open a voice for each set of instructions and each kind of weights."""
    for kind in ("float", "int8"):
        write_mrt(student, folder / f"{kind}.mrt", int8=kind == "int8")
    voices = {}
    for name, flags in BUILDS.items():
        library, object_bytes = compiled(folder, flags)
        for kind in ("float", "int8"):
            voices[name, kind] = open_voice(library, object_bytes, folder / f"{kind}.mrt")
    return voices


def fastest(
    runs: dict[tuple[str, str], Callable[[], object]], seconds: float
) -> dict[tuple[str, str], float]:
    """Return the shortest time per frame of each, which take turns."""
    best = dict.fromkeys(runs, float("inf"))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for key, run in runs.items():
            best[key] = min(best[key], seconds_of(run))
    return best


def print_times(best: dict[tuple[str, str], float], student: str) -> None:
    """Print times and ratios."""
    reference = best["ONNX Runtime", ""]
    print(f"time per frame of `{student}`, one thread")
    for (name, kind), seconds in best.items():
        goal = GOALS.get((name, kind))
        asked = f"  (goal {goal:.2f})" if goal else ""
        print(
            f"  {name:13} {kind:6} {1e6 * seconds:7.1f} µs  {seconds / reference:5.2f} of "
            f"ONNX Runtime's{asked}"
        )


def print_sizes(folder: Path, voices: dict[tuple[str, str], Voice]) -> None:
    """Print sizes of files, memory and code."""
    print("sizes in kB")
    for (name, kind), voice in voices.items():
        file, student, state = (len(memory) / 1000 for memory in voice.memory)
        used = file if student < file else 0  # else the weights were widened into the student
        total = used + student + state
        print(
            f"  {name:13} {kind:6} file {file:6.1f}  in all {total:7.1f}  each voice {state:6.1f}"
            f"  code {voice.object_bytes / 1000:5.1f}"
        )


def print_differences(
    voices: dict[tuple[str, str], Voice], student: Student, speech: NDArray[np.float32]
) -> None:
    """Print the largest differences of controls to the Python stream."""
    expected = np.array([f.controls for f in Stream(student).push(speech)])
    print("largest difference of a control to the Python stream")
    for (name, kind), voice in voices.items():
        voice.library.marotte_reset(voice.memory[2])
        got = voice.animate(speech, expected.shape[1])[: len(expected)]
        print(f"  {name:13} {kind:6} {np.abs(got - expected[: len(got)]).max():.1e}")


def print_many_voices(
    voices: dict[tuple[str, str], Voice], folder: Path, speech: NDArray[np.float32]
) -> None:
    """Print the share of a core that each of many voices takes, which speak in turn."""
    print(f"{N_VOICES} voices on one core, 1 s of speech in pieces of 100 ms")
    (name, kind), fastest = list(voices.items())[-1]
    mrt = folder / f"{kind}.mrt"
    speakers = [open_voice(fastest.library, 0, mrt) for _ in range(N_VOICES)]
    pieces = np.split(speech[RATE : 2 * RATE].copy(), 10)
    before = time.thread_time()
    for piece in pieces:
        for speaker in speakers:
            speaker.animate(piece)
    share = (time.thread_time() - before) / N_VOICES
    print(f"  {name:13} {kind:6} {100 * share:.2f} % of real time each  (goal {GOAL_VOICE})")


def print_web(folder: Path, student: Student, speech: NDArray[np.float32], peers: bool) -> None:
    """Print the times of the WebAssembly library in Node, and those of onnxruntime-web."""
    node = shutil.which("node")
    if node is None:
        print("WebAssembly: no node here")
        return
    speech.tofile(folder / "speech.f32")
    files = [WEB / "engine.js", WEB / "marotte.wasm", folder / "int8.mrt", folder / "speech.f32"]
    command = [node, ROOT / "benchmarks" / "device.mjs", *files]
    if peers:
        form = student.steps
        assert form
        sizes = map(str, (form.samples_of(5), form.channels, form.n_steps))
        streamed = student_path(student.name).with_suffix(STREAMED)
        command += [streamed, from_npm(ORT_WEB, folder), *sizes]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    result = json.loads(answer)
    print("WebAssembly in Node, 8-bit weights")
    print(f"  {result['frame']:.0f} µs per frame")
    if "ort" in result:
        share = result["frame"] / result["ort"]
        print(f"  {share:.2f} of onnxruntime-web's {result['ort']:.0f} µs  (goal {GOAL_WEB})")
    for what, time_us, goal in zip(("mean", "p99"), result["blocks"], GOAL_BLOCK, strict=True):
        share = 100 * time_us / BLOCK_US
        print(f"  block of 128 at 48 kHz: {what} {share:.1f} % of its time  (goal {goal})")


def print_hours(
    voices: dict[tuple[str, str], Voice],
    folder: Path,
    speech: NDArray[np.float32],
    hours: float,
) -> None:
    """Print what hours of sound do to a voice with the fastest instructions."""
    print("hours of speech at full speed")
    for (name, kind), voice in list(voices.items())[-2:]:
        new = open_voice(voice.library, 0, folder / f"{kind}.mrt")
        print_soak(f"{name} {kind}", voice, new, speech, hours)


if __name__ == "__main__":
    main()
