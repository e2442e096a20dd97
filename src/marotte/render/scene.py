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

Array = NDArray[Any]
View = Literal["face", "mouth", "profile"]

FIELD_OF_VIEW = np.radians(22)  # a portrait lens; a wider one enlarges the nose
# Height of the picture, relative to the part of the head that moves.
HEIGHTS = {"face": 1.55, "mouth": 0.45, "profile": 1.55}
MOVES_MM = 1.0  # vertices that no control moves further do not belong to the face

GAMMA = 2.2  # from linear light to sRGB
BACKGROUND = (0.90, 0.91, 0.93)  # sRGB
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
    """

    position: Array
    matrix: Array


class Renderer(ABC):
    """Draws one head.

    Attributes:
        note: a sentence for the user if another renderer would draw better, else empty.
    """

    note = ""

    def __init__(self, head: Head, size: tuple[int, int], view: View) -> None:
        """Set up the camera.

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
        self._names: tuple[str, ...] = ()
        self._basis: tuple[Array, Array] | None = None

    @abstractmethod
    def frame(self, controls: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.uint8]:
        """Return the sRGB picture [height, width, 3] of the head with controls [len(names)]."""

    @abstractmethod
    def close(self) -> None:
        """Release what the renderer holds outside of Python."""

    def vertices(self, controls: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
        """Return vertices [n_vertices, 3] in mm; the basis is cached for the next frame."""
        if self._basis is None or self._names != tuple(names):
            self._names, self._basis = tuple(names), self.head.basis(names)
        neutral, matrix = self._basis
        return (neutral + np.asarray(controls, np.float32) @ matrix).reshape(-1, 3)


class Normals:
    """Computes smooth normals of a head, also across vertices at the same position."""

    def __init__(self, head: Head) -> None:
        """Find the faces around each vertex."""
        self._faces = head.faces
        _, self._weld = np.unique(head.neutral.round(3), axis=0, return_inverse=True)
        self._weld = self._weld.reshape(-1)
        group = self._weld[head.faces].ravel()
        order = np.argsort(group, kind="stable")
        self._face = (order // head.faces.shape[1]).astype(np.int32)
        self._present, self._first = np.unique(group[order], return_index=True)

    def __call__(self, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return normals [n_vertices, 3] of vertices [n_vertices, 3]; their length is not 1."""
        corners = vertices[self._faces]
        # Cross product of a quad's diagonals 0-2 and 1-3, or of a triangle's edges 0-2 and 1-2.
        face_normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, -1] - corners[:, 1])
        sums = np.zeros((len(vertices), 3), np.float32)
        sums[self._present] = np.add.reduceat(face_normals[self._face], self._first, axis=0)
        return sums[self._weld]


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
    return Camera(position, projection @ look)
