"""Captured vertices and curves as controls of the packaged head."""

import numpy as np

from marotte.export.npy import write
from marotte.face.animation import Animation
from marotte.face.rig import ARKIT_52
from marotte.learn.data.captured import read_controls


def test_vertices_of_the_packaged_head_are_written_and_read_back(tmp_path):
    controls = np.random.default_rng(0).uniform(0, 1, (150, 52)).astype(np.float32)
    write(Animation(controls, 60.0, ARKIT_52), tmp_path / "head.npy")
    back = read_controls(tmp_path / "head.npy", 150 / 60, 60.0)
    np.testing.assert_allclose(back, controls, atol=1e-3)
