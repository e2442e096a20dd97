"""Students with random weights, for tests of the C library: fast, since no ONNX file is written."""

import torch

from marotte.device.mrt import records_of
from marotte.learn.export.onnx import contract_of
from marotte.learn.models.student import StudentConfig, StudentNet

NAMES = ("jawOpen", "mouthClose", "mouthFunnel")


def random_student(channels=16, frontend="mel", *, lookahead_ms=128, seed=1, **options):
    """Return a network whose controls move with the sound."""
    torch.manual_seed(seed)
    config = StudentConfig(channels, lookahead_ms, NAMES, frontend, norm="step", **options)
    net = StudentNet(config).eval()
    with torch.no_grad():  # random weights alone would leave the controls nearly still
        for weights in net.parameters():
            if weights.dim() > 1:
                weights *= 2
        net.output.bias += 0.5
    return net


def contract(net):
    """Return the contract of a network's file."""
    return contract_of(net, name="s", version="1", rig="arkit52", teacher="none", licence="MIT")


def random_records(net, *, int8=False):
    """Return the records of a network's .mrt file."""
    weights = {name: values.numpy() for name, values in net.state_dict().items()}
    if net.config.frontend == "mel":
        for name in ("cosine", "sine", "bands"):
            weights[f"frontend.{name}"] = getattr(net.frontend, name).numpy()
    return records_of(contract(net), weights, net.n_steps, int8=int8)
