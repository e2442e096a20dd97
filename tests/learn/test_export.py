"""The streamed form of an exported student gives what its windows give."""

import numpy as np
import pytest
import torch
from made import make_voice

from marotte.audio import Recording
from marotte.hearing import StepEar
from marotte.learn.export import export
from marotte.learn.frontends import MelFrontend, WaveformFrontend
from marotte.learn.student import StudentConfig, StudentNet
from marotte.pipeline import animate
from marotte.runtime import load_student
from marotte.stream import flush, open_stream, push

NAMES = ("jawOpen", "mouthClose", "mouthFunnel")


@pytest.mark.parametrize("frontend", ["waveform", "mel"])
def test_streamed_is_whole(frontend, tmp_path):
    torch.manual_seed(1)
    net = StudentNet(StudentConfig(16, 128, NAMES, frontend, norm="step", batch_norm=True)).eval()
    export(net, tmp_path / "s.onnx", name="s")
    student = load_student(tmp_path / "s.onnx")
    voice = make_voice(0.8, 16_000)
    whole = animate(Recording.from_samples(voice, 16_000), student)
    stream = open_stream(student)
    assert isinstance(stream.ear, StepEar)
    assert "computes 5 steps" in stream.cost
    frames = push(stream, voice[:5000]) + push(stream, voice[5000:]) + flush(stream)
    np.testing.assert_allclose([f.controls for f in frames], whole.controls, atol=1e-5)


@pytest.mark.parametrize("frontend", [MelFrontend, WaveformFrontend])
def test_a_step_reaches_as_far_as_it_says(frontend):
    assert frontend.n_steps(frontend.reach_samples) == 1
    assert frontend.n_steps(frontend.reach_samples - 1) < 1
