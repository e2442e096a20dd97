"""Both forms of an exported student give the same controls; weights can be stored in 16 bits."""

import numpy as np
import pytest
import torch
from synthetic import make_voice

from marotte.audio.recording import Recording
from marotte.errors import MarotteError
from marotte.infer.evaluators import StepEvaluator
from marotte.infer.offline import animate
from marotte.infer.stream import Stream
from marotte.learn.export.cost import cost_of
from marotte.learn.export.onnx import export
from marotte.learn.models.frontends import MelFrontend, WaveformFrontend
from marotte.learn.models.student import StudentConfig, StudentNet
from marotte.model.session import load_student

NAMES = ("jawOpen", "mouthClose", "mouthFunnel")


@pytest.mark.parametrize("frontend", ["waveform", "mel"])
def test_the_streamed_form_gives_what_windows_give(frontend, tmp_path):
    torch.manual_seed(1)
    net = StudentNet(StudentConfig(16, 128, NAMES, frontend, norm="step", batch_norm=True)).eval()
    export(net, tmp_path / "s.onnx", name="s")
    student = load_student(tmp_path / "s.onnx")
    voice = make_voice(0.8, 16_000)
    whole = animate(Recording.from_samples(voice, 16_000), student)
    stream = Stream(student)
    assert isinstance(stream._evaluator, StepEvaluator)
    assert "computes only what is new" in stream.cost
    frames = stream.push(voice[:5000]) + stream.push(voice[5000:]) + stream.flush()
    np.testing.assert_allclose([f.controls for f in frames], whole.controls, atol=1e-5)


def test_half_the_file_gives_almost_the_same_controls(tmp_path):
    torch.manual_seed(1)
    net = StudentNet(StudentConfig(32, 128, NAMES, "mel", norm="step", batch_norm=True)).eval()
    export(net, tmp_path / "whole.onnx", name="whole")
    export(net, tmp_path / "half.onnx", name="half", half=True)
    for ending in (".onnx", ".stream.onnx"):
        sizes = [(tmp_path / f"{name}{ending}").stat().st_size for name in ("half", "whole")]
        assert sizes[0] < 0.8 * sizes[1]  # the Fourier transform keeps its 32 bits
    assert cost_of(tmp_path / "half.onnx") == cost_of(tmp_path / "whole.onnx")
    voice = make_voice(0.5, 16_000)
    recording = Recording.from_samples(voice, 16_000)
    whole, half = (
        animate(recording, load_student(tmp_path / f"{n}.onnx")) for n in ("whole", "half")
    )
    assert 0 < np.abs(half.controls - whole.controls).max() < 2e-3
    stream = Stream(load_student(tmp_path / "half.onnx"))
    frames = stream.push(voice) + stream.flush()
    np.testing.assert_allclose([f.controls for f in frames], half.controls, atol=1e-5)


def test_a_network_that_computes_no_number_is_not_written(tmp_path):
    net = StudentNet(StudentConfig(16, 128, NAMES, "mel", norm="step")).eval()
    with torch.no_grad():
        next(iter(net.parameters())).fill_(float("inf"))
    with pytest.raises(MarotteError, match="its training failed or its checkpoint is damaged"):
        export(net, tmp_path / "s.onnx", name="s")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("frontend", [MelFrontend, WaveformFrontend])
def test_one_step_needs_its_receptive_field(frontend):
    assert frontend.n_steps(frontend.receptive_field_samples) == 1
    assert frontend.n_steps(frontend.receptive_field_samples - 1) < 1
