"""What a student costs: its file in; parameters, multiply-accumulates, memory and time out."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import missing_extra
from marotte.infer.evaluators import StepEvaluator, work_of
from marotte.model.contract import golden_input
from marotte.model.session import INPUT, load_student
from marotte.model.streaming import STREAMED

MIB = 2**20
HALF = ".half"  # how `export` ends the names of what is stored in 16 bits


@dataclass(frozen=True)
class Cost:
    """A student's size.

    Attributes:
        parameters: trained numbers; constants of the Fourier transform and mel bands are not.
        macs: multiply-accumulates for one window, or for the new samples of one.
        paper_memory_mib: 4 bytes x (input + parameters + 2 x every convolution's, norm's and
            linear layer's output): the paper's count, which is no true peak.
    """

    parameters: int
    macs: int
    paper_memory_mib: float


def cost_of(path: Path, n_samples: int | None = None) -> Cost:
    """Count a student's layers for one window, or those of a streamed form for new samples."""
    try:
        import onnx
    except ImportError as error:
        raise missing_extra("onnx", "train") from error
    model = onnx.load(path)
    graph = model.graph
    feed = {
        port.name: np.zeros(
            [dim.dim_value or 1 for dim in port.type.tensor_type.shape.dim], np.float32
        )
        for port in graph.input
    }
    if n_samples is not None:
        feed[INPUT] = np.zeros((1, n_samples), np.float32)
    shapes = _shapes_in(model, feed)
    constants = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    shapes |= constants
    outputs = macs = 0
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm", "MatMul"):
            size = int(np.prod(shapes[node.output[0]]))
            macs += size * _taps(node, shapes)
            outputs += size
        elif node.op_type in ("LayerNormalization", "InstanceNormalization", "GroupNormalization"):
            outputs += int(np.prod(shapes[node.output[0]]))
    fixed = ("cosine", "sine", "bands", "dct")  # of MelFrontend and MfccNet
    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)  # `export --half`
    weights = [
        tensor
        for tensor in graph.initializer
        if tensor.data_type in floats and not tensor.name.removesuffix(HALF).endswith(fixed)
    ]
    parameters = sum(int(np.prod(tensor.dims)) for tensor in weights if len(tensor.dims))
    return Cost(parameters, macs, 4 * (feed[INPUT].size + parameters + 2 * outputs) / MIB)


def _shapes_in(model: Any, feed: dict[str, NDArray[np.float32]]) -> dict[str, list[int]]:
    """The shapes of everything that is computed when a model is run once."""
    import onnx
    import onnxruntime

    every = onnx.ModelProto()
    every.CopyFrom(model)
    given = {port.name for port in every.graph.output}
    names = [name for node in every.graph.node for name in node.output]
    every.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n not in given)
    session = onnxruntime.InferenceSession(
        every.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    values: list[Any] = list(session.run(names, feed))
    return {name: list(np.shape(value)) for name, value in zip(names, values, strict=True)}


def streamed_macs(path: Path, fps: float = 60.0) -> int | None:
    """Multiply-accumulates a frame of a live stream, or None if a student has no streamed form."""
    student = load_student(path, rig=None)
    if student.steps is None:
        return None
    n_new, _ = work_of(StepEvaluator(student, student.steps), fps, student.contract.smoothing)
    return cost_of(path.with_suffix(STREAMED), student.steps.samples_of(round(n_new))).macs


def _taps(node: Any, shapes: dict[str, list[int]]) -> int:
    """Products that go into one output of a layer."""
    weight = shapes[node.input[1]]
    if node.op_type == "Conv":
        return int(np.prod(weight[1:]))
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    return weight[-1] if transposed else weight[-2]


def milliseconds_a_frame(path: Path, seconds: float = 2.0) -> float:
    """The median time of one window, on one thread."""
    student = load_student(path, rig=None)
    window = golden_input(student.window.n_samples)[None]
    student.outputs(window)
    times = []
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        before = time.perf_counter()
        student.outputs(window)
        times.append(time.perf_counter() - before)
    return float(np.median(times) * 1000)


# Linux counts a parent's memory into its child's ru_maxrss, but not into VmHWM.
_RUN = """
import pathlib, re, resource, sys
from marotte.model.contract import golden_input
from marotte.model.session import load_student
student = load_student(sys.argv[1], rig=None)
for _ in range(50):
    student.outputs(golden_input(student.window.n_samples)[None])
status = pathlib.Path("/proc/self/status")
if status.exists():
    kib = int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1])
else:
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
print(kib / 2**10)
"""


def process_memory_mib(path: Path) -> float:
    """Peak resident memory of a Python process that runs a student; NaN on Windows."""
    if sys.platform == "win32":
        return float("nan")
    run = subprocess.run(
        [sys.executable, "-c", _RUN, str(path)], capture_output=True, text=True, check=True
    )
    return float(run.stdout)
