"""Time per frame and peak memory of a student and of the paper's S2 in ONNX Runtime.

    python benchmarks/students.py [STUDENT.onnx]

Both run in turn on one thread of the same process, window by window. The ratio is the median of the
pairs' ratios. S2 is the paper's architecture at C = 64 (0.23 M parameters) with random weights,
which cost as much as trained ones. Needs the extra `train`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

from marotte.face.rig import ARKIT_52
from marotte.learn.export.cost import cost_of, process_memory_mib
from marotte.learn.export.onnx import export
from marotte.learn.models.student import StudentConfig, StudentNet
from marotte.model.contract import golden_input
from marotte.model.session import Student, load_student, student_path

PAIRS = 300
BATCHES = (1, 32)


def paper_s2(folder: Path) -> Path:
    """Export the paper's S2 for our rig: C = 64, look-ahead 256 ms, norm over the window."""
    torch.manual_seed(0)
    net = StudentNet(StudentConfig(64, 256, ARKIT_52.speech)).eval()
    path = folder / "paper-s2.onnx"
    export(net, path, name="paper-s2", teacher="none")
    return path


def milliseconds(student: Student, batch: int) -> float:
    """Return the time per window of a batch of windows, in ms."""
    windows = golden_input(student.window.n_samples)[None].repeat(batch, axis=0)
    before = time.perf_counter()
    student.outputs(windows)
    return 1000 * (time.perf_counter() - before) / batch


def main() -> None:
    """Print the comparison."""
    torch.set_num_threads(1)
    ours = student_path(sys.argv[1] if sys.argv[1:] else None)
    with tempfile.TemporaryDirectory() as folder:
        paths = {ours.stem: ours, "paper-s2": paper_s2(Path(folder))}
        students = {name: load_student(path) for name, path in paths.items()}
        for batch in BATCHES:
            times: dict[str, list[float]] = {name: [] for name in students}
            for _ in range(PAIRS):
                for name, student in students.items():
                    times[name].append(milliseconds(student, batch))
            ratios = [a / b for a, b in zip(*times.values(), strict=True)]
            print(f"windows per batch: {batch}")
            for name, each in times.items():
                print(f"  {name:12} {statistics.median(each):7.3f} ms per frame")
            print(f"  ratio        {statistics.median(ratios):7.3f}")
        print("size")
        for name, path in paths.items():
            cost = cost_of(path)
            print(
                f"  {name:12} {cost.parameters / 1e6:.3f} M parameters, {cost.macs / 1e6:5.1f} M "
                f"multiply-accumulates, {cost.paper_memory_mib:.2f} MiB by the paper's formula, "
                f"{process_memory_mib(path):.0f} MiB peak of a Python process that runs the student"
            )


if __name__ == "__main__":
    main()
