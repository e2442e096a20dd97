"""Students of a mesh or of a user's rig: from files of vertices or curves to files of the same."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from marotte.cli import app
from marotte.errors import MarotteError
from marotte.face.loading import load_rig
from marotte.face.mesh import Mesh, load_mesh
from marotte.learn.data.mesh_pca import fit
from marotte.learn.data.store import Store
from marotte.learn.export.modules import MeshModule
from marotte.learn.measure.mesh_score import closed_threshold_mm, mean_score, score
from marotte.learn.models.student import StudentConfig, StudentNet
from marotte.learn.utterance import Phone, Utterance

N_VERTICES, UPPER, LOWER = 40, 3, 7
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


def motion(n_frames, seed, rank=3, noise_mm=0.0):
    """Return vertices [n_frames, 120] that start at rest and move in three directions."""
    same, random = np.random.default_rng(0), np.random.default_rng(seed)
    rest = same.uniform(-50, 50, 3 * N_VERTICES)
    directions = same.standard_normal((rank, 3 * N_VERTICES)) * np.array([[5], [2], [0.5]])[:rank]
    time = np.linspace(0, 1, n_frames)[:, None]
    weights = np.sin(2 * np.pi * time * random.uniform(1, 5, rank)) ** 2
    noise = noise_mm * random.standard_normal((n_frames, 3 * N_VERTICES))
    return (rest + weights @ directions + noise).astype(np.float32)


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / "capture" / f"{n}.npy" for n in range(4)]
    paths[0].parent.mkdir()
    for number, path in enumerate(paths):
        np.save(path, motion(60, number, noise_mm=1e-3).reshape(60, N_VERTICES, 3) / 1000)
    return paths


def test_a_fit_finds_the_directions_in_which_a_mesh_moves(files):
    mesh = fit(files, "thing", unit_mm=1000, lips=(UPPER, LOWER))
    assert len(mesh.components) == 3
    assert 0.999 <= mesh.share <= 1
    vertices = motion(50, seed=9)
    controls = mesh.encode(vertices)
    assert np.abs(controls).max() < 1
    np.testing.assert_allclose(mesh.decode(controls), vertices, atol=0.05)
    np.testing.assert_allclose(mesh.encode(mesh.rest[None]), 0, atol=1e-6)
    # All components have one scale: errors of controls are proportional to errors of vertices.
    lengths = np.linalg.norm(mesh.components, axis=1)
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-5)
    products = mesh.components @ mesh.components.T / lengths[0] ** 2
    np.testing.assert_allclose(products, np.eye(3), atol=1e-5)
    gap = vertices[:, 3 * UPPER + 1] - vertices[:, 3 * LOWER + 1]
    np.testing.assert_allclose(mesh.head.lip_gap(controls, mesh.rig.names), gap, atol=0.05)


def test_a_fit_keeps_no_more_components_than_requested(files):
    assert len(fit(files, "thing", share=0.5).components) == 1
    assert len(fit(files, "thing", most=2).components) == 2
    assert len(fit(files, "thing", share=1.0, most=20).components) == 20


def test_a_mesh_is_read_as_it_was_saved(files, tmp_path):
    lips = (UPPER, LOWER)
    mesh = fit(files, "thing", unit_mm=1000, fps=25, rest=files[1], lips=lips, mouth=lips)
    mesh.save(tmp_path / "thing.npz")
    back = load_mesh(tmp_path / "thing.npz")
    np.testing.assert_array_equal(back.components, mesh.components)
    np.testing.assert_allclose(back.rest, np.load(files[1])[0].ravel() * 1000)
    assert (back.name, back.fps, back.unit_mm, back.lips) == ("thing", 25, 1000, lips)
    assert back.mouth == lips
    assert back.digest == mesh.digest
    assert load_rig(tmp_path / "thing.npz").names == ("pc00", "pc01", "pc02")


def test_files_that_are_not_a_mesh_are_refused(files, tmp_path):
    other, still = tmp_path / "other.npy", tmp_path / "still.npy"
    np.save(other, np.zeros((5, 9), np.float32))
    np.save(still, np.zeros((5, 9), np.float32))
    (tmp_path / "cut.npz").write_bytes(b"PK nothing")
    for paths, words in (
        ([], "no files"),
        ([files[0], other], "3 vertices"),
        ([still], "not move"),
    ):
        with pytest.raises(MarotteError, match=words):
            fit(paths, "thing")
    with pytest.raises(MarotteError, match="lips must be"):
        fit(files, "thing", lips=(0, N_VERTICES))
    with pytest.raises(MarotteError, match=f"mouth must be .* got {N_VERTICES}"):
        fit(files, "thing", mouth=[0, N_VERTICES])
    with pytest.raises(MarotteError, match="not an array of vertices"):
        fit([tmp_path / "cut.npz"], "thing")
    with pytest.raises(MarotteError, match="not a mesh file, or cut short"):
        load_mesh(tmp_path / "cut.npz")


def test_a_fit_uses_all_frames_of_many_files(files, monkeypatch):
    """A fit must not only use first frames, in which a face is still."""
    monkeypatch.setattr("marotte.learn.data.mesh_pca.SAMPLE_FRAMES", len(files))
    still = [files[0].parent / f"still-{n}.npy" for n in range(3)]
    for path in still:
        np.save(path, np.repeat(np.load(files[0])[:1], 200, axis=0))
    assert len(fit([*still, *files], "thing", unit_mm=1000).components) == 1
    assert len(fit(files, "thing", unit_mm=1000).components) == 3


def test_scores_are_in_mesh_space(files):
    mesh = fit(files, "thing", unit_mm=1000, lips=(UPPER, LOWER), mouth=(UPPER, LOWER))
    target = motion(30, seed=9)
    moved = target.copy()
    moved[:, 0::3] += 1  # all vertices by 1 mm in x
    moved[:, 3 * UPPER + 1] += 2
    result = score(mesh, moved, target)
    expected_mm = (N_VERTICES - 1 + np.sqrt(5)) / N_VERTICES
    assert result.vertex_error_mm == pytest.approx(expected_mm, abs=1e-4)
    assert result.mse_mm2 == pytest.approx((N_VERTICES + 4) / (3 * N_VERTICES), abs=1e-4)
    assert result.lip_vertex_error_mm2 == pytest.approx(5, abs=1e-3)
    assert result.lip_gap_error_mm == pytest.approx(2, abs=1e-4)
    assert result.jitter == pytest.approx(result.target_jitter)
    same = score(mesh, target, target)
    both = mean_score([result, same])
    assert (both.frames, both.vertex_error_mm) == (60, pytest.approx(result.vertex_error_mm / 2))


def test_lips_close_at_the_distance_they_have_at_rest(files):
    mesh = fit(files, "thing", unit_mm=1000, lips=(UPPER, LOWER))
    rest_mm = mesh.rest[3 * UPPER + 1] - mesh.rest[3 * LOWER + 1]
    assert closed_threshold_mm(mesh) == pytest.approx(rest_mm + 1.143, abs=1e-2)
    still = np.repeat(mesh.rest[None], 30, axis=0)
    apart = still.copy()
    apart[:, 3 * UPPER + 1] += 2
    phones = [Phone("p", 0.2, 0.4), Phone("ɑ", 0.5, 0.7)]
    shut, opened = score(mesh, still, apart, phones), score(mesh, apart, still, phones)
    for each in (shut.closures, opened.target_closures):
        assert (each.pbm, each.false_closure, each.balanced) == (1, 1, 0.5)
    assert (opened.closures.pbm, opened.closures.false_closure) == (0, 0)
    assert score(mesh, apart, still, phones, rest_mm + 3).closures.pbm == 1
    silent = score(mesh, still, apart)
    assert np.isnan(silent.closures.pbm)
    both = mean_score([shut, silent])
    assert (len(both.closures.bilabial_mm), both.closures.pbm) == (1, 1)
    unknown = score(fit(files, "thing", unit_mm=1000), still, apart, phones)
    assert np.isnan([unknown.jitter, unknown.lip_vertex_error_mm2, unknown.closures.pbm]).all()
    assert unknown.vertex_error_mm > 0


def test_the_decoder_has_as_many_parameters_as_in_the_paper():
    """CodeTalker's student: 3.73 M with 50 outputs, a decoder of 50 x 15069 and a mean."""
    mesh = Mesh("flame", np.zeros(15_069, np.float32), np.zeros((50, 15_069), np.float32), 30, 1)
    net = StudentNet(StudentConfig(256, 256, mesh.rig.names))
    count = sum(each.numel() for each in MeshModule(net, mesh).parameters())
    assert count / 1e6 == pytest.approx(3.73, abs=0.01)


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


def test_vertices_of_the_packaged_head_are_written_and_read_back(tmp_path, write_sound):
    from marotte.export.npy import write
    from marotte.face.animation import Animation
    from marotte.face.rig import ARKIT_52
    from marotte.learn.data.captured import read_controls

    controls = np.random.default_rng(0).uniform(0, 1, (150, 52)).astype(np.float32)
    write(Animation(controls, 60.0, ARKIT_52), tmp_path / "head.npy")
    back = read_controls(tmp_path / "head.npy", 150 / 60, 60.0)
    np.testing.assert_allclose(back, controls, atol=1e-3)
