"""Students of a mesh or of a user's rig: from files of vertices or curves to files of the same."""

import json

import numpy as np
import pytest
import torch
from mesh_files import LOWER, N_VERTICES, UPPER, motion
from typer.testing import CliRunner

from marotte.cli import app
from marotte.face.mesh import load_mesh
from marotte.learn.data.store import Store
from marotte.learn.utterance import Phone, Utterance

RECIPE = """
name = "tiny"
corpus = "corpus.toml"
teacher = "TEACHER"
[student]
channels = 8
lookahead_ms = 128
frontend = "mel"
norm = "step"
[train]
minutes = 1
steps = 4
batch = 4
frames = 3
validate_crops = 4
[loss]
lip_gap = LIP_GAP
"""


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Use one thread: small networks spend more time waiting for other threads."""
    torch.set_num_threads(1)


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def speak(corpus, folder):
    """Write two seconds of speech by each of three actors, with their vertices and weights."""
    utterances = []
    for number, speaker in enumerate(("joe", "joe", "jim", "naomi")):
        sound = 0.1 * np.random.default_rng(number).standard_normal(32_000).astype(np.float32)
        phones = (Phone("p", 0.5, 0.7), Phone("ɑ", 1.1, 1.3)) if speaker == "jim" else ()
        id = f"queen/{speaker}/{number}"
        utterances.append(Utterance(id, "queen", speaker, "en", "MIT", "", sound, 16_000, phones))
        vertices = motion(60, number)
        np.save(folder / f"{number}.npy", vertices / 1000)
        weights = {"exportFps": 60.0, "facsNames": ["jaw", "lips"]}
        weights["weightMat"] = np.random.default_rng(number).uniform(-1, 1, (120, 2)).tolist()
        (folder / f"{number}.json").write_text(json.dumps(weights))
    Store(corpus).write_part("queen-00000", utterances)


def trained(corpus, folder, rig, teacher, lip_gap):
    recipe = RECIPE.replace("TEACHER", teacher).replace("LIP_GAP", str(lip_gap))
    (folder / "tiny.toml").write_text(recipe)
    to = folder / "run"
    run("train", folder / "tiny.toml", corpus, "-o", to, "--rig", rig)
    run("export", folder / "run", "-o", folder / "student.onnx")
    return folder / "student.onnx"


@pytest.fixture
def capture(tmp_path):
    for name in ("vertices", "weights"):
        (tmp_path / name).mkdir()
    speak(tmp_path / "corpus", tmp_path / "vertices")
    for path in (tmp_path / "vertices").glob("*.json"):
        path.rename(tmp_path / "weights" / path.name)
    return tmp_path


def test_a_student_of_a_mesh_from_vertices_to_vertices(capture, write_sound):
    from marotte.learn.export.cost import cost_of
    from marotte.model.session import VERTICES, load_student

    corpus, vertices, file = capture / "corpus", capture / "vertices", capture / "thing.npz"
    lips = f"{UPPER},{LOWER}"
    (capture / "lve.txt").write_text(f"{UPPER}, {LOWER}")
    words = ["--unit-mm", 1000, "--lips", lips, "--mouth", capture / "lve.txt"]
    output = run("mesh", "fit", vertices, "-o", file, *words)
    assert "40 vertices by 3 components" in output
    run("label", corpus, "--teacher", f"imported:{file}", "--curves", vertices, "--workers", 1)
    mesh = load_mesh(file)
    labels = Store(corpus).labels("imported-thing", "queen-00000")
    assert labels.fps == 30
    np.testing.assert_allclose(
        mesh.decode(labels.curves["queen/joe/0"].astype(np.float32)), motion(60, 0), atol=0.1
    )
    student = trained(corpus, capture, file, "imported-thing", lip_gap=0.05)
    actor = load_student(student, mesh.rig)
    windows = np.random.default_rng(0).standard_normal((2, actor.window.n_samples)) * 0.1
    feed = {"samples": windows.astype(np.float32)}
    controls, decoded = actor.session.run(["controls", VERTICES], feed)
    np.testing.assert_allclose(decoded, mesh.decode(controls), atol=1e-3)
    assert cost_of(student).parameters > mesh.components.size + mesh.rest.size
    sound, out = write_sound("voice.wav"), capture / "spoken.npy"
    run("animate", sound, "--student", student, "--rig", file, "--fps", 30, "-o", out)
    spoken = np.load(out)
    assert spoken.shape == (90, 3 * N_VERTICES)
    assert np.abs(spoken * 1000 - mesh.rest).max() < 100
    words = ["--student", student, "--mesh", file, "--curves", vertices]
    table = run("mesh", "score", corpus, *words)
    rows = {line[:23].strip(): line[23:].split() for line in table.splitlines()}
    heads = table.splitlines()[1].split()
    assert heads == ["student", "the", "files", "components", "at", "rest"]
    assert rows["frames"] == ["60"] * 4
    assert rows["PBM % (how many)"][1::2] == ["(1)"] * 4
    assert rows["lip vertex error mm²"][1] == "0.000"
    assert "lips are closed at" in table
    table = run("mesh", "score", corpus, *words, "--split", "test_other", "--speech", 1)
    assert "none of this speech has phones" in table
    assert table.count("– (0)") == 8


def test_a_student_of_a_user_s_rig_from_curves_to_curves(capture, write_sound):
    rig = capture / "puppet.json"
    described = [{"name": name, "min": -1, "speech": True} for name in ("jaw", "lips")]
    rig.write_text(json.dumps({"name": "puppet", "controls": described}))
    corpus, weights = capture / "corpus", capture / "weights"
    run("label", corpus, "--teacher", f"imported:{rig}", "--curves", weights, "--workers", 1)
    labels = Store(corpus).labels("imported-puppet", "queen-00000")
    assert labels.names == ("jaw", "lips")
    assert min(each.min() for each in labels.curves.values()) < -0.5
    student = trained(corpus, capture, rig, "imported-puppet", lip_gap=0)
    sound, out = write_sound("voice.wav"), capture / "spoken.json"
    run("animate", sound, "--student", student, "--rig", rig, "-o", out)
    spoken = json.loads(out.read_text())
    assert spoken["facsNames"] == ["jaw", "lips"]
    assert spoken["numFrames"] == 180
    for words in (("animate", sound), ("evaluate", corpus)):
        result = CliRunner().invoke(app, [*map(str, words), "--student", str(student)])
        assert result.exit_code == 2
        assert "rig 'puppet'" in result.output
    result = CliRunner().invoke(app, ["evaluate", str(corpus), "--student", str(capture / "run")])
    assert "not one of ARKit's controls" in result.output
