"""Synthetic data for tests of the live path: a voice, and a student with known predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.face.rig import ARKIT_52
from marotte.model.contract import METADATA_KEY, Contract, golden_input

Floats = NDArray[np.float32]


def make_voice(seconds: float, rate: int = 24_000) -> Floats:
    """Return a buzz [n] whose loudness rises and falls three times per second, as in syllables."""
    time = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 120 * harmonic * time) / harmonic for harmonic in range(1, 6))
    return (0.2 * buzz * (1 - np.cos(2 * np.pi * 3 * time)) / 2).astype(np.float32)


def pose(**values: float) -> Floats:
    """Return ARKit's controls [52] at rest, with some values set."""
    controls = ARKIT_52.neutral(1)[0]
    for name, value in values.items():
        controls[ARKIT_52.index[name]] = value
    return controls


PAST, FUTURE, CENTRE, GAIN = 400, 112, 40, 20.0


def tiny_prediction(windows: Floats) -> Floats:
    """Return the tiny student's prediction [batch, 2]: the power p at the centre, and 1 - p."""
    power = np.square(windows[:, PAST - CENTRE : PAST + CENTRE]).mean(axis=1)
    return np.stack([GAIN * power, 1 - GAIN * power], axis=1)


TINY = Contract(
    format=2,
    name="tiny",
    version="1",
    sample_rate=16_000,
    past_samples=PAST,
    future_samples=FUTURE,
    rig="arkit52",
    names=("jawOpen", "mouthClose"),
    teacher="nobody",
    frontend="waveform",
    norm="step",
    smooth_behind=0,
    smooth_ahead=0,
    licence="MIT",
    golden=tuple(tiny_prediction(golden_input(PAST + FUTURE)[None])[0].tolist()),
)


def write_tiny(path: Path, metadata: str | None = None, n_samples: int = PAST + FUTURE) -> Path:
    """Write the tiny student's ONNX file; `metadata` replaces its contract."""
    from onnx import TensorProto, helper, numpy_helper, save

    def constant(name: str, value: Any) -> Any:
        return numpy_helper.from_array(np.array(value), name)

    def port(name: str, width: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])

    graph = helper.make_graph(
        [
            helper.make_node("Slice", ["samples", "first", "last", "axis"], ["centre"]),
            helper.make_node("Mul", ["centre", "centre"], ["squared"]),
            helper.make_node("ReduceMean", ["squared"], ["power"], axes=[1], keepdims=1),
            helper.make_node("Mul", ["power", "gain"], ["open"]),
            helper.make_node("Sub", ["one", "open"], ["closed"]),
            helper.make_node("Concat", ["open", "closed"], ["controls"], axis=1),
        ],
        "tiny",
        [port("samples", n_samples)],
        [port("controls", 2)],
        [
            constant("first", [PAST - CENTRE]),
            constant("last", [PAST + CENTRE]),
            constant("axis", [1]),
            constant("gain", np.float32(GAIN)),
            constant("one", np.float32(1)),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    text = TINY.to_json() if metadata is None else metadata
    helper.set_model_props(model, {METADATA_KEY: text} if text else {})
    save(model, path)
    return path
