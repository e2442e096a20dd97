"""A student's cost: its file in; parameters, multiply-accumulates, memory and time out."""

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
from marotte.model.weights import HALF_SUFFIX

MIB = 2**20
PRODUCTS = ("Conv", "Gemm", "MatMul")
NORMS = ("LayerNormalization", "InstanceNormalization", "GroupNormalization")
CONSTANTS = ("cosine", "sine", "bands", "dct")  # buffers of MelFrontend and MfccNet, not weights


@dataclass(frozen=True)
class Cost:
    """The size of a student.

    Attributes:
        parameters: number of trained values, without the constants of Fourier transform, mel bands
            and DCT.
        macs: multiply-accumulates for one window, or for the new samples of a streamed form.
        paper_memory_mib: 4 bytes x (input + parameters + 2 x the outputs of all convolutions, norms
            and linear layers). This is how the paper counts memory; it is not a measured peak.
    """

    parameters: int
    macs: int
    paper_memory_mib: float


def cost_of(path: Path, n_samples: int | None = None) -> Cost:
    """Count the cost of a student file.

    Args:
        path: the file, or its streamed form.
        n_samples: the number of new samples of a streamed form; None for one window.

    Raises:
        MarotteError: the extra `train` is missing.
    """
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
    shapes = _shapes_in(model, feed) | {t.name: list(t.dims) for t in graph.initializer}
    outputs = macs = 0
    for node in graph.node:
        if node.op_type in PRODUCTS:
            size = int(np.prod(shapes[node.output[0]]))
            macs += size * _products_per_output(node, shapes)
            outputs += size
        elif node.op_type in NORMS:
            outputs += int(np.prod(shapes[node.output[0]]))
    parameters = _count_parameters(graph)
    return Cost(parameters, macs, 4 * (feed[INPUT].size + parameters + 2 * outputs) / MIB)


def _count_parameters(graph: Any) -> int:
    from onnx import TensorProto

    float_types = (TensorProto.FLOAT, TensorProto.FLOAT16)  # the latter by `export --half`
    return sum(
        int(np.prod(tensor.dims))
        for tensor in graph.initializer
        if len(tensor.dims)
        and tensor.data_type in float_types
        and not tensor.name.removesuffix(HALF_SUFFIX).endswith(CONSTANTS)
    )


def _shapes_in(model: Any, feed: dict[str, NDArray[np.float32]]) -> dict[str, list[int]]:
    """Return the shapes of all values that one run of a model computes."""
    import onnx
    import onnxruntime

    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    outputs = {port.name for port in probe.graph.output}
    names = [name for node in probe.graph.node for name in node.output]
    probe.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n not in outputs)
    session = onnxruntime.InferenceSession(
        probe.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    values: list[Any] = list(session.run(names, feed))
    return {name: list(np.shape(value)) for name, value in zip(names, values, strict=True)}


def streamed_macs(path: Path, fps: float = 60.0) -> int | None:
    """Return multiply-accumulates per frame of a live stream; None without a streamed form."""
    student = load_student(path, rig=None)
    if student.steps is None:
        return None
    n_new, _ = work_of(StepEvaluator(student, student.steps), fps, student.contract.smoothing)
    return cost_of(path.with_suffix(STREAMED), student.steps.samples_of(round(n_new))).macs


def _products_per_output(node: Any, shapes: dict[str, list[int]]) -> int:
    """Return how many products one output of a layer sums."""
    weight = shapes[node.input[1]]
    if node.op_type == "Conv":
        return int(np.prod(weight[1:]))
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    return weight[-1] if transposed else weight[-2]


def milliseconds_per_frame(path: Path, seconds: float = 2.0) -> float:
    """Return the median time of one window on one thread, measured for some seconds."""
    student = load_student(path, rig=None)
    window = golden_input(student.window.n_samples)[None]
    student.outputs(window)
    times = []
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        before = time.perf_counter()
        student.outputs(window)
        times.append(time.perf_counter() - before)
    return float(np.median(times) * 1000)


# On Linux, a child's ru_maxrss includes memory of its parent; VmHWM does not.
_RUN = """
import pathlib, re, resource, sys
from marotte.model.weights import HALF_SUFFIX
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
    """Return the peak resident memory of a Python process that runs a student; NaN on Windows."""
    if sys.platform == "win32":
        return float("nan")
    run = subprocess.run(
        [sys.executable, "-c", _RUN, str(path)], capture_output=True, text=True, check=True
    )
    return float(run.stdout)
