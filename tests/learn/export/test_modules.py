"""Modules that are exported: the decoder from components to vertices."""

import numpy as np
import pytest

from marotte.face.mesh import Mesh
from marotte.learn.export.modules import MeshModule
from marotte.learn.models.student import StudentConfig, StudentNet


def test_the_decoder_has_as_many_parameters_as_in_the_paper():
    """CodeTalker's student: 3.73 M with 50 outputs, a decoder of 50 x 15069 and a mean."""
    mesh = Mesh("flame", np.zeros(15_069, np.float32), np.zeros((50, 15_069), np.float32), 30, 1)
    net = StudentNet(StudentConfig(256, 256, mesh.rig.names))
    count = sum(each.numel() for each in MeshModule(net, mesh).parameters())
    assert count / 1e6 == pytest.approx(3.73, abs=0.01)
