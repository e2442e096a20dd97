"""Table 4 from tiny recipes and synthetic speech: meshes are written, learnt and scored."""

import numpy as np
import pytest
from spoken import HYBRID, RECIPE, make_table, run, speak

from marotte.face.loading import load_head
from marotte.face.mesh import load_mesh
from marotte.face.rig import ARKIT_52
from marotte.learn.data.csv_io import read_csv
from marotte.learn.data.store import Store
from marotte.learn.measure.mesh_score import student_vertices
from marotte.learn.measure.predictors import TeacherPredictor
from marotte.learn.reproduce.mesh_predictors import MeshRunPredictor
from marotte.learn.reproduce.meshes import lip_vertices
from marotte.learn.reproduce.results import Costs
from marotte.learn.reproduce.table4 import MeshFigures

VERTICES = 'teacher = "phonetic"\nminutes = 1\nvalid_minutes = 1\n'


@pytest.fixture(scope="module")
def made(labelled, tmp_path_factory):
    """A folder with a table4 of one student, and the words of the command that made it."""
    home = tmp_path_factory.mktemp("table4")
    ours = RECIPE.replace("phonetic", "imported-head")
    ours = ours.replace("mel", "waveform").replace("step", "window", 1)
    recipes = {"s0": ours, "s2-plus": HYBRID, "vertices": VERTICES}
    return home, make_table("table4", home, labelled, recipes, "--rows", "S2+")


def meshes_of(home):
    [folder] = home.glob("cache/reproduce/*/meshes-*")
    return folder


def test_the_files_are_the_head_moved_by_the_teacher(made, labelled):
    home, _ = made
    folder = meshes_of(home)
    files = folder / "vertices"
    names = {path.relative_to(files).as_posix() for path in files.rglob("*.npy")}
    assert "queen/joe/0.npy" in names
    assert not any("asterisk_es" in name for name in names)  # the table does not score languages
    head = load_head()
    vertices = np.load(files / "queen" / "joe" / "0.npy")
    [utterance] = Store(labelled).utterances(["queen-00000"], {"queen/joe/0"})
    controls = TeacherPredictor("phonetic")(utterance)[::2]
    expected = head.vertices(controls, ARKIT_52.names).reshape(len(controls), -1)
    np.testing.assert_allclose(vertices, expected, atol=0.1)  # labels have 16 bits
    mesh = load_mesh(folder / "head.npz")
    np.testing.assert_allclose(mesh.rest, head.neutral.ravel())
    assert mesh.share > 0.999
    assert mesh.lips == (head.upper_lip, head.lower_lip)
    # The labels are the components of the files.
    labels = Store(folder / "corpus").labels("imported-head", "queen-00000")
    decoded = mesh.decode(labels.curves["queen/joe/0"].astype(np.float32))
    assert np.abs(decoded - vertices).mean() < 0.1
    assert labels.fps == 30


def test_the_table_is_in_mesh_space(made):
    home, _ = made
    out = home / "out"
    figures = {(e.row, e.split): e for e in read_csv(out / "table4.csv", MeshFigures)}
    assert {row for row, _ in figures} == {"T", "components", "at rest", "S2+"}
    assert {split for _, split in figures} == {"test_clean", "test_other"}
    files, bound = figures["T", "test_clean"], figures["components", "test_clean"]
    student, still = figures["S2+", "test_clean"], figures["at rest", "test_clean"]
    assert files.vertex_error_mm == files.mse == 0
    assert (files.pbm, files.false_closure) == (1, 0)
    assert 0 < bound.vertex_error_mm < still.vertex_error_mm
    assert bound.lip_vertex_error_mm2 < still.lip_vertex_error_mm2
    assert (still.pbm, still.false_closure, still.jitter) == (1, 1, 0)
    assert student.taught_jitter == files.jitter > 0
    assert (student.seed, student.trained_frames) == (0, 2 * 2 * 3)
    [cost] = read_csv(out / "table4-costs.csv", Costs)
    mesh = load_mesh(meshes_of(home) / "head.npz")
    decoder = mesh.components.size + mesh.rest.size
    assert decoder < cost.parameters < decoder + 50_000
    assert cost.macs > mesh.components.size
    text = (out / "table4.md").read_text()
    assert text.strip() in (home / "page.md").read_text()
    assert "moved by the teacher `phonetic` in up to 1 minutes" in text
    assert "closed at 1.50 mm" in text
    assert "| S2+ |" in text
    assert "68.5 / 72.7" in text
    assert {path.name for path in out.glob("*.png")} == {
        "table4-metrics.png",
        "table4-lips.png",
        "table4-frames.png",
    }
    assert not (out / "claims.md").exists()


def test_controls_of_a_mesh_run_give_its_vertices(made):
    [folder] = made[0].glob("cache/reproduce/*/meshes-*/*/s2-plus-seed-0")
    utterance, mesh, head = speak("queen", "joe", 0), load_mesh(folder / "mesh.npz"), load_head()
    controls = MeshRunPredictor(folder)(utterance)[::2]
    drawn = head.vertices(controls, ARKIT_52.names).reshape(len(controls), -1)
    np.testing.assert_allclose(drawn, student_vertices(mesh, str(folder))(utterance), atol=0.01)


def test_finished_runs_and_scores_are_not_made_again(made, monkeypatch):
    home, words = made
    monkeypatch.setenv("MAROTTE_CACHE", str(home / "cache"))
    before = (home / "out" / "table4.csv").read_bytes()
    for name in ("train.loop.train", "reproduce.meshes.fit", "reproduce.meshes.npy.write"):
        monkeypatch.setattr(f"marotte.learn.{name}", None)
    monkeypatch.setattr("marotte.learn.reproduce.run_costs._measure_network", None)
    monkeypatch.setattr("marotte.learn.reproduce.report._draw_meshes", lambda *_: None)
    result = run(*words, "--no-train")
    assert result.exit_code == 0, result.output
    assert (home / "out" / "table4.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (None, "no recipe at"),
        (VERTICES.replace("valid", "silent"), "no key 'silent_minutes'"),
        (VERTICES.replace("= 1\nv", "= 0\nv"), "minutes must be above 0, got 0"),
        (VERTICES.replace("phonetic", "nobody"), "no teacher is called 'nobody'"),
        (VERTICES, "need 0.0 GB"),
    ],
)
def test_bad_input_is_one_sentence(made, monkeypatch, tmp_path, recipe, words):
    _, given = made
    monkeypatch.setenv("MAROTTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("marotte.learn.reproduce.meshes.SPARE_BYTES", 2**80)
    if recipe:
        (tmp_path / "vertices.toml").write_text(recipe)
    corpus, *options = given[2:]
    options = dict(zip(options[::2], options[1::2], strict=True)) | {"--recipes": tmp_path}
    flat = [word for pair in options.items() for word in pair]
    result = run("reproduce", "table4", corpus, *flat)
    assert result.exit_code == 2, result.output
    assert words in " ".join(result.output.split())
    assert not list(tmp_path.rglob("*.npy"))


def test_lip_vertices_are_found_by_colour():
    head = load_head()
    lips = lip_vertices(head)
    assert {head.upper_lip, head.lower_lip} <= set(lips)
    assert 100 < len(lips) < 400
    width, height, _ = np.ptp(head.neutral[lips], axis=0)
    assert 40 < width < 60
    assert 15 < height < 25
