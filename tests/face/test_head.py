"""A head is a linear map: the same in NumPy and torch, with lips that close."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic import pose

from marotte.errors import MarotteError
from marotte.face.head import subdivide
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_NAMES


@pytest.fixture(scope="module")
def head():
    return load_head()


def test_vertices_are_linear_and_batched(head):
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 3, 52), np.float32)
    vertices = head.vertices(np.stack([a, b, (a + b) / 2]), ARKIT_NAMES)
    assert vertices.shape == (3, 3, len(head.neutral), 3)
    np.testing.assert_allclose(vertices[2], (vertices[0] + vertices[1]) / 2, atol=1e-3)
    np.testing.assert_array_equal(head.vertices(np.zeros(52), ARKIT_NAMES), head.neutral)


def test_controls_are_matched_by_name_and_unknown_ones_are_ignored(head):
    names = ("unknownControl", *reversed(ARKIT_NAMES))
    controls = np.random.default_rng(1).random(52, np.float32)
    reordered = np.concatenate([[1], controls[::-1]]).astype(np.float32)
    expected = head.vertices(controls, ARKIT_NAMES)
    np.testing.assert_allclose(head.vertices(reordered, names), expected, atol=1e-3)
    with pytest.raises(MarotteError, match="has none of the controls"):
        head.basis(["unknownControl"])


def test_lip_gap_is_the_distance_between_the_lip_vertices(head):
    controls = np.random.default_rng(2).random((4, 52), np.float32)
    height = head.vertices(controls, ARKIT_NAMES)[..., 1]
    expected = height[:, head.upper_lip] - height[:, head.lower_lip]
    np.testing.assert_allclose(head.lip_gap(controls, ARKIT_NAMES), expected, atol=1e-3)


def test_mouth_close_closes_the_lips_of_an_open_jaw(head):
    rest_mm, _ = head.lip_gap_weights(ARKIT_NAMES)
    for amount in (0.25, 0.5, 1):
        closed = head.lip_gap(pose(jawOpen=amount, mouthClose=amount), ARKIT_NAMES)
        assert closed == pytest.approx(rest_mm, abs=0.2)
    assert head.lip_gap(pose(jawOpen=1), ARKIT_NAMES) > rest_mm + 30


def test_torch_gives_the_same_vertices_and_the_weights_as_gradients(head):
    torch = pytest.importorskip("torch")
    controls = torch.rand(2, 5, 52, requires_grad=True)
    rest_mm, weights_mm = head.lip_gap_weights(ARKIT_NAMES)
    gap = rest_mm + controls @ torch.from_numpy(weights_mm)
    array = controls.detach().numpy()
    np.testing.assert_allclose(gap.detach().numpy(), head.lip_gap(array, ARKIT_NAMES), atol=1e-4)
    gap.sum().backward()
    np.testing.assert_array_equal(controls.grad[1, 3].numpy(), weights_mm)

    neutral, matrix = (torch.from_numpy(array) for array in head.basis(ARKIT_NAMES))
    vertices = (neutral + controls.detach() @ matrix).reshape(2, 5, -1, 3)
    np.testing.assert_allclose(vertices.numpy(), head.vertices(array, ARKIT_NAMES), atol=1e-3)


def test_subdivision_is_linear_and_keeps_open_edges(head):
    smooth = subdivide(head)
    assert len(smooth.faces) == len(smooth.parts) == 4 * len(head.faces)
    assert np.unique(smooth.faces).tolist() == list(range(len(smooth.neutral)))
    controls = np.random.default_rng(3).random(52, np.float32)
    posed = replace(head, neutral=head.vertices(controls, ARKIT_NAMES))
    np.testing.assert_allclose(
        subdivide(posed).neutral, smooth.vertices(controls, ARKIT_NAMES), atol=1e-2
    )
