"""The scene that all renderers draw: camera, lights, surfaces, normals; and their base class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.head import PARTS, Head
from marotte.face.scene import BACKGROUND, Colour
from marotte.render.moving import MovingPart

Array = NDArray[Any]
View = Literal["face", "mouth", "profile"]

FIELD_OF_VIEW = np.radians(22)  # a portrait lens; a wider one enlarges the nose
# Height of the picture, relative to the part of the head that moves.
HEIGHTS = {"face": 1.55, "mouth": 0.45, "profile": 1.55}
MOVES_MM = 1.0  # vertices that no control moves further do not belong to the face

GAMMA = 2.2  # from linear light to sRGB
STILL_PIXELS = 0.05  # what moves less far is not seen to move
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


class Renderer(ABC):
    """Draws one head, and in each frame only what moves.

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
        self._names: tuple[str, ...] = ()
        self._basis: tuple[Array, Array] | None = None
        self._drawn: tuple[Array, NDArray[np.uint8]] | None = None

    def frame(self, controls: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.uint8]:
        """Return the sRGB picture [height, width, 3] of the head with controls [len(names)].

        A transparent picture has four channels; the fourth one, alpha, does not scale the others.
        """
        vertices = self.vertices(controls, names)
        if self._drawn is not None and not self.moving.differs(vertices, self._drawn[0]):
            return self._drawn[1].copy()
        if self.moving.update(vertices):
            self._draw_still(self.moving.rest)
        picture = self._draw_moving(vertices)
        self._drawn = vertices, picture
        return picture.copy()

    @abstractmethod
    def _draw_still(self, vertices: NDArray[np.float32]) -> None:
        """Draw and keep the faces that do not move."""

    @abstractmethod
    def _draw_moving(self, vertices: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Draw the faces that move onto what is kept; return the picture."""

    @abstractmethod
    def close(self) -> None:
        """Release what the renderer holds outside of Python."""

    def vertices(self, controls: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
        """Return vertices [n_vertices, 3] in mm; the basis is cached for the next frame."""
        if self._basis is None or self._names != tuple(names):
            self._names, self._basis = tuple(names), self.head.basis(names)
        neutral, matrix = self._basis
        return (neutral + np.asarray(controls, np.float32) @ matrix).reshape(-1, 3)

    def project(self, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return [n, 4] on the screen: pixels right and down, depth -1..1, and 1 / distance."""
        matrix = self.camera.matrix.astype(np.float32)
        clip = vertices @ matrix[:, :3].T + matrix[:, 3]
        # The camera is outside the head; whatever is behind the camera is moved far away.
        nearness = 1 / np.maximum(clip[:, 3], 1e-3)
        x, y, depth = (clip[:, :3] * nearness[:, None]).T
        right, down = (x + 1) * self.width / 2, (1 - y) * self.height / 2
        on_screen: Array = np.stack([right, down, depth, nearness], 1)
        return on_screen

    def triangles(self, faces: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return the triangles [n, 3] of some of the head's faces [n_faces]."""
        return self.head.triangles[np.repeat(faces, len(self.head.triangles) // len(faces))]


class Normals:
    """Computes smooth normals of a head, also across vertices at the same position."""

    def __init__(self, head: Head) -> None:
        """Find the faces around each vertex."""
        self._corners = tuple(np.ascontiguousarray(each) for each in head.faces.T)
        self._n_vertices = len(head.neutral)
        _, group = np.unique(head.neutral.round(3), axis=0, return_inverse=True)
        group = group.reshape(-1)
        of_corners = group[head.faces].ravel()
        order = np.argsort(of_corners, kind="stable")
        face = order // head.faces.shape[1]
        present, first, n_faces = np.unique(
            of_corners[order], return_index=True, return_counts=True
        )
        # For k = 0, 1, ...: the vertices with more than k faces, and the k-th face of each.
        position = np.full(group.max() + 1, -1)
        position[present] = np.arange(len(present))
        at = position[group]
        self._faces: list[tuple[Array, Array]] = []
        for k in range(int(n_faces.max())):
            vertices = np.flatnonzero((at >= 0) & (n_faces[at] > k))
            self._faces.append((vertices, face[first[at[vertices]] + k]))

    def __call__(self, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return normals [n_vertices, 3] of vertices [n_vertices, 3]; their length is not 1."""
        # Cross product of a quad's diagonals 0-2 and 1-3, or of a triangle's edges 0-2 and 1-2.
        a, b, c, d = (vertices.take(self._corners[k], 0) for k in (0, 1, 2, -1))
        u, v = c - a, d - b
        of_faces = np.empty_like(u)
        for k, (i, j) in enumerate(((1, 2), (2, 0), (0, 1))):
            of_faces[:, k] = u[:, i] * v[:, j] - u[:, j] * v[:, i]
        sums = np.zeros((self._n_vertices, 3), np.float32)
        for at, face in self._faces:
            sums[at] += of_faces.take(face, 0)
        return sums


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
