"""A trained network in; a student file (ONNX with its contract) out, and its streamed form."""

from __future__ import annotations

import json
import logging
import warnings
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError, missing_extra
from marotte.face.mesh import Mesh
from marotte.learn.export.cost import HALF
from marotte.learn.models.student import (
    GLOBAL_KERNEL,
    GlobalConvolution,
    StudentNet,
    fold_batch_norms,
)
from marotte.model.contract import FORMAT, METADATA_KEY, Contract, golden_input
from marotte.model.session import INPUT, OUTPUT, VERTICES, load_student, open_session
from marotte.model.streaming import (
    CONTROLS,
    NEXT_STEPS,
    SAMPLES,
    STEPS,
    STEPS_KEY,
    STREAMED,
    read_streamed_form,
)
from marotte.model.timing import STEP_SAMPLES
from marotte.paths import replacing

OPSET = 20  # the first with GELU as one operator; ONNX Runtime 1.17 reads it
SMALL = 64  # values that are not worth a node to widen them
TOLERANCE = 1e-4  # of the golden output, between torch and ONNX Runtime


class _Exported(nn.Module):
    """A network whose answer is the controls alone."""

    def __init__(self, net: StudentNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, samples: Tensor) -> Tensor:
        """Controls [batch, n_controls] of windows [batch, n_samples]."""
        return self.net(samples).controls


class _Decoded(nn.Module):
    """A network whose controls are components of a mesh, with the way to its vertices."""

    def __init__(self, net: StudentNet, mesh: Mesh) -> None:
        super().__init__()
        self.net = net
        self.components = nn.Parameter(torch.from_numpy(mesh.components.copy()))
        self.rest = nn.Parameter(torch.from_numpy(mesh.rest.copy()))

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Controls [batch, n_controls] and vertices [batch, n_vertices * 3] in mm."""
        controls = self.net(samples).controls
        return controls, controls @ self.components + self.rest


class _Halves(nn.Module):
    """Layer 9 of windows of one length, in half of its products.

    The first half of the steps meets no more than the upper taps of the kernel, the second half
    the lower ones; all others would meet the zeros around the window.
    """

    def __init__(self, whole: GlobalConvolution, n_steps: int) -> None:
        super().__init__()
        middle, zero = (n_steps + 1) // 2, GLOBAL_KERNEL // 2
        self.halves = nn.ModuleList()
        for first, last in ((0, middle), (middle, n_steps)):
            # The tap s - t + 32 leads from step s to step t.
            low, high = zero - (last - 1), zero + n_steps - first
            half = nn.Conv1d(
                whole.in_channels,
                whole.out_channels,
                high - low,
                padding=last - 1 - first,
                groups=whole.groups,
                bias=whole.bias is not None,
            )
            half.weight = nn.Parameter(whole.weight[:, :, low:high].detach().clone())
            half.bias = whole.bias
            self.halves.append(half)

    def forward(self, steps: Tensor) -> Tensor:
        """Steps [batch, channels, n_steps], as many as come in."""
        return torch.cat([half(steps) for half in self.halves], dim=2)


class _Streamed(nn.Module):
    """A network that is given new samples and the steps of before.

    What is kept of a step is its projection (layer 8): the last that knows nothing of its window.
    """

    def __init__(self, net: StudentNet) -> None:
        super().__init__()
        self.net = deepcopy(net)
        whole = cast(GlobalConvolution, net.global_context[0])
        self.net.global_context = nn.Sequential(_Halves(whole, net.n_steps))

    def forward(self, samples: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Controls [1, n_controls] and the steps [1, channels, n_steps] they are made of.

        Args:
            samples: [1, n], what the new steps are made of.
            steps: [1, channels, n_steps], those of before.
        """
        new = self.net.project(self.net.steps(samples))
        steps = torch.cat([steps, new], dim=2)[:, :, -self.net.n_steps :]
        return self.net.face(steps).controls, steps


def contract_of(
    net: StudentNet, *, name: str, version: str, rig: str, teacher: str, licence: str
) -> Contract:
    """The promise a network's student file makes, its golden output included."""
    window = net.config.window
    with torch.no_grad():
        golden = net(torch.from_numpy(golden_input(window.n_samples))[None]).controls[0]
    return Contract(
        format=FORMAT,
        name=name,
        version=version,
        sample_rate=SAMPLE_RATE,
        past_samples=window.past_samples,
        future_samples=window.future_samples,
        rig=rig,
        names=net.config.names,
        teacher=teacher,
        frontend=net.config.frontend,
        norm=net.config.norm,
        smooth_behind=net.config.smooth_behind,
        smooth_ahead=net.config.smooth_ahead,
        licence=licence,
        golden=tuple(golden.tolist()),
    )


