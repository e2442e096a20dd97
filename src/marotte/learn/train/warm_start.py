"""An exported student in; a network that continues training from its weights out.

In an exported student, each batch norm is folded into the convolution before it. A warm start
restores the batch norms: first as identity, then with the mean and variance of real activations.
So the network gives the student's outputs, and trains like a network with batch norms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from marotte.errors import MarotteError, missing_extra
from marotte.learn.models.face_net import FaceNet
from marotte.model.contract import Contract
from marotte.model.session import load_student, student_path
from marotte.model.weights import HALF_SUFFIX, NET_PREFIX

MIN_SPREAD = 1e-3  # lower bound of a channel's standard deviation: one may be constant


@dataclass(frozen=True)
class WarmStart:
    """A student whose weights a network starts from.

    Attributes:
        source: the student's file, for messages.
        contract: the student's contract.
        weights: its weights, by their names in a network without batch norms.
    """

    source: str
    contract: Contract
    weights: dict[str, Tensor]


def read_warm_start(source: str, folder: Path) -> WarmStart:
    """Read a student's weights.

    Args:
        source: the name of a student that comes with Marotte, or the path of an ONNX file.
        folder: the folder that a relative path starts from.

    Raises:
        MarotteError: there is no such student, or the file is not a student's.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        raise missing_extra("onnx", "train") from error
    candidate = folder / Path(source).expanduser()
    path = student_path(candidate if candidate.is_file() else source)
    contract = load_student(path, rig=None).contract
    weights = {
        tensor.name.removeprefix(NET_PREFIX).removesuffix(HALF_SUFFIX): torch.from_numpy(
            numpy_helper.to_array(tensor).astype("float32")
        )
        for tensor in onnx.load(path).graph.initializer
        if tensor.name.startswith(NET_PREFIX)
    }
    return WarmStart(str(path), contract, weights)


def apply_warm_start(net: FaceNet, start: WarmStart) -> None:
    """Load a student's weights into a network, with batch norms as identity.

    Controls that the student lacks keep their random weights.

    Raises:
        MarotteError: the student is another kind of network, or of another size.
    """
    contract, config = start.contract, net.config
    if contract.frontend != config.frontend or contract.norm != config.norm:
        raise MarotteError(
            f"{start.source} has the front end {contract.frontend!r} with norm {contract.norm!r}, "
            f"the recipe {config.frontend!r} with {config.norm!r}: start from a student with the "
            "recipe's front end and norm"
        )
    state = net.state_dict()
    weights = _with_batch_norms(net, start.weights)
    _match_controls(weights, state, contract.names, config.names)
    for name, values in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        if name not in weights:
            raise MarotteError(
                f"{start.source} has no weights called {name!r}, so that training can't continue "
                "from it: start from another student"
            )
        if weights[name].shape != values.shape:
            raise MarotteError(
                f"{start.source} is of another size than the recipe's student: its {name} is "
                f"{list(weights[name].shape)}, not {list(values.shape)}; set student.channels to "
                "the number of channels of that file"
            )
        state[name] = weights[name]
    net.load_state_dict(state)


@torch.no_grad()
def calibrate_batch_norms(
    net: FaceNet, batches: Iterable[Tensor], n_frames: int, hop_length: int
) -> None:
    """Set the statistics of batch norms from real inputs, without changing the outputs.

    A norm with measured mean m and variance v gets weight sqrt(v + eps) and bias + m, so it stays
    the identity.

    Args:
        net: a network after `apply_warm_start`; it is left in evaluation mode.
        batches: crops [batch, n], see `StudentNet.crops`.
        n_frames: frames per crop.
        hop_length: samples from frame to frame.
    """
    norms = _batch_norms(net)
    sums = {name: torch.zeros(2, norm.num_features) for name, norm in norms.items()}
    counts = dict.fromkeys(norms, 0)

    def measure(name: str, _: nn.Module, inputs: tuple[Tensor]) -> None:
        values = inputs[0].float().transpose(0, 1).flatten(1).cpu()
        sums[name] += torch.stack([values.sum(1), values.square().sum(1)])
        counts[name] += values.shape[1]

    hooks = [norm.register_forward_pre_hook(partial(measure, name)) for name, norm in norms.items()]
    net.eval()
    for samples in batches:
        net.crops(samples, n_frames, hop_length)
    for hook in hooks:
        hook.remove()
    for name, norm in norms.items():
        mean, mean_square = sums[name] / counts[name]
        variance = (mean_square - mean.square()).clamp(min=MIN_SPREAD**2)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean.to(norm.bias))


def _batch_norms(net: FaceNet) -> dict[str, nn.BatchNorm1d]:
    return {name: m for name, m in net.named_modules() if isinstance(m, nn.BatchNorm1d)}


def _with_batch_norms(net: FaceNet, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a network without batch norms by the names of one that has them.

    A norm takes the bias of the convolution before it: "reduce.0.1" that of "reduce.0.0".
    """
    weights = dict(weights)
    for name, norm in _batch_norms(net).items():
        ones, convolution_bias = torch.ones(norm.num_features), f"{name[:-2]}.0.bias"
        weights[f"{name}.bias"] = weights.pop(convolution_bias, 0 * ones)
        weights[f"{name}.weight"] = ones
        weights[f"{name}.running_mean"] = 0 * ones
        weights[f"{name}.running_var"] = (1 - norm.eps) * ones
    return weights


def _match_controls(
    weights: dict[str, Tensor],
    state: dict[str, Tensor],
    student_names: tuple[str, ...],
    names: tuple[str, ...],
) -> None:
    """Reorder the student's output rows in `weights` to `names`, filled up from `state`."""
    student_rows = {name: row for row, name in enumerate(student_names)}
    shared = [row for row, name in enumerate(names) if name in student_rows]
    for key in ("output.weight", "output.bias"):
        if key in weights:
            rows = state[key].clone()
            rows[shared] = weights[key][[student_rows[names[row]] for row in shared]]
            weights[key] = rows
