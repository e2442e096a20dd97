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
    at_once = renderer_of(head, SIZE, "face")
    for picture, other in zip(pictures, at_once.frames(np.stack(poses), ARKIT_NAMES), strict=True):
        assert difference(picture, other) < 0.1
    at_once.close()
    again = renderer.frame(poses[1], ARKIT_NAMES)
    assert difference(again, pictures[1]) < 0.1
    almost = renderer.frame(poses[1] + np.float32(1e-5), ARKIT_NAMES)
    np.testing.assert_array_equal(almost, again)
    renderer.close()


@pytest.mark.parametrize("renderer_of", [GlRenderer, SoftwareRenderer])
def test_frames_that_nobody_takes_leave_nothing_behind(head, renderer_of):
    try:
        renderer = renderer_of(head, SIZE, "face")
    except NoGlError as error:
        pytest.skip(f"no GL here: {error}")
    opening = np.stack([pose(jawOpen=each) for each in (0.0, 0.2, 0.4, 0.6, 0.8)])
    frames = renderer.frames(opening, ARKIT_NAMES)
    next(frames), next(frames)
    frames.close()
    picture = renderer.frame(opening[3], ARKIT_NAMES)
    again = renderer_of(head, SIZE, "face")
    assert difference(picture, again.frame(opening[3], ARKIT_NAMES)) < 0.1
    for each in (renderer, again):
        each.close()


@pytest.mark.parametrize("renderer_of", [GlRenderer, SoftwareRenderer])
def test_only_what_changes_is_drawn_again(head, renderer_of, monkeypatch):
    try:
        renderer = renderer_of(head, SIZE, "face")
    except NoGlError as error:
        pytest.skip(f"no GL here: {error}")
    boxes, draw_moving = [], renderer._draw_moving

    def noting(vertices, box):
        boxes.append(box)
        return draw_moving(vertices, box)

    monkeypatch.setattr(renderer, "_draw_moving", noting)
    opening = [pose(jawOpen=each) for each in (0.0, 1.0, 0.5, 0.5, 0.6)]
    blinking = [pose(jawOpen=0.6, eyeBlinkLeft=each) for each in (1.0, 0.8)]
    for _ in renderer.frames(np.stack(opening + blinking), ARKIT_NAMES):
        pass
    assert len(boxes) == 6, "the fourth frame is the third again"
    assert boxes[1] == renderer.whole, "other faces stay"
    eye = boxes[-1]
    assert 0 < eye.bottom - eye.top < 60
    assert 0 < eye.right - eye.left < 60
    renderer.close()


def test_no_gap_between_faces_that_stay_and_others(head, gl_renderer):
    """A slightly opened jaw shows no pixel of the background within the face."""
    poses = [pose(), *(pose(jawOpen=each, browInnerUp=each) for each in (0.02, 0.05, 0.2))]
    shares = []
    for background in ((0.0, 1.0, 0.0), (0.0, 0.0, 0.0)):
        renderer = GlRenderer(head, (320, 320), "face", background)
        last = [*renderer.frames(np.stack(poses), ARKIT_NAMES)][-1].astype(int)
        shares.append(last)
        renderer.close()
    seen_through = np.abs(shares[0] - shares[1]).max(2) > 8
    assert seen_through[0, 0]
    assert not seen_through[100:200, 120:200].any()


def test_faces_seen_from_behind_need_not_be_drawn(head, gl_renderer):
    other = GlRenderer(head, SIZE, "face")
    other._context.disable(other._context.CULL_FACE)
    turn = np.radians([15, -10, 5]).astype(np.float32)
    for each in (pose(), pose(jawOpen=1, tongueOut=0.6), pose(eyeBlinkLeft=1, mouthPucker=1)):
        culled = gl_renderer.frame(each, ARKIT_NAMES, turn).astype(int)
        whole = other.frame(each, ARKIT_NAMES, turn).astype(int)
        assert (np.abs(culled - whole).max(2) > 12).mean() < 0.001
    other.close()


@pytest.mark.parametrize("renderer_of", [GlRenderer, SoftwareRenderer])
def test_the_head_turns(head, renderer_of):
    """Yaw is to the face's left, which is on the right; pitch is downwards."""
    painted = np.ones_like(head.colours)
    nose = np.linalg.norm(head.neutral - head.neutral[head.neutral[:, 2].argmax()], axis=1) < 8
    painted[nose] = [1, 0, 0]
    try:
        renderer = renderer_of(replace(head, colours=painted), SIZE, "face")
    except NoGlError as error:
        pytest.skip(f"no GL here: {error}")
    turns = np.radians([[0, 0, 0], [15, 0, 0], [0, 15, 0], [0, 0, 15], [0, 0, 0]])
    frames = renderer.frames(np.zeros((5, 52), np.float32), ARKIT_NAMES, np.float32(turns))
    pictures = [picture.astype(int) for picture in frames]
    places = []
    for picture in pictures:
        rows, columns = np.nonzero(picture[..., 0] > picture[..., 1] + 40)
        places.append([columns.mean(), rows.mean()])
    moves = np.array(places[1:]) - places[0]
    assert moves[0, 0] > 8
    assert abs(moves[0, 1]) < 4
    assert moves[1, 1] > 8
    assert abs(moves[1, 0]) < 2
    assert difference(pictures[2], pictures[0]) > 2
    assert difference(pictures[4], pictures[0]) < 0.5
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
