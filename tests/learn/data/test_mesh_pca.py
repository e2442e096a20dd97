"""Principal components of a mesh: fitted to files of vertices, saved and read."""

import numpy as np
import pytest
from mesh_files import LOWER, N_VERTICES, UPPER, motion, write_files

from marotte.errors import MarotteError
from marotte.face.loading import load_rig
from marotte.face.mesh import load_mesh
from marotte.learn.data.mesh_pca import fit


@pytest.fixture
def files(tmp_path):
    return write_files(tmp_path)


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


@pytest.mark.parametrize(
    "change",
    [
        {"mesh": "../../victim"},
        {"fps": np.zeros(3)},
        {"fps": np.nan},
        {"fps": 1e-9},
        {"unit_mm": 0.0},
        {"share": np.inf},
        {"lips": [0]},
        {"lips": [0, 10**6]},
        {"lips": [0, -1]},
        {"mouth": [10**6]},
        {"rest_mm": np.zeros(10, np.float32)},
        {"rest_mm": np.full(3 * N_VERTICES, np.nan, np.float32)},
        {"components_mm": np.zeros((0, 3 * N_VERTICES), np.float32)},
        {"components_mm": np.array(["x"])},
    ],
)
def test_a_mesh_file_that_contradicts_itself_is_refused(files, tmp_path, change):
    path = tmp_path / "mesh.npz"
    fit(files, "thing").save(path)
    np.savez(path, **{**np.load(path), **change})
    with pytest.raises(MarotteError, match=r"not a mesh file|a mesh has the name"):
        load_mesh(path)


def test_every_cut_mesh_file_is_refused(files, tmp_path):
    fit(files, "thing").save(tmp_path / "whole.npz")
    content = (tmp_path / "whole.npz").read_bytes()
    for n_bytes in range(0, len(content), len(content) // 40):
        (tmp_path / "cut.npz").write_bytes(content[:n_bytes])
        with pytest.raises(MarotteError, match=r"not a mesh file, or cut short \(."):
            load_mesh(tmp_path / "cut.npz")
