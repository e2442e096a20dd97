"""CPU time of the commands that people wait for: `--version`, and the sample to a CSV file.

    python benchmarks/start.py [--runs 7]

Each run is a new process. The commands take turns with a process that only imports the packages
they can't do without, so that the ratio is valid on a busy machine. CPU time on one thread is about
the time that an idle core takes. Not for Windows, which has no such clock.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HELLO = Path(__file__).parents[1] / "samples" / "hello.wav"
PACKAGES = "import numpy, onnxruntime, soundfile, typer, rich.progress"
GOALS_S = {"--version": 0.15, "animate to CSV": 0.8}


def cpu_s(command: list[str], folder: str) -> float:
    """Return the CPU time of a new process in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    threads = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=folder, env=threads, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=7, help="how many times each command runs")
    options = parser.parse_args()
    marotte = [sys.executable, "-m", "marotte"]
    commands = {
        "the packages": [sys.executable, "-c", PACKAGES],
        "--version": [*marotte, "--version"],
        "animate to CSV": [*marotte, "animate", str(HELLO), "-o", "hello.csv"],
    }
    times_s: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.runs):
            for name, command in commands.items():
                times_s[name].append(cpu_s(command, folder))
    packages = times_s["the packages"]
    for name, each in times_s.items():
        ratio = statistics.median(a / b for a, b in zip(each, packages, strict=True))
        goal = f", goal {GOALS_S[name]} s" if name in GOALS_S else ""
        print(
            f"  {name:15} {statistics.median(each):.3f} s, {ratio:.2f} × the packages "
            f"(best {min(each):.3f} s{goal})"
        )


if __name__ == "__main__":
    main()
