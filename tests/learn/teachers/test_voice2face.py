"""Tests of Voice2Face: mesh, features, decoder, Mesh2Rig, training and recipes."""

import dataclasses

import numpy as np
import pytest
import torch
from label_files import write_labels

from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.data.store import Store
from marotte.learn.teachers.encoders import open_encoder
from marotte.learn.teachers.voice2face import decoder as decoding
from marotte.learn.teachers.voice2face import model as modelling
from marotte.learn.teachers.voice2face.decoder import MeshDecoder
from marotte.learn.teachers.voice2face.examples import (
    Example,
    frame_bins,
    noise_utterances,
    resample_curves,
    select_utterances,
    window_bins,
)
from marotte.learn.teachers.voice2face.face_mesh import FaceMesh
from marotte.learn.teachers.voice2face.mesh2rig import Mesh2Rig
from marotte.learn.teachers.voice2face.model import Voice2Face
from marotte.learn.teachers.voice2face.objective import VertexError, kl_divergence
from marotte.learn.teachers.voice2face.recipe import (
    DecoderConfig,
    EncoderConfig,
    SpeechConfig,
    TeachRecipe,
    TeachTrainConfig,
    Voice2FaceLossWeights,
    load_teach_recipe,
)
from marotte.learn.teachers.voice2face.sampler import Crops
from marotte.learn.teachers.voice2face.training import Mesh2RigStage, assess, mesh_components, teach
from marotte.learn.teachers.voice2face.training_set import TrainingSet
from marotte.learn.utterance import Phone, Utterance

NAMES = ("jawOpen", "mouthClose", "mouthPucker", "mouthStretchLeft")
SHAPE = DecoderConfig(channels=16, hidden=32, latent=4)
RECIPE = TeachRecipe(
    name="tiny",
    labels="phonetic",
    encoder=EncoderConfig("mfcc-ssc", 0),
    speech=SpeechConfig({"queen": 1.0}),
    train=TeachTrainConfig(
        1, steps=8, mesh2rig=0.25, batch=4, frames=16, warmup=0, learning_rate=3e-3
    ),
    decoder=SHAPE,
)


@pytest.fixture(scope="module")
def face():
    return FaceMesh.of(NAMES)


def controls(*shape, seed=0):
    return torch.rand(*shape, len(NAMES), generator=torch.Generator().manual_seed(seed))


def features(n, width=39, seed=0):
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed))


# The mesh


def test_offsets_match_the_head(face):
    head, values = load_head(), controls(5)
    offsets = values @ face.matrix
    assert torch.allclose(
        face.gap_mm(offsets), torch.from_numpy(head.lip_gap(values.numpy(), NAMES)), atol=1e-4
    )
    whole = head.vertices(values.numpy(), NAMES) - head.neutral
    assert np.square(whole).sum() == pytest.approx(float(offsets.square().sum()), rel=1e-4)
    assert len(face.neutral) < len(head.neutral)
    assert float(face.nearness.max()) > 0.9


def test_the_inverse_recovers_controls(face):
    values = controls(20) * 1.4 - 0.2  # beyond 0..1 too
    assert torch.allclose(values @ face.matrix @ face.inverse, values, atol=1e-4)


def test_the_inverse_preserves_the_lip_gap_of_other_meshes(face):
    offsets = controls(20) @ face.matrix
    other = offsets + 0.5 * torch.randn(offsets.shape, generator=torch.Generator().manual_seed(1))
    returned = other @ face.inverse @ face.matrix
    assert (face.gap_mm(returned) - face.gap_mm(other)).abs().max() < 0.1


