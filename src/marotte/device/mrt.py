"""A student's ONNX file in; its `.mrt` file, or a C array of the same bytes, out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.device.packing import packed, packed_taps, padded_bias, rounding_errors
from marotte.device.records import Records, text_record, to_bytes
from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.model.activations import mean_inputs
from marotte.model.contract import Contract, golden_input
from marotte.model.session import load_student, student_path
from marotte.model.weights import Weights, read_weights
from marotte.paths import replacing

ENDING = ".mrt"
FRONTENDS = {"mel": 1, "waveform": 2}  # numbers in the record `shape`
N_WAVEFORM = 7  # convolutions of the front end `waveform`
GROUPS = 4  # of layer 9
MAX_SMOOTHING = 15  # predictions that one frame averages at most, less one
BYTES_PER_LINE = 32


def write_mrt(student: str | Path, path: Path, *, int8: bool = False, array: bool = False) -> int:
    """Write a student as a `.mrt` file.

    Args:
        student: the name of a student that comes with Marotte, or the path of an ONNX file.
        path: the file to write.
        int8: store weights in 8 bits.
        array: also write C source that defines the file's bytes as an array, into `path` with `.c`
            added to its name.

    Returns:
        The number of bytes of the `.mrt` file.

    Raises:
        MarotteError: the student has a front end that the C library doesn't run, or `path` can't
            be written.

    Example:
        >>> from pathlib import Path
        >>> from marotte.device.mrt import write_mrt
        >>> write_mrt("live", Path("live.mrt"), int8=True) == Path("live.mrt").stat().st_size
        True
    """
    content = to_bytes(student_records(student, int8=int8))
    with ExitStack() as replaced_files:
        replaced_files.enter_context(replacing(path)).write_bytes(content)
        if array:
            source = replaced_files.enter_context(replacing(path.with_name(f"{path.name}.c")))
            source.write_text(c_array(content, path.stem), encoding="ascii")
    return len(content)


def student_records(source: str | Path, *, int8: bool = False) -> Records:
    """Return the records of a student's `.mrt` file; see `write_mrt`."""
    path = student_path(source)
    student = load_student(path, rig=None)
    check_supported(student.contract)
    if student.steps is None:
        raise MarotteError(
            f"student {student.name!r} has no streamed form (NAME.stream.onnx beside NAME.onnx): "
            "export it again"
        )
    try:
        weights = read_weights(path)
        if int8:
            window = golden_input(student.window.n_samples)[None]
            weights |= _balanced_biases(weights, mean_inputs(path, window))
        return records_of(student.contract, weights, student.steps.n_steps, int8=int8)
    except KeyError as error:
        raise MarotteError(f"{path} has no weights called {error}: export it again") from error


def _balanced_biases(weights: Weights, means: Weights) -> Weights:
    """Return biases that undo what rounding weights to 8 bits does to a layer's mean output.

    Layers get inputs whose mean is far from 0, log energies above all. Layer 9, whose inputs are
    padded, is left as it is; rounding it changes the face least.

    Args:
        weights: the network's weights by name.
        means: the mean input [n_channels] of each layer, by the name of its weight.
    """
    biases: Weights = {}
    for name, mean in means.items():
        weight = weights[name]
        if weight.shape[1:2] == mean.shape:  # not those of norms and of layer 9
            errors = rounding_errors(weight.reshape(len(weight), -1))
            of_channels = errors.reshape(*weight.shape[:2], -1).sum(2)
            bias = name.removesuffix("weight") + "bias"
            biases[bias] = weights[bias] - of_channels @ mean
    return biases


def records_of(contract: Contract, weights: Weights, n_steps: int, *, int8: bool) -> Records:
    """Return the records of a student from its parts.

    Args:
        contract: the student's contract; its front end must be supported.
        weights: the network's weights by name, without batch norms.
        n_steps: the number of steps in a window.
        int8: store weights in 8 bits.

    Raises:
        KeyError: a weight is missing.
    """
    front = _mel if contract.frontend == "mel" else _waveform
    records = _description(contract, weights, n_steps)
    return records | front(weights, int8) | _layers(weights, n_steps, int8)


