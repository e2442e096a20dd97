"""Both renderers draw the same picture; lips are closed at rest and open with the jaw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.face.head import PARTS, Head
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, ARKIT_NAMES
from marotte.render import GlRenderer, NoGlError, SoftwareRenderer, open_renderer, opengl

SIZE = (160, 160)


@pytest.fixture(scope="module")
def head():
    return load_head()


@pytest.fixture
def gl_renderer(head):
    try:
        renderer = GlRenderer(head, SIZE, "face")
    except NoGlError as error:
        pytest.skip(f"no GL here: {error}")
    yield renderer
    renderer.close()


def pose(**controls):
    values = np.zeros(52, np.float32)
    for name, value in controls.items():
        values[ARKIT_52.index[name]] = value
    return values


def difference(a, b):
    return np.abs(a.astype(int) - b.astype(int)).mean()


@pytest.mark.parametrize("controls", [{}, {"jawOpen": 0.7}, {"mouthSmileLeft": 1.0}])
def test_renderers_agree(head, gl_renderer, controls):
    gl = gl_renderer.frame(pose(**controls), ARKIT_NAMES)
    software = SoftwareRenderer(head, SIZE, "face").frame(pose(**controls), ARKIT_NAMES)
    assert gl.shape == software.shape == (160, 160, 3)
    assert gl.dtype == software.dtype == np.uint8
    assert difference(gl, software) < 3
    background = (software == software[0, 0]).all(2).mean()
    assert 0.3 < background < 0.8, "the face fills the picture, with a margin"


def test_gl_renderers_are_independent(head, gl_renderer):
    before = gl_renderer.frame(pose(), ARKIT_NAMES)
    other = GlRenderer(head, (90, 60), "mouth")
    assert other.frame(pose(), ARKIT_NAMES).shape == (60, 90, 3)
    np.testing.assert_array_equal(gl_renderer.frame(pose(), ARKIT_NAMES), before)
    other.close()
    np.testing.assert_array_equal(gl_renderer.frame(pose(), ARKIT_NAMES), before)


@pytest.mark.parametrize("renderer_of", [GlRenderer, SoftwareRenderer])
def test_drawing_what_moves_gives_the_whole_picture(head, renderer_of):
    poses = [pose(), pose(jawOpen=0.4), pose(jawOpen=0.1, mouthSmileLeft=0.5), pose(jawOpen=0.8)]
    try:
        renderer = renderer_of(head, SIZE, "face")
    except NoGlError as error:
        pytest.skip(f"no GL here: {error}")
    pictures = [renderer.frame(each, ARKIT_NAMES) for each in poses]
    assert 0.1 < renderer.moving.faces.mean() < 0.9
    for each, picture in zip(poses, pictures, strict=True):
        whole = renderer_of(head, SIZE, "face")
        expected = whole.frame(each, ARKIT_NAMES).astype(int)
        off = np.abs(picture.astype(int) - expected).max(2)
        assert (off > 12).mean() < 0.001, "a still face moves less than is seen"
        assert off.mean() < 0.1
        whole.close()
    again = renderer.frame(poses[1], ARKIT_NAMES)
    assert difference(again, pictures[1]) < 0.1
    almost = renderer.frame(poses[1] + np.float32(1e-5), ARKIT_NAMES)
    np.testing.assert_array_equal(almost, again)
    renderer.close()


@pytest.mark.parametrize("renderer_of", [GlRenderer, SoftwareRenderer])
def test_pictures_without_background(head, renderer_of):
    try:
        renderer = renderer_of(head, SIZE, "face", background=None)
    except NoGlError as error:
        pytest.skip(f"no GL here: {error}")
    picture = renderer.frame(pose(jawOpen=0.3), ARKIT_NAMES)
    opaque = renderer_of(head, SIZE, "face", background=(0.0, 0.0, 0.0))
    black = opaque.frame(pose(jawOpen=0.3), ARKIT_NAMES).astype(float)
    assert picture.shape == (*SIZE, 4)
    share = picture[..., 3:] / 255
    np.testing.assert_allclose(picture[..., :3] * share, black, atol=3)
    assert share[0, 0] == 0
    rim = (share > 0) & (share < 1)
    if rim.any():  # the colours of the rim are the head's, not the background's
        assert (picture[..., 0][rim[..., 0]] > 90).mean() > 0.9
    for each in (renderer, opaque):
        each.close()


def mouth_interior_share(head, **controls):
    """Return the share of a close-up of the mouth that shows teeth or tongue."""
    painted = np.zeros_like(head.colours)
    interior = np.isin(head.parts, [PARTS.index("teeth"), PARTS.index("tongue")])
    painted[head.faces[interior], 2] = 1
    renderer = SoftwareRenderer(replace(head, colours=painted), SIZE, "mouth")
    picture = renderer.frame(pose(**controls), ARKIT_NAMES).astype(int)
    background = (picture == picture[0, 0]).all(2)
    return ((picture[..., 2] > picture[..., 0] + 40) & ~background).mean()


def test_closed_lips_hide_the_teeth(head):
    assert mouth_interior_share(head) < 0.001
    closed = {"jawOpen": 0.3, "mouthClose": 0.3, "mouthPressLeft": 0.5, "mouthPressRight": 0.5}
    assert mouth_interior_share(head, **closed) < 0.001
    assert mouth_interior_share(head, jawOpen=0.3) > 0.01


def test_depth_and_perspective():
    """A smaller, nearer square covers a larger one, at the positions that the camera gives."""
    square = np.float32([[-50, -50, 0], [50, -50, 0], [50, 50, 0], [-50, 50, 0]])
    cover = square * [0.5, 0.5, 1] + [0, 0, 10]
    positions = np.float32(np.concatenate([square, cover]))
    scene = Head(
        name="squares",
        neutral=positions,
        deltas=np.full((1, 8, 3), 2, np.float32),
        names=("jawOpen",),
        faces=np.int32([[0, 1, 2, 3], [4, 5, 6, 7]]),
        parts=np.zeros(2, np.uint8),
        colours=np.float32([[1, 0, 0]] * 4 + [[0, 1, 0]] * 4),
    )
    renderer = SoftwareRenderer(scene, (101, 101), "face")
    picture = renderer.frame(np.zeros(1), ("jawOpen",)).astype(int)
    # The camera looks slightly above the middle of the moving vertices.
    clip = renderer.camera.matrix @ [0, 0, 10, 1]
    row = round((1 - clip[1] / clip[3]) * 101 / 2 - 0.5)
    assert picture[row, 50, 1] > picture[row, 50, 0] + 50, "green in front"
    edge = renderer.camera.matrix @ [40, 0, 0, 1]
    column = round((1 + edge[0] / edge[3]) * 101 / 2 - 0.5)
    assert picture[row, column, 0] > picture[row, column, 1] + 50, "red next to it"


def test_software_renderer_notes_the_lack_of_gl(head, monkeypatch):
    def no_context():
        raise NoGlError("no display")

    monkeypatch.setattr(opengl, "_create_context", no_context)
    renderer = open_renderer(head, SIZE)
    assert isinstance(renderer, SoftwareRenderer)
    assert "without GL" in renderer.note
    assert "no display" in renderer.note


def test_invalid_views_and_sizes_are_errors(head):
    with pytest.raises(MarotteError, match="unknown view 'back'"):
        SoftwareRenderer(head, SIZE, "back")
    with pytest.raises(MarotteError, match="is empty"):
        SoftwareRenderer(head, (0, 10), "face")
