"""Scores in mesh space."""

import numpy as np
import pytest
from mesh_files import LOWER, N_VERTICES, UPPER, motion, write_files

from marotte.learn.data.mesh_pca import fit
from marotte.learn.measure.mesh_score import closed_threshold_mm, mean_score, score
from marotte.learn.utterance import Phone


@pytest.fixture
def files(tmp_path):
    return write_files(tmp_path)


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
