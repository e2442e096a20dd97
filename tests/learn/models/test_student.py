"""The student has the paper's sizes, and shares work between windows without changing results."""

import pytest
import torch

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.export.cost import cost_of
from marotte.learn.export.onnx import export
from marotte.learn.models.frontends import MelFrontend, SincConvolution
from marotte.learn.models.student import (
    GlobalConvolution,
    StudentConfig,
    StudentNet,
    fold_batch_norms,
)
from marotte.model.timing import STEP_SAMPLES, WINDOW_SAMPLES

PAPER_RIG = tuple(f"control{i}" for i in range(78))
NAMES = ("jawOpen", "mouthClose", "mouthFunnel")


def config(**changes):
    return StudentConfig(**{"channels": 16, "lookahead_ms": 128, "names": NAMES, **changes})


@pytest.mark.parametrize(
    ("channels", "parameters", "macs", "memory_mib"),
    [(256, 2.96e6, 0.348e9, 21.1), (128, 0.778e6, 0.088e9, 7.9), (64, 0.226e6, 0.0225e9, 3.34)],
)
def test_sizes_are_the_paper_s(channels, parameters, macs, memory_mib, tmp_path):
    net = StudentNet(StudentConfig(channels, 256, PAPER_RIG))
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(parameters, rel=0.01)
    (tmp_path / "s.stream.onnx").touch()  # left by another student of this name
    export(net, tmp_path / "s.onnx", name="s", rig="paper")
    assert not (tmp_path / "s.stream.onnx").exists()  # a norm over the window can not be streamed
    cost = cost_of(tmp_path / "s.onnx")
    assert cost.parameters == pytest.approx(parameters, rel=0.01)
    assert cost.macs == pytest.approx(macs, rel=0.01)
    assert cost.paper_memory_mib == pytest.approx(memory_mib, rel=0.01)


def test_the_number_of_steps_is_the_paper_s():
    assert StudentNet(config()).n_steps == 25


def test_a_mel_student_uses_its_whole_window_and_keeps_its_look_ahead():
    net = StudentNet(config(frontend="mel", norm="step"))
    n_samples = net.config.window.n_samples
    assert net.config.window.lookahead_ms == config().window.lookahead_ms
    assert net.frontend.unused_samples(n_samples) == 0 < net.frontend.unused_samples(WINDOW_SAMPLES)
    assert net.n_steps == net.frontend.n_steps(WINDOW_SAMPLES)


@pytest.mark.parametrize(
    ("frontend", "norm"),
    [("waveform", "window"), ("waveform", "step"), ("mel", "step"), ("sinc", "step")],
)
@pytest.mark.parametrize("hop", [STEP_SAMPLES, STEP_SAMPLES // 2])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_crops_give_what_their_windows_give(frontend, norm, hop, batch_norm):
    torch.manual_seed(1)
    net = StudentNet(config(frontend=frontend, norm=norm, batch_norm=batch_norm)).eval()
    n_samples = net.config.window.n_samples
    samples = 0.1 * torch.randn(2, n_samples + 3 * hop)
    crops = net.crops(samples, 4, hop).controls
    windows = [samples[:, i * hop :][:, :n_samples] for i in range(4)]
    whole = torch.stack([net(w).controls for w in windows], dim=1).flatten(0, 1)
    torch.testing.assert_close(crops, whole, atol=1e-5, rtol=0)


def test_the_global_convolution_is_the_same_in_training_and_evaluation():
    torch.manual_seed(1)
    layer = GlobalConvolution(8, bias=True)
    steps = torch.randn(3, 8, 23, requires_grad=True)
    results = []
    for training in (True, False):
        layer.train(training)
        layer.zero_grad()
        steps.grad = None
        output = layer(steps)
        output.square().sum().backward()
        results.append((output, steps.grad, layer.weight.grad))
    for fast, plain in zip(*results, strict=True):
        torch.testing.assert_close(fast, plain, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("frontend", ["waveform", "mel", "sinc"])
def test_folding_batch_norms_changes_no_output(frontend):
    torch.manual_seed(1)
    net = StudentNet(config(frontend=frontend, norm="step", batch_norm=True))
    samples = torch.randn(4, WINDOW_SAMPLES)
    for _ in range(3):
        net(samples)  # so that the running statistics are not 0 and 1
    net.eval()
    folded = fold_batch_norms(net)
    assert not any(isinstance(m, torch.nn.BatchNorm1d) for m in folded.modules())
    torch.testing.assert_close(folded(samples).controls, net(samples).controls, atol=1e-5, rtol=0)


def test_log_mel_agrees_with_the_fourier_transform():
    torch.manual_seed(1)
    frontend = MelFrontend(8, batch_norm=False)
    samples = 0.1 * torch.randn(1, 1600)
    frames = samples.unfold(1, 320, 160) * torch.hann_window(320, periodic=False)
    power = torch.fft.rfft(frames).abs()[..., :160].square() * (2 / 159.5) ** 2
    expected = (torch.log(power @ frontend.bands + 1e-6) + 5) / 5
    torch.testing.assert_close(frontend.log_mel(samples), expected.mT, atol=1e-4, rtol=1e-4)


def test_log_mel_peaks_at_the_sine():
    time = torch.arange(3200) / SAMPLE_RATE
    frontend = MelFrontend(8, batch_norm=False)
    peaks = [
        int(frontend.log_mel(torch.sin(2 * torch.pi * hertz * time)[None])[0, :, 5].argmax())
        for hertz in (300, 1000, 3000, 6000)
    ]
    assert peaks == sorted(set(peaks))
    assert torch.all(frontend.bands.sum(0) > 0)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"channels": 6}, "multiple of 4"),
        ({"frontend": "fft"}, "'waveform', 'sinc', 'mel'"),
        ({"frontend": "mfcc", "norm": "step"}, "'window'"),
        ({"encoder": "hubert.pt"}, "only the front ends 'hubert'"),
        ({"norm": "none"}, "none"),
        ({"frontend": "mel", "norm": "window"}, "step"),
        ({"lookahead_ms": 600}, "600"),
    ],
)
def test_impossible_configurations_are_refused(changes, word):
    with pytest.raises(MarotteError, match=word):
        config(**changes)


def test_band_pass_filters_pass_their_band():
    layer = SincConvolution(16, 129, 1)
    time = torch.arange(4000) / SAMPLE_RATE
    for band in (3, 8, 14):
        middle = (layer.low_hz[band] + layer.band_hz[band] / 2).item()
        answer = layer(torch.sin(2 * torch.pi * middle * time)[None, None])[0]
        assert answer.square().mean(1).argmax() == band
        assert answer[band].abs().max().item() == pytest.approx(1, abs=0.2)
    answer.square().sum().backward()
    assert layer.low_hz.grad.abs().sum() > 0
