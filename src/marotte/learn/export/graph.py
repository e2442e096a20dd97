"""A torch module in; an ONNX graph, and a file of it with metadata, out."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from marotte.errors import MarotteError, missing_extra
from marotte.model.seal import seal
from marotte.model.weights import HALF_SUFFIX

OPSET = 20  # the first with GELU as one operator; ONNX Runtime 1.17 reads it
SMALL = 64  # smaller tensors stay in 32 bits: a Cast node would cost more than they save


def onnx_graph(
    module: nn.Module, examples: dict[str, Tensor], outputs: list[str], dynamic: dict[str, Any]
) -> Any:
    """Convert a module to an ONNX model.

    Args:
        module: the module.
        examples: an example of each input, by its name.
        outputs: the names of the outputs.
        dynamic: the axes of each input whose size may vary, as `torch.onnx.export` takes them.

    Raises:
        MarotteError: a package of the extra `train` is missing, or torch can't convert the module.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  # torch needs it, but its own error is less clear
    except ImportError as error:
        raise missing_extra(error.name or "onnx", "train") from error
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # The exporter uses parts of torch that torch has deprecated.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            tuple(examples.values()),
            input_names=list(examples),
            output_names=outputs,
            dynamic_shapes=dynamic,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise MarotteError("torch returned no ONNX program: use another version of torch")
    model = program.model_proto
    _remove_source_lines(model.graph)
    onnx.checker.check_model(model)
    return model


def _remove_source_lines(graph: Any) -> None:
    """Remove the exporter's notes on source lines, which have paths of this machine."""
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for values in (graph.value_info, graph.input, graph.output):
        for value in values:
            del value.metadata_props[:]


def save_model(model: Any, metadata: dict[str, str], path: Path) -> None:
    """Write an ONNX model with metadata and its digest; weights exact in 16 bits are stored so."""
    _store_in_16_bits(model.graph)
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    path.write_bytes(seal(model.SerializeToString()))


def _store_in_16_bits(graph: Any) -> None:
    """Store tensors in 16 bits where that is exact; ONNX Runtime widens them once, on loading."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALL:
            continue
        with np.errstate(over="ignore"):
            halves = values.astype(np.float16)
        if np.array_equal(halves, values):
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(halves, name + HALF_SUFFIX))
            casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
