"""The paper's baselines have its sizes, and train and export like a student."""

import dataclasses

import numpy as np
import pytest
import torch
from tiny_training import NAMES, RECIPE, train
from torch.nn import functional

from marotte.errors import MarotteError
from marotte.learn.export.cost import cost_of
from marotte.learn.export.onnx import export
from marotte.learn.models import frozen_encoders
from marotte.learn.models.baselines import MFCC_BANDS, MfccNet, cosine_transform
from marotte.learn.models.factory import build_network, load_frozen_encoder
from marotte.learn.models.student import StudentConfig
from marotte.learn.teachers.encoders.whisper import WhisperEncoder
from marotte.learn.train import checkpoint
from marotte.learn.train.recipe import StudentShape
from marotte.model.session import load_student

PAPER_RIG = tuple(f"control{i}" for i in range(78))


def config(frontend, channels=8, names=("jawOpen", "mouthClose"), **changes):
    return StudentConfig(channels, 256, names, frontend, "window", **changes)


@pytest.mark.parametrize(
    ("frontend", "channels", "parameters", "macs"),
    [("hubert", 512, 7.19e6, 1.27e9), ("mfcc", 256, 2.0e6, 0.2e9)],
)
def test_sizes_are_the_paper_s(frontend, channels, parameters, macs, tmp_path):
    net = build_network(config(frontend, channels, PAPER_RIG))
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(parameters, rel=0.03)
    export(net, tmp_path / "b.onnx", name="b", rig="paper")
    cost = cost_of(tmp_path / "b.onnx")
    assert cost.parameters == pytest.approx(parameters, rel=0.03)
    assert cost.macs == pytest.approx(macs, rel=0.03)
    assert not list(tmp_path.glob("*.stream.onnx"))


