"""The engine's predictions and gradients equal those of the ordinary network."""

import copy

import pytest
import torch

from marotte.learn.models.student import StudentConfig, StudentNet
from marotte.learn.train.engine import forward
from marotte.learn.train.engine.forward import CropShape, predict

NAMES = ("jawOpen", "mouthClose", "mouthFunnel")
KINDS = [
    ("waveform", "step", True),
    ("waveform", "step", False),
    ("waveform", "window", False),
    ("waveform", "window", True),
    ("sinc", "step", True),
    ("sinc", "window", False),
    ("mel", "step", True),
    ("mel", "step", False),
]


@pytest.fixture(params=[1, 99], ids=["shared", "by window"], autouse=True)
def shared_windows(request, monkeypatch):
    """Compute layer 9 once per crop, or once per window, whatever the length of the crops."""
    monkeypatch.setattr(forward, "SHARED_WINDOWS", request.param)


def student(frontend, norm, batch_norm, lookahead_ms=64, channels=12):
    torch.manual_seed(5)
    config = StudentConfig(
        channels, lookahead_ms, NAMES, frontend, norm=norm, batch_norm=batch_norm
    )
    net = StudentNet(config).train()
    with torch.no_grad():  # no norm is the identity
        for name, values in net.named_parameters():
            if "norm" in name or name.endswith("1.weight"):
                values.add_(0.1 * torch.randn_like(values))
    return net


def sound(net, n_frames, hop_length, batch=3):
    torch.manual_seed(6)
    n = net.config.window.n_samples + (n_frames - 1) * hop_length
    loud = torch.rand(batch, n // 1600 + 1).repeat_interleave(1600, 1)[:, :n]
    return loud * torch.randn(batch, n)


def outputs(prediction):
    return [prediction.controls, *prediction.taps, *prediction.maps]


@pytest.mark.parametrize(("frontend", "norm", "batch_norm"), KINDS)
def test_gradients_in_double_precision_differ_only_by_rounding(frontend, norm, batch_norm):
    net = student(frontend, norm, batch_norm).double()
    engine, samples = copy.deepcopy(net), sound(net, 4, 160).double()
    ours = predict(engine, samples, CropShape(4, 160), torch.float64)
    ours.controls.square().sum().backward()
    net.crops(samples, 4, 160).controls.square().sum().backward()
    for (name, ours), theirs in zip(engine.named_parameters(), net.parameters(), strict=True):
        if theirs.grad is None:
            assert ours.grad is None
            continue
        assert torch.allclose(ours.grad, theirs.grad, rtol=1e-7, atol=1e-10), name


@pytest.mark.parametrize(("n_frames", "hop_length"), [(1, 320), (5, 320), (6, 160)])
@pytest.mark.parametrize(("frontend", "norm", "batch_norm"), KINDS)
def test_predictions_and_gradients_equal_those_of_the_network(
    frontend, norm, batch_norm, n_frames, hop_length
):
    net = student(frontend, norm, batch_norm)
    # A batch norm of three values would amplify rounding.
    engine, samples = copy.deepcopy(net), sound(net, n_frames, hop_length, batch=6)
    ours = outputs(predict(engine, samples, CropShape(n_frames, hop_length)))
    theirs = outputs(net.crops(samples, n_frames, hop_length))
    weights = [torch.randn_like(each) for each in theirs]
    for our, their in zip(ours, theirs, strict=True):
        assert our.shape == their.shape
        assert torch.allclose(our, their, atol=1e-4, rtol=1e-4)
    for each in (ours, theirs):
        torch.stack([(w * o).mean() for w, o in zip(weights, each, strict=True)]).sum().backward()
    largest = max(float(each.grad.abs().max()) for each in net.parameters())
    for (name, our), their in zip(engine.named_parameters(), net.parameters(), strict=True):
        assert (our.grad - their.grad).abs().max() <= 1e-4 * largest, name
    for (name, our), their in zip(engine.named_buffers(), net.buffers(), strict=True):
        assert torch.allclose(our, their, atol=1e-4), name


@pytest.mark.parametrize(("frontend", "norm", "batch_norm"), KINDS)
def test_batch_norms_use_their_statistics_in_evaluation(frontend, norm, batch_norm):
    net = student(frontend, norm, batch_norm).eval()
    samples = sound(net, 4, 320)
    with torch.no_grad():
        ours, theirs = predict(net, samples, CropShape(4)), net.crops(samples, 4)
    for our, their in zip(outputs(ours), outputs(theirs), strict=True):
        assert torch.allclose(our, their, atol=1e-4, rtol=1e-4)
