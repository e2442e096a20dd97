"""A student's ONNX file and a sound in; what each layer gets on average out. ONNX is not needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.model.protobuf import field, values
from marotte.model.session import INPUT, new_session
from marotte.model.weights import GRAPH, INITIALIZER, NAME, network_name

# Numbers of fields in onnx.proto: GraphProto, NodeProto and ValueInfoProto.
NODE, GRAPH_OUTPUT = 1, 12
NODE_INPUT, NODE_OUTPUT = 1, 2
VALUE_NAME = 1


def mean_inputs(path: Path, windows: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return the mean input [n_channels] of each layer that has a weight.

    Args:
        path: a student that `load_student` has accepted.
        windows: what the student hears [n, n_samples].

    Returns:
        The means by the name of the weight in the network, e.g. `output.weight`.

    Example:
        >>> from marotte.model.activations import mean_inputs
        >>> from marotte.model.contract import golden_input
        >>> from marotte.model.session import student_path
        >>> means = mean_inputs(student_path("live"), golden_input(8_000)[None])
        >>> means["frontend.convolutions.0.0.weight"].shape
        (56,)
    """
    content = path.read_bytes()
    heard = _inputs(memoryview(content))
    tensors = sorted(set(heard.values()))
    # A message that follows another one of its kind adds its lists: here, outputs of the graph.
    outputs = b"".join(field(GRAPH_OUTPUT, field(VALUE_NAME, name.encode())) for name in tensors)
    session = new_session(content + field(GRAPH, outputs), threads=1)
    results = session.run(tensors, {INPUT: windows})
    means = {name: _mean(result) for name, result in zip(tensors, results, strict=True)}
    return {weight: means[name] for weight, name in heard.items()}


def _mean(result: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of a tensor [n, n_channels, ...] over all other axes."""
    axes = tuple(axis for axis in range(result.ndim) if axis != 1)
    return np.asarray(result.mean(axes), np.float32)


def _inputs(content: memoryview) -> dict[str, str]:
    """Return the tensor that meets each weight, by the weight's name in the network.

    A weight of 16 bits passes through a node that widens it.
    """
    graphs = list(values(content, GRAPH))
    weights = {
        bytes(name).decode()
        for graph in graphs
        for tensor in values(graph, INITIALIZER)
        for name in values(tensor, NAME)
    }
    known = {name: network_name(name) for name in weights}
    heard: dict[str, str] = {}
    for graph in graphs:
        for node in values(graph, NODE):
            inputs, outputs = (
                [bytes(each).decode() for each in values(node, kind)]
                for kind in (NODE_INPUT, NODE_OUTPUT)
            )
            if len(inputs) == 1 and inputs[0] in known:
                known[outputs[0]] = known[inputs[0]]
            elif len(inputs) > 1 and known.get(inputs[1], "").endswith(".weight"):
                heard[known[inputs[1]]] = inputs[0]
    return heard
