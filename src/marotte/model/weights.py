"""A student's ONNX file in; its weights by name out. ONNX itself is not needed.

Of the hundreds of fields of an ONNX file, this module reads the few that hold tensors of floats.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.model.protobuf import fields, values, varints

Weights = dict[str, NDArray[np.float32]]

# Numbers of fields in onnx.proto: ModelProto, GraphProto and TensorProto.
GRAPH, INITIALIZER = 7, 5
DIMS, DATA_TYPE, FLOAT_DATA, NAME, RAW_DATA = 1, 2, 4, 8, 9
FLOATS = {1: np.dtype("<f4"), 10: np.dtype("<f2")}  # TensorProto.FLOAT and FLOAT16

# A network's own weights begin with the first; those stored in 16 bits end with the second.
NET_PREFIX, HALF_SUFFIX = "net.", ".half"


def read_weights(path: Path) -> Weights:
    """Return the float tensors of a student's ONNX file, widened to 32 bits.

    Returns:
        The tensors by their names in the network, e.g. `output.weight`.

    Raises:
        MarotteError: the file can't be read or is cut short.

    Example:
        >>> from marotte.model.weights import read_weights
        >>> from marotte.model.session import student_path
        >>> weights = read_weights(student_path("live"))
        >>> weights["project.1.weight"].shape[2]
        1
    """
    try:
        content = memoryview(path.read_bytes())
        tensors = [
            _tensor(tensor)
            for graph in values(content, GRAPH)
            for tensor in values(graph, INITIALIZER)
        ]
    except OSError as error:
        raise MarotteError(f"can't read {path}: {error.strerror or error}") from error
    except (IndexError, ValueError) as error:
        raise MarotteError(f"{path} is cut short or not an ONNX file: get a whole copy") from error
    return {network_name(name): array for name, array in tensors if array is not None}


def network_name(name: str) -> str:
    """Return the name in the network of a tensor in a student's file.

    Example:
        >>> from marotte.model.weights import network_name
        >>> network_name("net.output.weight.half")
        'output.weight'
    """
    return name.removeprefix(NET_PREFIX).removesuffix(HALF_SUFFIX)


def _tensor(content: memoryview) -> tuple[str, NDArray[np.float32] | None]:
    """Return a tensor's name, and its values unless it holds no floats."""
    dims: list[int] = []
    kind, name, raw = 0, "", memoryview(b"")
    for number, value in fields(content):
        if number == DIMS:
            dims += [value] if isinstance(value, int) else list(varints(value))
        elif number == DATA_TYPE and isinstance(value, int):
            kind = value
        elif number in (FLOAT_DATA, RAW_DATA) and not isinstance(value, int):
            raw = value
        elif number == NAME and not isinstance(value, int):
            name = bytes(value).decode()
    if kind not in FLOATS:
        return name, None
    return name, np.frombuffer(raw, FLOATS[kind]).astype(np.float32).reshape(dims)
