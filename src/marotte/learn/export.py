"""A trained network in; a student file (ONNX with its contract) out."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from marotte.contract import FORMAT, METADATA_KEY, Contract, golden_input
from marotte.errors import MarotteError, missing_extra
from marotte.files import replacing
from marotte.learn.student import StudentNet, fold_batch_norms
from marotte.runtime import INPUT, OUTPUT, load_student
from marotte.windows import SAMPLE_RATE

OPSET = 20  # the first with GELU as one operator; ONNX Runtime 1.17 reads it
TOLERANCE = 1e-4  # of the golden output, between torch and ONNX Runtime


class _Exported(nn.Module):
    """A network whose answer is the controls alone."""

    def __init__(self, net: StudentNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, samples: Tensor) -> Tensor:
        """Controls [batch, n_controls] of windows [batch, n_samples]."""
        return self.net(samples).controls


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
) -> Contract:
    """Write a student file, and check that ONNX Runtime gives what torch gave.

    Args:
        net: the trained network; its batch norms are folded away.
        path: where to, ending in .onnx.
        name: the student's.
        version: the student's.
        rig: the name of the rig its controls belong to.
        teacher: who taught it.
        licence: of the weights.

    Raises:
        MarotteError: the path can't be written, a package of the extra `train` is missing, or
            the file's answer is not the network's.
    """
    folded = fold_batch_norms(net)
    contract = contract_of(
        folded, name=name, version=version, rig=rig, teacher=teacher, licence=licence
    )
    model = _onnx_of(folded)
    for key, value in ((METADATA_KEY, contract.to_json()), ("licence", licence)):
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    with replacing(path) as temporary:
        temporary.write_bytes(model.SerializeToString())
        difference = load_student(temporary).check_golden() if rig == "arkit52" else 0.0
        if difference > TOLERANCE:
            raise MarotteError(
                f"the exported student differs from its network by {difference:.2g}, more than "
                f"{TOLERANCE}: use another version of torch or onnxruntime"
            )
    return contract


def _onnx_of(net: StudentNet) -> Any:
    try:
        import onnx
        import onnxscript  # noqa: F401  # torch's exporter needs it, and says so less clearly
    except ImportError as error:
        raise missing_extra(error.name or "onnx", "train") from error
    # Two windows: an example batch of one would be taken for a constant.
    example = torch.zeros(2, net.config.window.n_samples)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # Of the exporter's own making: torch's deprecations inside torch.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _Exported(net).eval(),
            (example,),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes={"samples": {0: torch.export.Dim("batch")}},
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