def test_normals_point_forward(face):
    normals = face.normals(controls(2) @ face.matrix)
    near = torch.unique(face.triangles)
    assert normals.shape == (2, len(near), 3)
    assert torch.allclose(normals.norm(dim=-1), torch.ones(2, len(near)), atol=1e-3)
    upper = int((near == face.lips[0] // 3).nonzero())
    assert float(face.normals(torch.zeros(1, 3 * len(face.neutral)))[0, upper, 2]) > 0  # forward


# Timing of features


def test_bins_have_the_right_times():
    ramp = torch.arange(200.0)[:, None] / 50 + 0.0125  # each value is its time
    bins = frame_bins(ramp, 0.0125, first_frame=30, n_frames=4)
    assert bins.shape == (2 * 5 + 21, 1)
    times = 1.0 + (torch.arange(len(bins)) - 12) / 60
    assert torch.allclose(bins[:, 0], times, atol=1e-4)
    early = frame_bins(ramp, 0.0125, first_frame=0, n_frames=1)
    assert float(early[0]) == pytest.approx(0.0125)  # the first value is repeated before the start


def test_window_bins_match_frame_bins():
    """Without context in the encoder, a shorter window gives the same bins."""
    ramp = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    whole = frame_bins(ramp, 0.0, first_frame=30, n_frames=1)  # at 1 s: feature 50
    window = window_bins(ramp[None, 37:64], first_s=(37 - 50) / 50)
    assert window.shape == (1, 21, 3)
    assert torch.allclose(window[0], whole[2:-2], atol=1e-5)


def test_curves_are_resampled_to_30_fps():
    for fps in (60.0, 30.0, 25.0):
        time = np.arange(round(2 * fps)) / fps
        found = resample_curves(time[:, None].astype(np.float16), fps, 2.0)
        assert found.shape == (60, 1)
        assert np.allclose(found[:55, 0], np.arange(55) / 30, atol=2e-3)


# The decoder


def test_overlapping_windows_give_the_same_codes_as_single_windows():
    torch.manual_seed(0)
    net = MeshDecoder(39, 12, 4, SHAPE).eval()
    bins = features(2 * 9 + 21)[None]
    many = net.encode_windows(bins)
    assert many.shape == (1, 10, 16)
    for frame in (0, 4, 9):
        alone = net.encode_windows(bins[:, 2 * frame : 2 * frame + 21])
        assert torch.allclose(many[:, frame], alone[:, 0], atol=1e-5)


def test_the_lstm_joins_three_frames():
    torch.manual_seed(0)
    net = MeshDecoder(39, 12, 4, SHAPE).eval()
    encoded = torch.randn(1, 10, 16)
    joined = net.join_frames(encoded)
    assert joined.shape == (1, 8, 32)
    changed = encoded.clone()
    changed[:, 6] += 1
    differs = (net.join_frames(changed) - joined).abs().amax(dim=(0, 2)) > 1e-6
    assert differs.tolist() == [False] * 4 + [True] * 3 + [False]


@pytest.mark.parametrize("width", [39, 40])
def test_ordered_and_unordered_features_are_decoded(width):
    net = MeshDecoder(width, 12, 4, SHAPE)
    decoded = net(features(2 * 6 + 21, width)[None], torch.randn(1, 5, 4), torch.tensor([1]))
    assert decoded.components.shape == (1, 5, 4)
    assert decoded.mean.shape == decoded.log_variance.shape == (1, 4)


def test_vertex_error_matches_the_error_of_meshes(face):
    layer = torch.nn.Linear(5, face.matrix.shape[1])
    per_value, values = torch.rand(face.matrix.shape[1]), controls(3, 7)
    components = torch.randn(3, 7, 5)
    error = VertexError(layer, face.matrix, per_value)
    offsets, target = layer(components), values @ face.matrix
    for computed, difference in {
        error(components, values): offsets - target,
        error(components.diff(dim=1), values.diff(dim=1), differences=True): (
            offsets - target
        ).diff(dim=1),
    }.items():
        assert torch.allclose(computed, (difference.square() * per_value).mean(-1), rtol=1e-3)
    error(components, values).mean().backward()
    gradient = layer.weight.grad.clone()
    layer.weight.grad = None
    ((layer(components) - target).square() * per_value).mean().backward()
    assert torch.allclose(gradient, layer.weight.grad, rtol=1e-2, atol=1e-6)


@pytest.mark.parametrize("n", [2, 50])
def test_mesh_components(face, n):
    values = controls(n) - controls(n).mean(dim=0)
    found = mesh_components(values, face.matrix)
    assert found.shape == face.matrix.shape
    products = found @ found.T
    assert torch.allclose(products, torch.diag(products.diagonal()), atol=1e-2)
    meshes = values @ face.matrix
    projected = meshes @ found.T / found.square().sum(1) @ found
    assert torch.allclose(projected, meshes, atol=1e-2)
    expected = torch.linalg.svdvals(meshes) / n**0.5
    assert torch.allclose(
        found.norm(dim=1)[: len(expected)][:2], expected[:2].clamp(min=1), rtol=1e-3
    )


def test_project_gives_the_components_of_the_mesh(face):
    net = MeshDecoder(39, face.matrix.shape[1], 2, SHAPE)
    directions = torch.linalg.qr(torch.randn(face.matrix.shape[1], 2)).Q.T * 3
    mean = torch.randn(face.matrix.shape[1])
    net.initialise(features(50), mean, directions)
    projected = net.project(controls(6), face.matrix)
    expected = (controls(6) @ face.matrix - mean) @ directions.T / 9
    assert torch.allclose(projected, expected, atol=1e-3)


def test_kl_divergence():
    zeros = torch.zeros(2, 4)
    assert float(kl_divergence(zeros, zeros)) == 0
    assert float(kl_divergence(zeros + 2, zeros)) == pytest.approx(2)  # half the square
    assert float(kl_divergence(zeros, zeros + 1)) == pytest.approx(0.5 * (np.e - 2))


def test_blocks_give_the_same_controls_as_the_whole(monkeypatch):
    torch.manual_seed(0)
    net = Voice2Face(NAMES, 39, 4, RECIPE).eval()
    with torch.inference_mode():
        whole = net.controls(features(100), 0.0, 60)
        monkeypatch.setattr(modelling, "BLOCK_FRAMES", 7)
        blocks = net.controls(features(100), 0.0, 60)
    assert whole.shape == (60, 4)
    assert torch.allclose(whole, blocks, atol=1e-5)


def test_controls_of_separate_windows():
    """With constant features, separate windows give the controls of the whole utterance."""
    torch.manual_seed(0)
    net = Voice2Face(NAMES, 39, 4, RECIPE).eval()
    constant = features(1).expand(100, -1)
    with torch.inference_mode():
        encoded = net.decoder.encode_windows(window_bins(constant[None].expand(12, -1, -1), -1.0))[
            :, 0
        ]
        assert torch.allclose(
            net.controls_of_windows(encoded), net.controls(constant, 0.0, 12), atol=1e-5
        )


# Mesh2Rig


def test_mesh2rig_recovers_faces_of_the_rig(face):
    net = Mesh2Rig(face)
    values = controls(200)
    offsets = values @ face.matrix
    returned = net(offsets)
    assert (returned - values).abs().max() < 0.005
    gap = face.gap_mm(returned @ face.matrix) - face.gap_mm(offsets)
    assert gap.abs().mean() < 0.05


def test_mesh2rig_learns_meshes_outside_the_rig():
    torch.manual_seed(0)
    net = Voice2Face(NAMES, 39, 4, RECIPE)
    # The decoder closes the mouth further than the jaw is open, which no controls can do.
    values = torch.tensor([0.2, 0.26, 1.1, -0.1]).expand(2, 8, -1)
    offsets = values @ net.face.matrix
    net.decoder.infer = lambda encoded: offsets
    stage = Mesh2RigStage(net)
    optimizer = torch.optim.Adam(net.mesh2rig.parameters(), 3e-3)
    history = []
    bins = features(2 * 9 + 21)[None].expand(2, -1, -1)
    for _ in range(60):
        parts = stage.losses(Crops(bins, controls(2, 8), torch.zeros(2, dtype=torch.long)))
        optimizer.zero_grad()
        parts["total"].backward()
        optimizer.step()
        history.append(float(parts["total"].detach()))
    assert np.mean(history[-5:]) < 0.9 * np.mean(history[:5])


# Training


def make_examples(n=6, seed=0, source="queen"):
    """Return alternating hum and silence, with a jaw that follows and closures after the hum."""
    result = []
    for number in range(n):
        random = np.random.default_rng((seed, number))
        loud = (np.arange(60) // 6 + random.integers(0, 2)) % 2
        time = np.arange(32_000) / 16_000
        gain = np.interp(time, np.arange(60) / 30, loud)
        sound = (gain * np.sin(2 * np.pi * 150 * time)).astype(np.float32)
        sound += 0.001 * random.standard_normal(len(sound)).astype(np.float32)
        curves = np.zeros((60, len(NAMES)), np.float32)
        curves[:, 0] = 0.2 + 0.3 * loud
        curves[:, 1] = np.where(loud > 0, 0, 0.2)
        stops = np.flatnonzero(np.diff(loud) < 0)
        phones = tuple(Phone("m", k / 30 + 0.05, k / 30 + 0.2) for k in stops)
        utterance = Utterance(
            f"{source}/x/{number}", source, "x", "en", "MIT", "", sound, 16_000, phones
        )
        encoded = open_encoder("mfcc-ssc").encode(sound).astype(np.float16)
        result.append(Example(utterance, encoded, curves, number % 2))
    return result


def training_set():
    return TrainingSet(
        NAMES,
        make_examples(),
        make_examples(2, seed=1),
        0.0,
        {"encoder": "mfcc-ssc", "weights": ""},
    )


def weights(net):
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


def test_training_reduces_the_error(tmp_path):
    train = dataclasses.replace(RECIPE.train, steps=80, batch=6)
    recipe = dataclasses.replace(RECIPE, train=train)
    examples = training_set()
    net = teach(recipe, examples, tmp_path / "run")
    trained = assess(net, examples.valid, 0.0)
    untrained = assess(Voice2Face(NAMES, 39, 4, recipe).eval(), examples.valid, 0.0)
    assert trained.mse < 0.01
    assert trained.mse < 0.3 * untrained.mse
    assert trained.closures.bilabial_mm.max() < 4  # between syllables of 17 mm
    assert trained.round_trip_mm < 0.3


def test_a_resumed_run_gives_the_same_network(tmp_path, monkeypatch):
    whole = teach(RECIPE, training_set(), tmp_path / "whole")
    monkeypatch.setattr("marotte.learn.teachers.voice2face.training.CHECKPOINT_SECONDS", 0.0)
    for last in (3, 7):  # once in each stage

        def stop(progress, values, last=last):
            if progress.step == last:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            teach(RECIPE, training_set(), tmp_path / "parts", stop)
    resumed = teach(RECIPE, training_set(), tmp_path / "parts")
    assert torch.allclose(weights(whole), weights(resumed), atol=1e-6)
    assert whole.version() == resumed.version()
    assert [path.name for path in (tmp_path / "parts").glob("*.pt")] == ["checkpoint.pt"]


def test_a_run_of_another_recipe_is_refused(tmp_path):
    teach(RECIPE, training_set(), tmp_path / "run")
    other = dataclasses.replace(RECIPE, loss=Voice2FaceLossWeights(kl=0.5))
    with pytest.raises(MarotteError, match="holds a run of another recipe called 'tiny'"):
        teach(other, training_set(), tmp_path / "run")


# Selection of speech


def write_corpus(folder, speakers=("joe", "jim", "naomi", "bob")):
    store = Store(folder)
    utterances = [
        dataclasses.replace(each.utterance, id=f"queen/{speaker}/{n}", speaker=speaker)
        for speaker in speakers
        for n, each in enumerate(make_examples(3))
    ]
    store.write_part("queen-00000", utterances)
    curves = {each.id: np.zeros((120, 52), np.float32) for each in utterances}
    write_labels(store, "phonetic", "queen-00000", curves, 60.0, ARKIT_52.names, {})
    return store


def test_held_out_speakers_are_not_trained_on(tmp_path):
    store = write_corpus(tmp_path)
    config = SpeechConfig({"queen": 60.0})
    trained = {
        each.id.split("/")[1] for each in select_utterances(store, "phonetic", "train", config)
    }
    validated = {
        each.id.split("/")[1] for each in select_utterances(store, "phonetic", "valid", config)
    }
    assert (trained, validated) == ({"joe", "bob"}, {"jim"})


def test_the_draw_depends_only_on_the_seed(tmp_path):
    store = write_corpus(tmp_path)
    some = SpeechConfig({"queen": 0.1})
    drawn = select_utterances(store, "phonetic", "train", some)
    assert 1 <= len(drawn) < 6
    assert drawn == select_utterances(store, "phonetic", "train", some)
    others = select_utterances(store, "phonetic", "train", dataclasses.replace(some, seed=3))
    assert drawn != others
    with pytest.raises(MarotteError, match="no speech to train on of the source 'moon'"):
        select_utterances(store, "phonetic", "train", SpeechConfig({"moon": 1.0}))


def test_labels_without_motion_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MAROTTE_CACHE", str(tmp_path / "cache"))
    store = write_corpus(tmp_path / "corpus")
    with pytest.raises(MarotteError, match="never move the face"):
        TrainingSet.prepare(RECIPE, store, open_encoder("mfcc-ssc"))


def test_noises_are_of_all_kinds_and_not_clipped():
    noises = list(noise_utterances(0.8, seed=0))
    assert {each.speaker for each in noises} == {"silence", "white", "pink", "hum"}
    assert all(np.abs(each.samples).max() < 1 for each in noises)
    assert all(np.isfinite(each.samples).all() for each in noises)


# Recipes

RECIPE_TEXT = """
name = "tiny"
labels = "phonetic"
[encoder]
model = "mfcc-ssc"
layer = 0
[speech.minutes]
queen = 1
[train]
minutes = 1
"""


def test_a_recipe_is_read(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE_TEXT)
    assert load_teach_recipe(path).speech == SpeechConfig({"queen": 1})
    assert load_teach_recipe(path, 3).train.minutes == 3
    with pytest.raises(MarotteError, match="minutes must be above 0, got -2"):
        load_teach_recipe(path, -2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("layer = 0", "layers = 0"), "no key 'layers': valid are model, layer"),
        (("queen = 1", "queen = -1"), "minutes.queen must be a number above 0, got -1"),
        (("queen = 1", 'queen = "all"'), "minutes.queen must be a number above 0"),
        (("[train]", '[speech]\nrough = ["moon"]\n[train]'), "got 'moon'"),
        (("minutes = 1\n", "minutes = 1\nmesh2rig = 1.5\n"), "mesh2rig must be between 0 and 1"),
        (("minutes = 1\n", "minutes = 1\nsteps = -1\n"), "steps must be 0"),
    ],
)
def test_invalid_recipes_are_refused(tmp_path, change, words):
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE_TEXT.replace(*change))
    with pytest.raises(MarotteError, match=words):
        load_teach_recipe(path)


def test_the_shipped_recipes_are_valid(request):
    folder = request.config.rootpath / "recipes"
    found = sorted(folder.glob("voice2face*.toml"))
    assert found
    for path in found:
        recipe = load_teach_recipe(path)
        assert recipe.name == path.stem
        assert set(recipe.speech.minutes).isdisjoint({"asterisk_en", "asterisk_es", "asterisk_it"})


def test_the_receptive_field_of_the_kernels_is_the_context():
    context = decoding.TIME_KERNELS[0] // 2
    context += sum(2 * (kernel // 2) for kernel in decoding.TIME_KERNELS[1:])
    assert context == decoding.CONTEXT_BINS
