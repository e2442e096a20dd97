"""The scene that all renderers draw: camera, lights, surfaces; and their base class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.head import PARTS, Head
from marotte.face.head_pose import turned
from marotte.face.scene import BACKGROUND, Colour
from marotte.render.moving import MovingPart
from marotte.render.normals import Normals
from marotte.threads import in_thread

Array = NDArray[Any]
View = Literal["face", "mouth", "profile"]

FIELD_OF_VIEW = np.radians(22)  # a portrait lens; a wider one enlarges the nose
# Height of the picture, relative to the part of the head that moves.
HEIGHTS = {"face": 1.55, "mouth": 0.45, "profile": 1.55}
MOVES_MM = 1.0  # vertices that no control moves further do not belong to the face

GAMMA = 2.2  # from linear light to sRGB
STILL_PIXELS = 0.1  # what moves less far is not seen to move
BLOCK = 16  # frames whose vertices are computed at once: the matrix is read once for all
AHEAD = 2  # frames that a thread prepares while earlier ones are drawn
# Directions from the face to the lights, and their brightness in linear RGB.
LIGHTS = (
    ((0.45, 0.50, 0.75), (0.92, 0.86, 0.80)),
    ((-0.85, 0.10, 0.50), (0.22, 0.25, 0.30)),
    ((-0.40, 0.60, -0.70), (0.25, 0.25, 0.27)),
)
SKY, GROUND = (0.32, 0.33, 0.35), (0.16, 0.13, 0.12)  # ambient light from above and from below
WRAP = (0.40, 0.26, 0.22)  # light scatters in skin and wraps around it, red light furthest
BACK_SIDE = 0.25  # brightness of a surface seen from inside
# Strength and exponent of each part's highlight.
GLOSS = {
    "skin": (0.10, 14.0),
    "eye": (0.60, 150.0),
    "teeth": (0.20, 40.0),
    "tongue": (0.12, 30.0),
    "brow": (0.03, 10.0),
}


@dataclass(frozen=True, eq=False)
class Camera:
    """The camera.

    Attributes:
        position: [3] in mm.
        matrix: [4, 4], from mm to clip space: x right, y up, depth -1 (near) to 1 (far).
        seen_mm: the height that the picture shows at the face.
    """

    position: Array
    matrix: Array
    seen_mm: float

    def mm_per_pixel(self, height: int) -> float:
        """Return the size of a pixel at the face, in a picture of `height` pixels."""
        return self.seen_mm / height


class Box(NamedTuple):
    """Some of a picture's pixels: from a corner to the one below, on the right of it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def of_rows(self) -> tuple[slice, slice]:
        """Return the index of these pixels in a picture [height, width, ...]."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True, eq=False)
class Drawing:
    """What must be drawn of a frame.

    Attributes:
        vertices: [n_vertices, 3] in mm.
        normals: [n_vertices, 3]; their length is not 1.
        on_screen: [n_vertices, 4], as `Renderer.project` returns them.
        box: the part of the picture that changes; None where nothing does.
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    on_screen: NDArray[np.float32]
    box: Box | None = None


@dataclass(frozen=True, eq=False)
class Scenery:
    """The faces that stay from some frame on, as a drawing at rest, and those that move."""

    rest: Drawing
    moving: NDArray[np.bool_]


