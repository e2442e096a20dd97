"""Tests of Voice2Face by the command line: teach, label without phones, evaluate."""

import dataclasses

import numpy as np
import pytest
from label_files import write_labels
from spoken import run, speak

from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.data.store import Store
from marotte.learn.measure.predictors import LabelPredictor, TeacherPredictor, open_predictor
from marotte.learn.teachers import open_teacher

RECIPE = """
name = "by-ear"
labels = "phonetic"
[encoder]
model = "mfcc-ssc"
layer = 0
[speech]
noise_minutes = 0.2
[speech.minutes]
queen = 1
[train]
minutes = 1
steps = 6
batch = 4
frames = 16
[decoder]
channels = 16
hidden = 32
latent = 4
"""
SPEAKERS = {"queen": ("joe", "jim"), "asterisk_en": ("allison",)}  # train, valid; test_clean


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a labelled corpus, a recipe and a trained run."""
    folder = tmp_path_factory.mktemp("place")
    store = Store(folder / "corpus")
    for source, speakers in SPEAKERS.items():
        said = [speak(source, speaker, n) for speaker in speakers for n in range(3)]
        store.write_part(f"{source}-00000", said)
    assert run("label", store.folder, "--workers", 1).exit_code == 0
    without_phones = dataclasses.replace(speak("mine", "me", 0), phones=())
    store.write_part("mine-00000", [without_phones])
    (folder / "by-ear.toml").write_text(RECIPE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAROTTE_CACHE", str(folder / "cache"))
        result = run("teach", folder / "by-ear.toml", store.folder, "-o", folder / "run")
    assert result.exit_code == 0, result.output
    assert "3 utterances that were not trained on" in result.output
    assert f"--teacher voice2face:{folder / 'run'}" in "".join(result.output.splitlines())
    # Joe and Jim sound the same, so there are three different sounds and two noises.
    assert len(list((folder / "cache" / "features" / "mfcc-ssc-0-computed").glob("*.npy"))) == 5
    return folder


def test_speech_without_phones_is_labelled(folder):
    teacher = f"voice2face:{folder / 'run'}"
    result = run("label", folder / "corpus", "--teacher", teacher, "--workers", 1)
    assert result.exit_code == 0, result.output
    labels = Store(folder / "corpus").labels("by-ear", "mine-00000")
    assert labels.fps == 30
    assert labels.curves["mine/me/0"].shape == (90, 52)
    assert labels.provenance["encoder"] == "mfcc-ssc"
    assert labels.provenance["corpus"] == "corpus"
    assert labels.provenance["recipe"]["name"] == "by-ear"
    assert labels.provenance["version"] == open_teacher(teacher).version


def test_incomplete_labels_do_not_replace_the_teacher(folder):
    """Stored labels are scored if all held-out speech has them; otherwise the teacher runs."""
    import marotte.learn.teachers as teachers

    store = Store(folder / "corpus")
    assert open_predictor(store, "phonetic") == LabelPredictor("phonetic")
    labels = store.labels("phonetic", "asterisk_en-00000")
    some = {id: curves for id, curves in labels.curves.items() if not id.endswith("/2")}
    teacher = f"voice2face:{folder / 'run'}"
    write_labels(store, "partly", "asterisk_en-00000", some, labels.fps, labels.names, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "marotte.learn.measure.predictors.open_teacher",
            lambda _: teachers.open_teacher(teacher),
        )
        assert open_predictor(store, "partly") == TeacherPredictor("partly")


def test_imported_captures_can_be_trained_on(folder, tmp_path, monkeypatch):
    """The corpus has imported curves, no phones and no validation speakers."""
    monkeypatch.setenv("MAROTTE_CACHE", str(tmp_path / "cache"))
    store = Store(tmp_path / "corpus")
    store.write_part(
        "mine-00000", [dataclasses.replace(speak("mine", "me", n), phones=()) for n in range(3)]
    )
    (tmp_path / "takes").mkdir()
    for number in range(3):
        controls = ARKIT_52.neutral(90)
        controls[:, ARKIT_52.index["jawOpen"]] = 0.3
        vertices = load_head().vertices(controls, ARKIT_52.names)
        np.save(tmp_path / "takes" / f"{number}.npy", vertices.reshape(90, -1))
    labelled = run(
        "label", store.folder, "--teacher", "imported", "--curves", tmp_path / "takes",
        "--workers", 1,
    )  # fmt: skip
    assert labelled.exit_code == 0, labelled.output
    text = RECIPE.replace("phonetic", "imported").replace("queen", "mine")
    (tmp_path / "mine.toml").write_text(text)
    result = run("teach", tmp_path / "mine.toml", store.folder, "-o", tmp_path / "run")
    assert result.exit_code == 0, result.output
    assert "on 1 utterances that were not trained on: MSE" in result.output
    controls = open_teacher(f"voice2face:{tmp_path / 'run'}").curves(speak("mine", "me", 0))
    assert np.flatnonzero(controls.any(axis=0)).tolist() == [ARKIT_52.index["jawOpen"]]


def test_evaluate_scores_the_teacher(folder):
    arguments = ("evaluate", folder / "corpus", "--split", "test_clean", "--workers", 1)
    for context in ("", "@512"):
        result = run(*arguments, "--teacher", f"voice2face:{folder / 'run'}{context}")
        assert result.exit_code == 0, result.output
        assert "asterisk_en/allison" in result.output


def test_a_limited_context_is_another_teacher(folder):
    whole = open_teacher(f"voice2face:{folder / 'run'}")
    limited = open_teacher(f"voice2face:{folder / 'run'}@512")
    assert (whole.name, limited.name) == ("by-ear", "by-ear-512ms")
    assert whole.version != limited.version
    assert limited.provenance["context_ms"] == 512
    utterance = speak("mine", "me", 0)
    # This encoder's window is 25 ms; only the mean of the centroids depends on the rest.
    assert np.abs(whole.curves(utterance) - limited.curves(utterance)).mean() < 0.05
    for n in (1, 400, 16_000):
        short = dataclasses.replace(utterance, samples=utterance.samples[:n])
        assert whole.curves(short).shape == limited.curves(short).shape


def test_errors_say_what_is_wrong(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("MAROTTE_CACHE", str(tmp_path))
    with pytest.raises(MarotteError, match=r"no trained Voice2Face in .*: run `marotte teach`"):
        open_teacher("voice2face")
    with pytest.raises(
        MarotteError, match="at least 333 ms, the window of Voice2Face's decoder, got 100 ms"
    ):
        open_teacher(f"voice2face:{folder / 'run'}@100")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(MarotteError, match="not a whole checkpoint"):
        open_teacher(f"voice2face:{tmp_path / 'broken'}")
    result = run("teach", "missing.toml", folder / "corpus")
    assert result.exit_code == 2
    assert "no recipe at" in result.output


def test_changed_encoder_weights_are_refused(folder, monkeypatch):
    from marotte.learn.teachers.encoders.spectral import SpectralEncoder

    monkeypatch.setattr(SpectralEncoder, "weights", "others")
    with pytest.raises(MarotteError, match="weights of mfcc-ssc differ from those that"):
        open_teacher(f"voice2face:{folder / 'run'}")
