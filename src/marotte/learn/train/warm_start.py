"""An exported student in; a network that goes on from its weights out.

An export has its batch norms folded into the convolutions before them. Here they are put back: as
norms that leave what comes as it is, by the mean and spread that it really has. So the network
answers as the student does, and trains as one with batch norms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from marotte.errors import MarotteError, missing_extra
from marotte.learn.export.cost import HALF
from marotte.learn.models.student import StudentNet
from marotte.model.contract import Contract
from marotte.model.session import load_student, student_path

LEAST_SPREAD = 1e-3  # of a channel that is always the same, which no norm can bring back


@dataclass(frozen=True)
class WarmStart:
    """A student whose weights a network begins with.

    Attributes:
        where: its file, for messages.
        contract: what it says of itself.
        weights: by the names of a network without batch norms.
    """

    where: str
    contract: Contract
    weights: dict[str, Tensor]


def read_start(source: str, beside: Path) -> WarmStart:
    """Read a student's weights.

    Args:
        source: the name of a student that comes with Marotte, or the path of an ONNX file.
        beside: the folder that a relative path starts from.

    Raises:
        MarotteError: there is none, or it is not a student's file.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        raise missing_extra("onnx", "train") from error
    given = beside / Path(source).expanduser()
    path = student_path(given if given.is_file() else source)
    contract = load_student(path, rig=None).contract
    weights = {
        tensor.name.removeprefix("net.").removesuffix(HALF): torch.from_numpy(
            numpy_helper.to_array(tensor).astype("float32")
        )
        for tensor in onnx.load(path).graph.initializer
        if tensor.name.startswith("net.")
    }
    return WarmStart(str(path), contract, weights)


def go_on(net: StudentNet, start: WarmStart) -> None:
    """Give a network a student's weights; its batch norms leave what comes as it is.

    Controls that the student does not give keep the weights they had.

    Raises:
        MarotteError: the student is another kind of network, or of another size.
    """
    contract, config = start.contract, net.config
    if contract.frontend != config.frontend or contract.norm != config.norm:
        raise MarotteError(
            f"{start.where} has the front end {contract.frontend!r} with norm {contract.norm!r}, "
            f"the recipe {config.frontend!r} with {config.norm!r}: a student goes on from one "
            "of its own kind"
        )
    state, given = net.state_dict(), _with_norms(net, start.weights)
    places = {name: place for place, name in enumerate(contract.names)}
    ours = [row for row, name in enumerate(config.names) if name in places]
    theirs = [places[config.names[row]] for row in ours]
    for name in ("output.weight", "output.bias"):
        if name in given:
            rows = state[name].clone()
            rows[ours] = given[name][theirs]
            given[name] = rows
    for name, values in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        if name not in given:
            raise MarotteError(
                f"{start.where} has no weights called {name!r}: it can be played, but not trained "
                "on; take another student"
            )
        if given[name].shape != values.shape:
            raise MarotteError(
                f"{start.where} is of another size than the recipe's student: its {name} is "
                f"{list(given[name].shape)}, not {list(values.shape)}; set student.channels to its"
            )
        state[name] = given[name]
    net.load_state_dict(state)


@torch.no_grad()
def settle_norms(net: StudentNet, batches: Iterable[Tensor], n_frames: int, shift: int) -> None:
    """Give batch norms the mean and spread of what they hear, and their answers as they were.

    A norm of mean m and variance v is given weight sqrt(v + eps) and its bias + m, so that the
    network is the same function as before.

    Args:
        net: as `go_on` leaves it; it comes back in evaluation mode.
        batches: crops [batch, n], see `StudentNet.crops`.
        n_frames: frames in each crop.
        shift: samples from one to the next.
    """
    norms = _batch_norms(net)
    sums = {norm: torch.zeros(2, module.num_features) for norm, module in norms.items()}
    counts = dict.fromkeys(norms, 0)

    def heard(norm: str, _: nn.Module, given: tuple[Tensor]) -> None:
        values = given[0].float().transpose(0, 1).flatten(1).cpu()
        sums[norm] += torch.stack([values.sum(1), values.square().sum(1)])
        counts[norm] += values.shape[1]

    hooks = [m.register_forward_pre_hook(partial(heard, norm)) for norm, m in norms.items()]
    net.eval()
    for samples in batches:
        net.crops(samples, n_frames, shift)
    for hook in hooks:
        hook.remove()
    for norm, module in norms.items():
        mean, square = sums[norm] / counts[norm]
        spread = (square - mean.square()).clamp(min=LEAST_SPREAD**2)
        assert module.running_mean is not None
        assert module.running_var is not None
        module.running_mean.copy_(mean)
        module.running_var.copy_(spread)
        module.weight.copy_((spread + module.eps).sqrt())
        module.bias.add_(mean.to(module.bias))


def _batch_norms(net: nn.Module) -> dict[str, nn.BatchNorm1d]:
    return {name: m for name, m in net.named_modules() if isinstance(m, nn.BatchNorm1d)}


def _with_norms(net: StudentNet, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a network without batch norms by the names of one that has them.

    A norm takes the bias of the convolution before it, "reduce.0.1" that of "reduce.0.0".
    """
    weights = dict(weights)
    for norm, module in _batch_norms(net).items():
        ones, before = torch.ones(module.num_features), f"{norm[:-2]}.0.bias"
        weights[f"{norm}.bias"] = weights.pop(before, 0 * ones)
        weights[f"{norm}.weight"] = ones
        weights[f"{norm}.running_mean"] = 0 * ones
        weights[f"{norm}.running_var"] = (1 - module.eps) * ones
    return weights