class Renderer(ABC):
    """Draws one head, and in each frame only the part of the picture where something moves.

    Attributes:
        note: a sentence for the user if another renderer would draw better, else empty.
        transparent: whether pictures have a fourth channel, alpha.
    """

    note = ""

    def __init__(
        self, head: Head, size: tuple[int, int], view: View, background: Colour | None = BACKGROUND
    ) -> None:
        """Set up the camera; without a background, pictures are transparent around the head.

        Raises:
            MarotteError: there is no such view, or the size is zero.
        """
        if min(size) < 1:
            raise MarotteError(
                f"a picture of {size[0]}x{size[1]} pixels is empty: give a larger size"
            )
        self.head = head
        self.width, self.height = size
        self.camera = camera(head, self.width / self.height, view)
        self.normals = Normals(head)
        self.transparent = background is None
        # Where a transparent picture is empty, its colour is near the head's, so that a video with
        # coarse colours shows no rim.
        red, green, blue = background or np.median(head.colours, 0).tolist()
        self.background: Colour = (red, green, blue)
        self.moving = MovingPart(head, STILL_PIXELS * self.camera.mm_per_pixel(self.height))
        self.whole = Box(0, 0, self.width, self.height)
        self._names: tuple[str, ...] = ()
        self._basis: tuple[Array, Array] | None = None
        n_channels = 4 if self.transparent else 3
        self._picture = np.zeros((self.height, self.width, n_channels), np.uint8)

    def frame(
        self,
        controls: NDArray[np.float32],
        names: Sequence[str],
        head: NDArray[np.float32] | None = None,
    ) -> NDArray[np.uint8]:
        """Return one picture of those that `frames` draws."""
        poses = self._poses(controls[None], names, None if head is None else head[None])
        return self.draw(next(poses))

    def frames(
        self,
        controls: NDArray[np.float32],
        names: Sequence[str],
        head: NDArray[np.float32] | None = None,
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield sRGB pictures [height, width, 3] of the head with controls [n, len(names)].

        A transparent picture has four channels; the fourth one, alpha, does not scale the others.

        Args:
            controls: one row per picture.
            names: the controls in the order of their columns.
            head: yaw, pitch and roll of the head in radians [n, 3], or None if it is still.
        """
        prepared = in_thread(self._prepare, self._poses(controls, names, head), AHEAD)
        try:
            for drawing, scenery in prepared:
                yield self._draw(drawing, scenery)
        except GeneratorExit:
            prepared.close()
            self.moving.restart()  # frames were prepared that nobody draws
            raise

    def _poses(
        self,
        controls: NDArray[np.float32],
        names: Sequence[str],
        head: NDArray[np.float32] | None,
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the vertices [n_vertices, 3] of each frame."""
        for start in range(0, len(controls), BLOCK):
            part = slice(start, start + BLOCK)
            poses = self.vertices(controls[part], names)
            yield from poses if head is None else turned(poses, head[part])

    def draw(self, vertices: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the picture of a pose [n_vertices, 3], as `frames` does."""
        return self._draw(*self._prepare(vertices))

    def _prepare(self, vertices: NDArray[np.float32]) -> tuple[Drawing, Scenery | None]:
        """Return what must be drawn of a frame, and the scenery if it is another one from here."""
        if not self.moving.update(vertices):
            box = self._around(self.moving.changed(vertices))
            return self._drawing(self.moving.joined(vertices), box), None
        drawing = self._drawing(self.moving.joined(vertices), self.whole)
        return drawing, Scenery(self._drawing(self.moving.rest, self.whole), self.moving.faces)

    def _drawing(self, vertices: NDArray[np.float32], box: Box | None) -> Drawing:
        if not box:
            return Drawing(vertices, vertices, vertices)
        return Drawing(vertices, self.normals(vertices), self.project(vertices), box)

    def _draw(self, drawing: Drawing, scenery: Scenery | None) -> NDArray[np.uint8]:
        if scenery:
            self._draw_still(scenery)
        if drawing.box:
            self._picture[drawing.box.of_rows] = self._draw_moving(drawing, drawing.box)
        return self._picture.copy()

    @abstractmethod
    def _draw_still(self, scenery: Scenery) -> None:
        """Draw and keep the faces that do not move."""

    @abstractmethod
    def _draw_moving(self, drawing: Drawing, box: Box) -> NDArray[np.uint8]:
        """Draw the faces that move onto what is kept; return the pixels of a box."""

    @abstractmethod
    def close(self) -> None:
        """Release what the renderer holds outside of Python."""

    def _around(self, positions: NDArray[np.float32]) -> Box | None:
        """Return the box around positions [n, 3]; None where there is no pixel."""
        if not len(positions):
            return None
        on_screen = self.project(positions)[:, :2]
        size = [self.width, self.height]
        left, top = np.clip(np.floor(on_screen.min(0)) - 1, 0, size).astype(int).tolist()
        right, bottom = np.clip(np.ceil(on_screen.max(0)) + 1, 0, size).astype(int).tolist()
        return Box(left, top, right, bottom) if left < right and top < bottom else None

    def vertices(self, controls: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
        """Return the vertices [n, n_vertices, 3] in mm of poses; the basis is kept for later."""
        if self._basis is None or self._names != tuple(names):
            self._names, self._basis = tuple(names), self.head.basis(names)
        neutral, matrix = self._basis
        flat: Array = np.asarray(controls, np.float32) @ matrix
        flat += neutral
        return flat.reshape(len(controls), -1, 3)

    def project(self, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return [n, 4] on the screen: pixels right and down, depth -1..1, and 1 / distance."""
        matrix = self.camera.matrix.astype(np.float32)
        clip = matrix[:, :3] @ vertices.T + matrix[:, 3:]
        # The camera is outside the head; whatever is behind the camera is moved far away.
        nearness = 1 / np.maximum(clip[3], 1e-3)
        x, y, depth = clip[:3] * nearness
        right, down = (x + 1) * self.width / 2, (1 - y) * self.height / 2
        on_screen: Array = np.stack([right, down, depth, nearness]).T
        return on_screen

    def triangles(self, faces: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return the triangles [n, 3] of some of the head's faces [n_faces]."""
        return self.head.triangles[np.repeat(faces, len(self.head.triangles) // len(faces))]


def gloss(head: Head) -> NDArray[np.float32]:
    """Return the strength and exponent of each vertex's highlight [n_vertices, 2]."""
    table = np.array([GLOSS[part] for part in PARTS], np.float32)
    values = np.tile(table[0], (len(head.neutral), 1))
    values[head.faces] = table[head.parts][:, None]
    return values


def camera(head: Head, aspect: float, view: View) -> Camera:
    """Return the camera that frames the moving part of a head, or its mouth.

    Raises:
        MarotteError: there is no such view.
    """
    if view not in HEIGHTS:
        raise MarotteError(f"unknown view {view!r}: choose one of {', '.join(HEIGHTS)}")
    moving = (np.abs(head.deltas) > MOVES_MM).any((0, 2))
    face = head.neutral[moving if moving.any() else slice(None)]
    low, high = face.min(0).astype(float), face.max(0).astype(float)
    face_height = high[1] - low[1]
    target = (low + high) / 2 + [0, 0.14 * face_height, 0]
    if view == "mouth" and head.upper_lip is not None:
        target = head.neutral[[head.upper_lip, head.lower_lip]].mean(0).astype(float)
    toward = np.array([1.0, 0, 0] if view == "profile" else [0, 0, 1.0])
    if view == "profile":
        target[2] -= 0.25 * face_height  # the back of the head does not move, but is visible

    # The whole width of the face must fit into a picture that is taller than wide.
    half_height = HEIGHTS[view] * face_height / 2 / min(1, aspect)
    distance = half_height / np.tan(FIELD_OF_VIEW / 2)
    position = target + distance * toward
    right = np.cross([0, 1, 0], toward)
    look = np.eye(4)
    look[:3, :3] = [right, np.cross(toward, right), toward]
    look[:3, 3] = -look[:3, :3] @ position
    near, far = distance / 20, 4 * distance
    zoom = 1 / np.tan(FIELD_OF_VIEW / 2)
    projection = np.zeros((4, 4))
    projection[0, 0], projection[1, 1] = zoom / aspect, zoom
    projection[2, 2:] = (far + near) / (near - far), 2 * far * near / (near - far)
    projection[3, 2] = -1
    return Camera(position, projection @ look, 2 * half_height)
