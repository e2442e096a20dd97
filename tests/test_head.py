"""The head: linear, the same in numpy and torch, closed at rest, and other heads from GLB."""

from __future__ import annotations

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.head import ASSET, load_head, subdivide
from marotte.rig import ARKIT_52, ARKIT_NAMES


@pytest.fixture(scope="module")
def head():
    return load_head()


def pose(**controls):
    values = np.zeros(52, np.float32)
    for name, value in controls.items():
        values[ARKIT_52.index[name]] = value
    return values


def test_asset_is_small_and_whole(head):
    assert ASSET.stat().st_size <= 400_000
    assert head.names == ARKIT_NAMES
    assert head.neutral.dtype == head.deltas.dtype == head.colours.dtype == np.float32
    assert np.unique(head.faces).tolist() == list(range(len(head.neutral)))
    assert len(head.triangles) == 2 * len(head.faces)
    assert (np.abs(head.deltas).max((1, 2)) > 0.5).all(), "every control moves something"


def test_vertices_are_linear_and_batched(head):
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 3, 52), np.float32)
    at = head.vertices(np.stack([a, b, (a + b) / 2]), ARKIT_NAMES)
    assert at.shape == (3, 3, len(head.neutral), 3)
    np.testing.assert_allclose(at[2], (at[0] + at[1]) / 2, atol=1e-3)
    np.testing.assert_array_equal(head.vertices(np.zeros(52), ARKIT_NAMES), head.neutral)


def test_order_of_names_does_not_matter_and_unknown_ones_do_nothing(head):
    names = ("unheardOf", *reversed(ARKIT_NAMES))
    controls = np.random.default_rng(1).random(52, np.float32)
    turned = np.concatenate([[1], controls[::-1]]).astype(np.float32)
    expected = head.vertices(controls, ARKIT_NAMES)
    np.testing.assert_allclose(head.vertices(turned, names), expected, atol=1e-3)
    with pytest.raises(MarotteError, match="has none of the controls"):
        head.basis(["unheardOf"])


def test_lip_gap_is_the_distance_of_the_vertices(head):
    controls = np.random.default_rng(2).random((4, 52), np.float32)
    height = head.vertices(controls, ARKIT_NAMES)[..., 1]
    expected = height[:, head.upper_lip] - height[:, head.lower_lip]
    np.testing.assert_allclose(head.lip_gap(controls, ARKIT_NAMES), expected, atol=1e-3)


def test_mouth_close_closes_what_the_jaw_opens(head):
    rest_mm, _ = head.lip_gap_weights(ARKIT_NAMES)
    for amount in (0.25, 0.5, 1):
        closed = head.lip_gap(pose(jawOpen=amount, mouthClose=amount), ARKIT_NAMES)
        assert closed == pytest.approx(rest_mm, abs=0.2)
    assert head.lip_gap(pose(jawOpen=1), ARKIT_NAMES) > rest_mm + 30


def test_torch_agrees_and_its_gradients_are_the_weights(head):
    torch = pytest.importorskip("torch")
    controls = torch.rand(2, 5, 52, requires_grad=True)
    rest_mm, weights_mm = head.lip_gap_weights(ARKIT_NAMES)
    gap = rest_mm + controls @ torch.from_numpy(weights_mm)
    plain = controls.detach().numpy()
    np.testing.assert_allclose(gap.detach().numpy(), head.lip_gap(plain, ARKIT_NAMES), atol=1e-4)
    gap.sum().backward()
    np.testing.assert_array_equal(controls.grad[1, 3].numpy(), weights_mm)

    neutral, matrix = (torch.from_numpy(array) for array in head.basis(ARKIT_NAMES))
    vertices = (neutral + controls.detach() @ matrix).reshape(2, 5, -1, 3)
    np.testing.assert_allclose(vertices.numpy(), head.vertices(plain, ARKIT_NAMES), atol=1e-3)


def test_subdivision_is_linear_and_keeps_open_edges(head):
    smooth = subdivide(head)
    assert len(smooth.faces) == len(smooth.parts) == 4 * len(head.faces)
    assert np.unique(smooth.faces).tolist() == list(range(len(smooth.neutral)))
    controls = np.random.default_rng(3).random(52, np.float32)
    from dataclasses import replace

    posed = replace(head, neutral=head.vertices(controls, ARKIT_NAMES))
    np.testing.assert_allclose(
        subdivide(posed).neutral, smooth.vertices(controls, ARKIT_NAMES), atol=1e-2
    )
