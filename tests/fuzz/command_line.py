"""Cases of the command line: damaged files and impossible options must end with 0 or 2.

One case in twenty starts the installed command; the others, the same function in a process that
has loaded everything, which costs a tenth.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

from cases import LIMIT_BYTES, Outcome, damaged_files
from kinds import KINDS
from warm import Job, Warm, call_marotte

INSTALLED = 0.05  # the share of the cases that start the installed command
CPU_S = 30  # to start Python and PyTorch, or to trace a network, takes several seconds
WALL_S = 600.0
VALUES = (
    "", "0", "-1", "1e-7", "1e39", "nan", "inf", "-inf", "9" * 30, "9" * 5000, "auto", "live", ".",
    "..", "/", "/dev/null", "/dev/full", "/proc/self/mem", "nowhere/x.csv", "a" * 300, "a/" * 200,
    "é\u202e😀", "%s%n", "x.csv", "x.json", "x.npz", "x.npy", "x.glb", "x.html", "json",
    "csv:%p.csv", "csv:é.csv", "npz:t.npz", "udp:127.0.0.1:1", "udp:::", "livelink", "vmc:x",
    "websocket:99999",
    "--help", "-", "--", "\\", "$HOME", "recipe.toml", "voice.wav", "head.glb",
)  # fmt: skip
OPTIONS = {
    "animate": ("-o", "--format", "--fps", "--student", "--rig", "--head", "--retarget", "--gain",
                "--effort", "--mood", "--intensity", "--seed", "--names", "--workers"),
    "live": ("-o", "--fps", "--student", "--retarget", "--gain", "--effort", "--mood",
             "--intensity", "--seed", "--rate"),
}  # fmt: skip
FILES = {  # the command for a kind of file; {} is its path
    "wav": ("animate", "{}"), "flac": ("animate", "{}"), "mp3": ("live", "--fast", "-i", "{}"),
    "ogg": ("animate", "{}"), "m4a": ("animate", "{}"),
    "wav of floats": ("live", "--fast", "-i", "{}"),
    "glb": ("animate", "voice.wav", "-o", "x.glb", "--head", "{}"),
    "rig": ("animate", "voice.wav", "--rig", "{}"),
    "mesh": ("animate", "voice.wav", "--rig", "{}"),
    "retarget": ("live", "--fast", "-i", "voice.wav", "-o", "json", "--retarget", "{}"),
    "student": ("animate", "voice.wav", "--student", "{}"),
    "corpus recipe": ("corpus", "show", "{}"),
    "corpus.json": ("corpus", "show", "."),
    "parquet": ("corpus", "show", "."),
    "training recipe": ("train", "{}", "nowhere"),
    "teaching recipe": ("teach", "{}", "nowhere"),
    "checkpoint": ("export", ".", "-o", "x.onnx"),
    "take": ("capture", "score", "."),
}  # fmt: skip


def run_command(random: Random, warm: Warm) -> tuple[Outcome, dict[str, bytes]]:
    """Run the command once on a damaged file, or with impossible options; judge how it ends."""
    installed = random.random() < INSTALLED
    kinds = {kind.name: kind for kind in KINDS}
    name = random.choice(sorted(FILES))
    files, arguments = {}, list(FILES[name])
    if name in ("wav", "mp3") and random.random() < 0.8:
        command = arguments[0]
        arguments = [*arguments[:-1], "voice.wav"]
        for _ in range(random.choice((1, 1, 2, 3))):
            arguments += [random.choice(OPTIONS[command]), random.choice(VALUES)]
    else:
        files = damaged_files(kinds[name], random)
    with tempfile.TemporaryDirectory() as folder:
        _sound(Path(folder, "voice.wav"))
        for each, content in files.items():
            path = Path(folder, each)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        damaged = next(iter(files), "voice.wav")
        arguments = [argument.replace("{}", damaged) for argument in arguments]
        if installed:
            outcome = _run([*_command(), *arguments], Path(folder))
        else:
            outcome = _run_warm(warm, arguments, folder)
    return outcome, {**files, "command.txt": " ".join(arguments).encode("utf-8", "replace")}


def _environment(folder: str) -> dict[str, str]:
    return {"MAROTTE_CACHE": str(Path(folder, "cache")), "OMP_NUM_THREADS": "1"}


def _run_warm(warm: Warm, arguments: list[str], folder: str) -> Outcome:
    job = Job(call_marotte, tuple(arguments), folder, _environment(folder), CPU_S, WALL_S)
    ended = warm.run(job)
    return _judge(arguments, ended.code, ended.text, ended.seconds, ended.grown_bytes)


def _run(command: list[str], folder: Path) -> Outcome:
    environment = {**os.environ, **_environment(str(folder))}
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    start = time.monotonic()
    with open(folder / ".output", "w+b") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, **options)
        _limit_cpu(process.pid)
        pid, status = 0, 0
        while not pid and time.monotonic() - start < WALL_S:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            time.sleep(0.02)
        if not pid:
            process.kill()
            process.wait()
            return _judge(command[1:], None, "", WALL_S, 0)
        process.returncode = code = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    return _judge(command[1:], code, text, time.monotonic() - start, usage.ru_maxrss * 1024)


def _judge(
    arguments: list[str], code: int | None, text: str, seconds: float, grown_bytes: int
) -> Outcome:
    """Return the outcome of a command that ended with an exit code; None if it did not end."""
    fault = ""
    if code is None:
        fault = f"{arguments}: did not end in {seconds:.0f} s"
    elif code not in (0, 2) or "Traceback" in text or "EP Error" in text:
        fault = f"{arguments}: ended with {code} and the output {text[-1500:]}"
    elif grown_bytes > LIMIT_BYTES:
        fault = f"{arguments}: took {grown_bytes / 2**20:.0f} MB"
    return Outcome(text if code else "", seconds, grown_bytes, fault)


def _limit_cpu(process: int) -> None:
    """Let the system end a process that works for too long; the machine may be busy or not."""
    import resource

    if hasattr(resource, "prlimit"):
        resource.prlimit(process, resource.RLIMIT_CPU, (CPU_S, CPU_S))


def _command() -> list[str]:
    installed = shutil.which("marotte", path=str(Path(sys.executable).parent))
    return [installed] if installed else [sys.executable, "-m", "marotte"]


def _sound(path: Path) -> None:
    import soundfile
    from synthetic import make_voice

    soundfile.write(path, make_voice(0.5), 24_000)