def c_array(content: bytes, name: str) -> str:
    """Return C source that defines the bytes of a file as an array of 32-bit numbers.

    Example:
        >>> from marotte.device.mrt import c_array
        >>> print(c_array(b"MRT", "my-face"))
        #include <stddef.h>
        #include <stdint.h>
        const size_t my_face_mrt_size = 3;
        const uint32_t my_face_mrt[] = {
        0x0054524d,
        };
        <BLANKLINE>
    """
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in name) + "_mrt"
    words = np.frombuffer(content + bytes(-len(content) % 4), "<u4")
    lines = [
        "".join(f"0x{word:08x}," for word in words[first : first + BYTES_PER_LINE // 4])
        for first in range(0, len(words), BYTES_PER_LINE // 4)
    ]
    return "\n".join(
        [
            "#include <stddef.h>",
            "#include <stdint.h>",
            f"const size_t {name}_size = {len(content)};",
            f"const uint32_t {name}[] = {{",
            *lines,
            "};",
            "",
        ]
    )


def check_supported(contract: Contract) -> None:
    """Refuse a student that the C library doesn't run.

    Raises:
        MarotteError: names the front end and the norm, or the smoothing.
    """
    if contract.frontend not in FRONTENDS or contract.norm != "step":
        raise MarotteError(
            f"student {contract.name!r} has the front end {contract.frontend!r} with norm "
            f"{contract.norm!r}: a .mrt file needs 'mel', or 'waveform' with norm 'step'"
        )
    if sum(contract.smoothing) > MAX_SMOOTHING:
        raise MarotteError(
            f"student {contract.name!r} averages {sum(contract.smoothing) + 1} predictions per "
            f"frame: a .mrt file holds at most {MAX_SMOOTHING + 1}"
        )


def _description(contract: Contract, weights: Weights, n_steps: int) -> Records:
    """Return the records that describe the student."""
    own = contract.rig != ARKIT_52.name
    names = contract.names if own else ARKIT_52.names
    low = (-1.0,) * len(names) if own else ARKIT_52.minimum
    high = (1.0,) * len(names) if own else ARKIT_52.maximum
    hidden, channels = weights["hidden.0.weight"].shape
    shape = [
        FRONTENDS[contract.frontend],
        channels,
        n_steps,
        contract.past_samples,
        contract.future_samples,
        contract.smooth_behind,
        contract.smooth_ahead,
        hidden,
        len(contract.names),
        len(names),
    ]
    return {
        "shape": _whole_numbers(shape),
        "name": text_record(contract.name),
        "version": text_record(contract.version),
        "licence": text_record(contract.licence),
        "controls": text_record("\0".join(names)),
        "outputs": _whole_numbers([names.index(name) for name in contract.names]),
        "low": np.array(low, np.float32),
        "high": np.array(high, np.float32),
        "golden": np.array(contract.golden, np.float32),
    }


def _whole_numbers(values: Sequence[int]) -> NDArray[np.uint32]:
    return np.array(values, np.uint32)


def _layer(name: str, matrix: NDArray[np.float32], bias: Any, int8: bool) -> Records:
    """Return the records of a layer whose weight is a matrix [n_out, n_in]."""
    arrays = packed(matrix, int8) | {"b": padded_bias(bias)}
    return {f"{name}.{key}": values for key, values in arrays.items()}


def _convolution(name: str, weights: Weights, stem: str, int8: bool) -> Records:
    """Return the records of a convolution; its inputs lie step after step."""
    weight = weights[f"{stem}.weight"].transpose(0, 2, 1)
    return _layer(name, weight.reshape(len(weight), -1), weights[f"{stem}.bias"], int8)


def _norm(name: str, weights: Weights, stem: str) -> Records:
    return {f"{name}.g": weights[f"{stem}.weight"], f"{name}.b": weights[f"{stem}.bias"]}


def _mel(weights: Weights, int8: bool) -> Records:
    """Return the records of the front end `mel`: Fourier window, bands and two convolutions.

    The exported cosine of frequency 0 is the scaled Hann window itself. A band is the bins of its
    triangle that are not 0.
    """
    bands = weights["frontend.bands"].T
    used = [np.flatnonzero(band) for band in bands]
    records: Records = {
        "window": np.ascontiguousarray(weights["frontend.cosine"][:, 0]),
        "bands.first": _whole_numbers([bins[0] for bins in used]),
        "bands.n": _whole_numbers([bins[-1] - bins[0] + 1 for bins in used]),
        "bands.w": np.concatenate(
            [band[bins[0] : bins[-1] + 1] for band, bins in zip(bands, used, strict=True)]
        ),
    }
    for i in range(2):
        records |= _convolution(f"front{i}", weights, f"frontend.convolutions.{i}.0", int8)
    return records


def _waveform(weights: Weights, int8: bool) -> Records:
    """Return the records of the front end `waveform`: seven convolutions and a norm."""
    records = _norm("front.norm", weights, "frontend.norm.norm")
    for i in range(N_WAVEFORM):
        records |= _convolution(f"front{i}", weights, f"frontend.convolutions.{i}.0", int8)
    return records


def _layers(weights: Weights, n_steps: int, int8: bool) -> Records:
    """Return the records of layers 8 to 16."""
    records = _norm("norm8", weights, "project.0.norm")
    records |= _convolution("layer8", weights, "project.1", int8)
    taps = packed_taps(weights["global_context.0.weight"], GROUPS, n_steps, int8)
    records |= {f"layer9.{key}": values for key, values in taps.items()}
    records["layer9.b"] = padded_bias(weights["global_context.0.bias"], GROUPS)
    records |= _norm("norm9", weights, "norm.norm")
    for i in range(4):
        records |= _convolution(f"layer{10 + i}", weights, f"reduce.{i}.0", int8)
    for i, stem in enumerate(("hidden.0", "hidden.1", "output")):
        records |= _layer(
            f"layer{14 + i}", weights[f"{stem}.weight"], weights[f"{stem}.bias"], int8
        )
    return records
