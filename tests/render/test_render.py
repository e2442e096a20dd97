"""Drawing: two renderers, one picture; lips closed at rest, open when the jaw is."""

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
def test_both_renderers_give_the_same_picture(head, gl_renderer, controls):
    by_gl = gl_renderer.frame(pose(**controls), ARKIT_NAMES)
    by_numpy = SoftwareRenderer(head, SIZE, "face").frame(pose(**controls), ARKIT_NAMES)
    assert by_gl.shape == by_numpy.shape == (160, 160, 3)
    assert by_gl.dtype == by_numpy.dtype == np.uint8
    assert difference(by_gl, by_numpy) < 3
    empty = (by_numpy == by_numpy[0, 0]).all(2).mean()
    assert 0.3 < empty < 0.8, "the face fills the picture, with room around it"


def test_two_gl_renderers_do_not_disturb_each_other(head, gl_renderer):
    before = gl_renderer.frame(pose(), ARKIT_NAMES)
    other = GlRenderer(head, (90, 60), "mouth")
    assert other.frame(pose(), ARKIT_NAMES).shape == (60, 90, 3)
    np.testing.assert_array_equal(gl_renderer.frame(pose(), ARKIT_NAMES), before)
    other.close()
    np.testing.assert_array_equal(gl_renderer.frame(pose(), ARKIT_NAMES), before)


def inside_seen(head, **controls):
    """The share of a picture of the mouth that shows teeth or tongue."""
    painted = np.zeros_like(head.colours)
    inside = np.isin(head.parts, [PARTS.index("teeth"), PARTS.index("tongue")])
    painted[head.faces[inside], 2] = 1
    renderer = SoftwareRenderer(replace(head, colours=painted), SIZE, "mouth")
    picture = renderer.frame(pose(**controls), ARKIT_NAMES).astype(int)
    background = (picture == picture[0, 0]).all(2)
    return ((picture[..., 2] > picture[..., 0] + 40) & ~background).mean()


def test_lips_hide_the_teeth_until_they_part(head):
    assert inside_seen(head) < 0.001
    closed = {"jawOpen": 0.3, "mouthClose": 0.3, "mouthPressLeft": 0.5, "mouthPressRight": 0.5}
    assert inside_seen(head, **closed) < 0.001
    assert inside_seen(head, jawOpen=0.3) > 0.01


def test_nearest_surface_wins_and_perspective_is_right():
    """A square behind a smaller, nearer one, drawn where the camera says."""
    square = np.float32([[-50, -50, 0], [50, -50, 0], [50, 50, 0], [-50, 50, 0]])
    cover = square * [0.5, 0.5, 1] + [0, 0, 10]
    places = np.float32(np.concatenate([square, cover]))
    scene = Head(
        name="squares",
        neutral=places,
        deltas=np.full((1, 8, 3), 2, np.float32),
        names=("jawOpen",),
        faces=np.int32([[0, 1, 2, 3], [4, 5, 6, 7]]),
        parts=np.zeros(2, np.uint8),
        colours=np.float32([[1, 0, 0]] * 4 + [[0, 1, 0]] * 4),
    )
    renderer = SoftwareRenderer(scene, (101, 101), "face")
    picture = renderer.frame(np.zeros(1), ("jawOpen",)).astype(int)
    # The camera looks a little above the middle of what moves.
    clip = renderer.camera.matrix @ [0, 0, 10, 1]
    row = round((1 - clip[1] / clip[3]) * 101 / 2 - 0.5)
    assert picture[row, 50, 1] > picture[row, 50, 0] + 50, "green in front"
    edge = renderer.camera.matrix @ [40, 0, 0, 1]
    column = round((1 + edge[0] / edge[3]) * 101 / 2 - 0.5)
    assert picture[row, column, 0] > picture[row, column, 1] + 50, "red beside it"


def test_without_gl_a_note_says_so(head, monkeypatch):
    def no_context():
        raise NoGlError("no display")

    monkeypatch.setattr(opengl, "_context", no_context)
    renderer = open_renderer(head, SIZE)
    assert isinstance(renderer, SoftwareRenderer)
    assert "without GL" in renderer.note
    assert "no display" in renderer.note


def test_bad_requests_are_refused(head):
    with pytest.raises(MarotteError, match="unknown view 'back'"):
        SoftwareRenderer(head, SIZE, "back")
    with pytest.raises(MarotteError, match="is empty"):
        SoftwareRenderer(head, (0, 10), "face")