@pytest.mark.parametrize("frontend", ["mfcc", "hubert", "whisper"])
def test_crops_give_what_their_windows_give(frontend):
    net = build_network(config(frontend)).eval()
    samples = 0.1 * torch.randn(2, 8192 + 3 * 320)
    whole = torch.stack([net(samples[:, i * 320 :][:, :8192]).controls for i in range(4)], dim=1)
    torch.testing.assert_close(
        net.crops(samples, 4).controls, whole.flatten(0, 1), atol=1e-5, rtol=0
    )
    halves = torch.stack([net(samples[:, i * 160 :][:, :8192]).controls for i in range(6)], dim=1)
    torch.testing.assert_close(
        net.crops(samples, 6, 160).controls, halves.flatten(0, 1), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("frontend", ["mfcc", "hubert", "whisper"])
def test_matrix_products_in_training_give_the_same_outputs_and_gradients(frontend):
    torch.manual_seed(0)
    net = build_network(config(frontend))
    samples = 0.1 * torch.randn(2, 8192 + 3 * 320)
    results = []
    for training in (True, False):
        net.train(training).zero_grad()
        controls = net.crops(samples, 4).controls
        controls.square().sum().backward()
        gradients = {n: p.grad.clone() for n, p in net.named_parameters() if p.requires_grad}
        results.append({"controls": controls.detach(), **gradients})
    torch.testing.assert_close(*results, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("frontend", ["mfcc", "hubert", "whisper"])
def test_a_baseline_is_trained_stored_and_exported(frontend, tmp_path):
    training = dataclasses.replace(RECIPE.train, steps=2, batch=2, frames=2)
    shape = StudentShape(8, 128, frontend, "window")
    recipe = dataclasses.replace(RECIPE, train=training, student=shape)
    torch.manual_seed(recipe.train.seed)
    fresh = build_network(StudentConfig(names=NAMES, **vars(shape))).state_dict()
    trained = train(recipe, tmp_path / "run")
    net, _ = checkpoint.load_net(tmp_path / "run" / "checkpoint.pt")
    for name, value in net.state_dict().items():
        assert torch.equal(value, fresh[name]) == name.startswith("encoder"), name
    contract = export(net, tmp_path / "b.onnx", name="b")
    assert contract.frontend == frontend
    windows = 0.1 * torch.randn(3, 8192)
    with torch.no_grad():
        expected = trained(windows).controls
    answer = torch.from_numpy(load_student(tmp_path / "b.onnx").outputs(windows.numpy()))
    torch.testing.assert_close(answer, expected, atol=1e-4, rtol=0)


def test_the_cosine_transform_is_orthonormal():
    matrix = cosine_transform(MFCC_BANDS, MFCC_BANDS)
    torch.testing.assert_close(matrix.T @ matrix, torch.eye(MFCC_BANDS), atol=1e-5, rtol=0)
    assert MfccNet(config("mfcc")).mfcc(torch.randn(2, 8192)).shape == (2, 32, 63)


class TestEncoders:
    def state(self, channels=8):
        net = build_network(config("hubert", channels))
        prefix = "hubert.feature_extractor.conv_layers"
        named = {f"{prefix}.{i}.conv.weight": layer.weight for i, layer in enumerate(net.encoder)}
        norm = net.encoder_norm.named_parameters()
        return named | {f"{prefix}.0.layer_norm.{name}": value + 1 for name, value in norm}

    def test_hubert_s_convolutions_are_loaded(self, tmp_path):
        state = {name: value.detach() for name, value in self.state().items()}
        torch.save(state, tmp_path / "hubert.pt")
        net = build_network(config("hubert", encoder=str(tmp_path / "hubert.pt")))
        load_frozen_encoder(net)
        prefix = "hubert.feature_extractor.conv_layers"
        assert torch.equal(net.encoder[6].weight, state[f"{prefix}.6.conv.weight"])
        assert torch.equal(net.encoder_norm.bias, state[f"{prefix}.0.layer_norm.bias"])

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (None, "no HuBERT checkpoint at"),
            (b"nonsense", "not a checkpoint that torch can read"),
            ({"a": torch.zeros(1)}, "give a HuBERT checkpoint of transformers"),
            (16, "student.channels = 16"),
        ],
    )
    def test_other_files_are_refused(self, content, words, tmp_path):
        path = tmp_path / "hubert.pt"
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, int):
            torch.save({k: v.detach() for k, v in self.state(content).items()}, path)
        elif content:
            torch.save(content, path)
        with pytest.raises(MarotteError, match=words):
            load_frozen_encoder(build_network(config("hubert", encoder=str(path))))

    def test_whisper_s_convolutions_are_loaded(self, monkeypatch):
        random = np.random.default_rng(0)
        shapes = {"conv1/weight": (8, 80, 3), "conv2/weight": (8, 8, 3)}
        shapes |= {"conv1/bias": (8,), "conv2/bias": (8,)}
        variables = {f"encoder/{k}": random.random(v).astype("f2") for k, v in shapes.items()}
        monkeypatch.setattr(frozen_encoders, "read_package", lambda name: variables)
        net = build_network(config("whisper", encoder="whisper-tiny"))
        load_frozen_encoder(net)
        assert net.encoder[1].bias.tolist() == variables["encoder/conv2/bias"].tolist()
        assert not net.encoder[0].weight.requires_grad
        with pytest.raises(MarotteError, match=r"has 8 channels, expected 16: set student\.chan"):
            load_frozen_encoder(build_network(config("whisper", 16, encoder="whisper-tiny")))

    def test_whisper_s_steps_are_those_of_its_encoder(self):
        net = build_network(config("whisper", encoder=""))
        stem = WhisperEncoder("tiny", whisper_variables(net.encoder), 0, "")
        sound = 0.3 * torch.randn(1, 16_000)
        whole = stem.features(sound)[0] - stem.positions[:50]
        own = net.steps(sound)[0].T
        later = net.steps(functional.pad(sound, (200, 0)))[0].T  # frames centred on 160 k
        assert own.shape == (47, 8)
        torch.testing.assert_close(later[2:40], whole[3:41], atol=2e-3, rtol=0)


def whisper_variables(convolutions):
    """Return the variables of a Whisper encoder without blocks, by CTranslate2's names."""
    variables = {"position_encodings/encodings": np.zeros((1500, 8), "f4")}
    for i, layer in enumerate(convolutions, start=1):
        for key in ("weight", "bias"):
            variables[f"conv{i}/{key}"] = getattr(layer, key).numpy()
    return variables
