"""A trained network in; a student file (ONNX with its contract), and its streamed form, out."""

from __future__ import annotations

import json
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path

import torch

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.face.mesh import Mesh
from marotte.learn.export.graph import onnx_graph, save_model
from marotte.learn.export.modules import MeshModule, StreamedModule, WindowModule
from marotte.learn.models.face_net import FaceNet
from marotte.learn.models.student import StudentNet, fold_batch_norms
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

TOLERANCE = 1e-4  # between the outputs of torch and ONNX Runtime


def export(
    net: FaceNet,
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
    """Write a student file, and check that ONNX Runtime gives the same outputs as torch.

    `NAME.stream.onnx` is written beside it, unless the network normalises over its window.

    Args:
        net: the trained network. Its batch norms are folded away.
        path: the file to write, ending in .onnx.
        name: the student's name.
        version: the student's version.
        rig: the name of the rig that the controls belong to.
        teacher: the name of the teacher that labelled the training speech.
        licence: the licence of the weights.
        mesh: the mesh whose components the controls are; the file then also gives vertices.
        half: round the weights to 16 bits, which halves the file. Inference stays in 32 bits.

    Raises:
        MarotteError: the path can't be written, a package of the extra `train` is missing, or
            the outputs differ or are not finite numbers.
    """
    plain = fold_batch_norms(net) if isinstance(net, StudentNet) else net.eval()
    if half:
        plain = round_to_16_bits(plain)
    contract = contract_of(
        plain, name=name, version=version, rig=rig, teacher=teacher, licence=licence
    )
    _write_forms(plain, contract, path, mesh)
    return contract


def _write_forms(net: FaceNet, contract: Contract, path: Path, mesh: Mesh | None) -> None:
    """Write the window form and, if there is one, the streamed form: both or neither."""
    streamed_path = path.with_suffix(STREAMED)
    with ExitStack() as replaced_files:
        temporary = replaced_files.enter_context(replacing(path))
        write_window_form(net, contract, temporary, mesh)
        if isinstance(net, StudentNet) and net.config.norm == "step":
            temporary = replaced_files.enter_context(replacing(streamed_path))
            write_streamed_form(net, contract, temporary)
        else:
            streamed_path.unlink(missing_ok=True)  # left by another student of this name


def contract_of(
    net: FaceNet, *, name: str, version: str, rig: str, teacher: str, licence: str
) -> Contract:
    """Return the contract of a network's student file, with its golden output.

    Raises:
        MarotteError: the output is not a finite number.
    """
    window = net.config.window
    with torch.no_grad():
        golden = net(torch.from_numpy(golden_input(window.n_samples))[None]).controls[0]
    if not golden.isfinite().all():
        raise MarotteError(
            f"the network of {name!r} computes a value that is not a finite number: its training "
            "failed or its checkpoint is damaged; train it again"
        )
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


def round_to_16_bits(net: FaceNet) -> FaceNet:
    """Return a copy of a network whose weights are exact in 16 bits."""
    rounded = deepcopy(net)
    with torch.no_grad():
        for weights in rounded.parameters():
            weights.copy_(weights.half())
    return rounded


def write_window_form(
    net: FaceNet, contract: Contract, path: Path, mesh: Mesh | None = None
) -> None:
    """Write the form that takes whole windows, and check its output.

    Raises:
        MarotteError: the output is not the network's.
    """
    # Two windows: the exporter would take a batch of one for a constant.
    example = torch.zeros(2, net.config.window.n_samples)
    module = MeshModule(net, mesh) if mesh else WindowModule(net)
    outputs = [OUTPUT, VERTICES] if mesh else [OUTPUT]
    model = onnx_graph(module, {INPUT: example}, outputs, {INPUT: {0: torch.export.Dim("batch")}})
    save_model(model, {METADATA_KEY: contract.to_json(), "licence": contract.licence}, path)
    _check_difference(load_student(path, rig=None).check_golden())


def write_streamed_form(net: StudentNet, contract: Contract, path: Path) -> None:
    """Write the form that takes the samples of new steps, and check its output.

    Raises:
        MarotteError: the output is not the network's.
    """
    receptive_field = net.frontend.receptive_field_samples
    examples = {
        SAMPLES: torch.zeros(1, 4 * STEP_SAMPLES + receptive_field),
        STEPS: torch.zeros(1, net.config.channels, net.n_steps),
    }
    dynamic = {SAMPLES: {1: torch.export.Dim.DYNAMIC}, STEPS: None}
    model = onnx_graph(StreamedModule(net), examples, [CONTROLS, NEXT_STEPS], dynamic)
    steps = {"step_samples": STEP_SAMPLES, "reach_samples": receptive_field}
    metadata = {
        METADATA_KEY: contract.to_json(),
        STEPS_KEY: json.dumps(steps),
        "licence": contract.licence,
    }
    save_model(model, metadata, path)
    form = read_streamed_form(open_session(path, 1), contract, str(path))
    _check_difference(form.check_golden(contract))


def _check_difference(difference: float) -> None:
    if difference > TOLERANCE:
        raise MarotteError(
            f"the exported student differs from its network by {difference:.2g}, more than "
            f"{TOLERANCE}: use another version of torch or onnxruntime"
        )