def export(
    net: StudentNet,
    path: Path,
    *,
    name: str,
    version: str = "1",
    rig: str = "arkit52",
    teacher: str = "phonetic",
    licence: str = "MIT",
    mesh: Mesh | None = None,
    half: bool = False,
) -> Contract:
    """Write a student file, and check that ONNX Runtime gives what torch gave.

    Beside it, `NAME.stream.onnx` is written, unless the network normalises over its window.

    Args:
        net: the trained network; its batch norms are folded away.
        path: where to, ending in .onnx.
        name: the student's.
        version: the student's.
        rig: the name of the rig its controls belong to.
        teacher: who taught it.
        licence: of the weights.
        mesh: whose components the controls are: the file then gives vertices too.
        half: round the weights to 16 bits, for half of the file; they compute with 32.

    Raises:
        MarotteError: the path can't be written, a package of the extra `train` is missing, or
            the file's answer is not the network's.
    """
    folded = rounded(fold_batch_norms(net)) if half else fold_batch_norms(net)
    contract = contract_of(
        folded, name=name, version=version, rig=rig, teacher=teacher, licence=licence
    )
    beside = path.with_suffix(STREAMED)
    with ExitStack() as moves:
        temporary = moves.enter_context(replacing(path))
        write_whole(folded, contract, temporary, mesh)
        if net.config.norm == "step":
            write_streamed(folded, contract, moves.enter_context(replacing(beside)))
        else:
            beside.unlink(missing_ok=True)  # of another student, that stood here before
    return contract


def rounded(net: StudentNet) -> StudentNet:
    """The network with weights that 16 bits hold exactly."""
    net = deepcopy(net)
    with torch.no_grad():
        for weights in net.parameters():
            weights.copy_(weights.half())
    return net


def write_whole(net: StudentNet, contract: Contract, path: Path, mesh: Mesh | None = None) -> None:
    """Write the form that is given whole windows, and check its answer.

    Raises:
        MarotteError: it is not the network's.
    """
    # Two windows: an example batch of one would be taken for a constant.
    example = torch.zeros(2, net.config.window.n_samples)
    module = _Decoded(net, mesh) if mesh else _Exported(net)
    outputs = [OUTPUT, VERTICES] if mesh else [OUTPUT]
    model = _onnx_of(module, {INPUT: example}, outputs, {INPUT: {0: torch.export.Dim("batch")}})
    _save(model, {METADATA_KEY: contract.to_json(), "licence": contract.licence}, path)
    _check_difference(load_student(path, rig=None).check_golden())


def write_streamed(net: StudentNet, contract: Contract, path: Path) -> None:
    """Write the form that is given the samples of new steps, and check its answer.

    Raises:
        MarotteError: it is not the network's.
    """
    reach_samples = net.frontend.reach_samples
    example = {
        SAMPLES: torch.zeros(1, 4 * STEP_SAMPLES + reach_samples),
        STEPS: torch.zeros(1, net.config.channels, net.n_steps),
    }
    any_number = {SAMPLES: {1: torch.export.Dim.DYNAMIC}, STEPS: None}
    model = _onnx_of(_Streamed(net), example, [CONTROLS, NEXT_STEPS], any_number)
    described = {"step_samples": STEP_SAMPLES, "reach_samples": reach_samples}
    metadata = {
        METADATA_KEY: contract.to_json(),
        STEPS_KEY: json.dumps(described),
        "licence": contract.licence,
    }
    _save(model, metadata, path)
    form = read_streamed_form(open_session(path, 1), contract, str(path))
    window = golden_input(contract.window.n_samples)[: form.n_samples]
    answer, _ = form.advance(window, form.empty_ring())
    _check_difference(float(np.abs(answer[0] - np.array(contract.golden)).max()))


def _check_difference(difference: float) -> None:
    if difference > TOLERANCE:
        raise MarotteError(
            f"the exported student differs from its network by {difference:.2g}, more than "
            f"{TOLERANCE}: use another version of torch or onnxruntime"
        )


def _save(model: Any, metadata: dict[str, str], path: Path) -> None:
    _store_halves(model.graph)
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    path.write_bytes(model.SerializeToString())


def _store_halves(graph: Any) -> None:
    """Store in 16 bits what they hold exactly; ONNX Runtime widens it once, when it loads."""
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
            tensor.CopyFrom(numpy_helper.from_array(halves, name + HALF))
            casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])


def _onnx_of(
    module: nn.Module, example: dict[str, Tensor], outputs: list[str], dynamic: dict[str, Any]
) -> Any:
    """A module's graph: inputs by name, with an example each, and which of their sizes vary."""
    try:
        import onnx
        import onnxscript  # noqa: F401  # torch's exporter needs it, and says so less clearly
    except ImportError as error:
        raise missing_extra(error.name or "onnx", "train") from error
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # Of the exporter's own making: torch's deprecations inside torch.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            tuple(example.values()),
            input_names=list(example),
            output_names=outputs,
            dynamic_shapes=dynamic,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise MarotteError("torch gave no ONNX program: use another version of torch")
    model = program.model_proto
    # The exporter notes for every node the source line it came from, a path of this machine.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for values in (model.graph.value_info, model.graph.input, model.graph.output):
        for value in values:
            del value.metadata_props[:]
    onnx.checker.check_model(model)
    return model
