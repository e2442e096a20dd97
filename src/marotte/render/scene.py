"""What every renderer shares: the base class, where the camera stands, the lights, the normals."""

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

FIELD_OF_VIEW = np.radians(22)  # a portrait lens: a nearer one makes the nose big
# How much taller the picture is than the part of the head that moves.
HEIGHTS = {"face": 1.55, "mouth": 0.45, "profile": 1.55}
MOVES_MM = 1.0  # what no control moves as far as this is not the face

GAMMA = 2.2  # between sRGB and light
BACKGROUND = (0.90, 0.91, 0.93)  # sRGB
# Where lights are, seen from the face, and how bright, in linear red, green, blue.
LIGHTS = (
    ((0.45, 0.50, 0.75), (0.92, 0.86, 0.80)),
    ((-0.85, 0.10, 0.50), (0.22, 0.25, 0.30)),
    ((-0.40, 0.60, -0.70), (0.25, 0.25, 0.27)),
)
SKY, GROUND = (0.32, 0.33, 0.35), (0.16, 0.13, 0.12)  # light from above, from below
WRAP = (0.40, 0.26, 0.22)  # light goes some way round into skin, red light furthest
BACK_SIDE = 0.25  # how bright a surface is that is seen from inside
# For each part: how strong its highlight is, and how sharp.
GLOSS = {
    "skin": (0.10, 14.0),
    "eye": (0.60, 150.0),
    "teeth": (0.20, 40.0),
    "tongue": (0.12, 30.0),
    "brow": (0.03, 10.0),
}


@dataclass(frozen=True, eq=False)
class Camera:
    """Where the picture is taken from.

    Attributes:
        place: [3] in mm.
        matrix: [4, 4], from mm to clip space, x right, y up, depth -1 near to 1 far.
    """

    place: Array
    matrix: Array


class Renderer(ABC):
    """Draws one head.

    Attributes:
        note: a sentence for the user where the picture is not the best there is, else empty.
    """

    note = ""

    def __init__(self, head: Head, size: tuple[int, int], view: View) -> None:
        if min(size) < 1:
            raise MarotteError(f"a picture of {size[0]}x{size[1]} pixels is empty: make it larger")
        self.head = head
        self.width, self.height = size
        self.camera = camera(head, self.width / self.height, view)
        self.normals = Normals(head)
        self._names: tuple[str, ...] = ()
        self._basis: tuple[Array, Array] | None = None

    @abstractmethod
    def frame(self, controls: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.uint8]:
        """The picture [height, width, 3] of a face with controls [len(names)], in sRGB."""

    @abstractmethod
    def close(self) -> None:
        """Give back what the renderer holds outside of Python."""

    def vertices(self, controls: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
        """Vertices [n_vertices, 3] in mm; the linear map is kept for the next frame."""
        if self._basis is None or self._names != tuple(names):
            self._names, self._basis = tuple(names), self.head.basis(names)
        neutral, matrix = self._basis
        return (neutral + np.asarray(controls, np.float32) @ matrix).reshape(-1, 3)


class Normals:
    """Smooth normals of a head, also across vertices that lie on one another."""

    def __init__(self, head: Head) -> None:
        self._faces = head.faces
        _, self._weld = np.unique(head.neutral.round(3), axis=0, return_inverse=True)
        self._weld = self._weld.reshape(-1)
        group = self._weld[head.faces].ravel()
        order = np.argsort(group, kind="stable")
        self._face = (order // head.faces.shape[1]).astype(np.int32)
        self._present, self._first = np.unique(group[order], return_index=True)

    def __call__(self, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normals [n_vertices, 3], not of length 1, of vertices [n_vertices, 3]."""
        corners = vertices[self._faces]
        # A face's last corner stands for the fourth of a triangle: 0-2 crosses 1-3, or 1-2.
        of_face = np.cross(corners[:, 2] - corners[:, 0], corners[:, -1] - corners[:, 1])
        sums = np.zeros((len(vertices), 3), np.float32)
        sums[self._present] = np.add.reduceat(of_face[self._face], self._first, axis=0)
        return sums[self._weld]


def gloss(head: Head) -> NDArray[np.float32]:
    """For every vertex [n_vertices, 2] how strong its highlight is, and how sharp."""
    table = np.array([GLOSS[part] for part in PARTS], np.float32)
    values = np.tile(table[0], (len(head.neutral), 1))
    values[head.faces] = table[head.parts][:, None]
    return values


def camera(head: Head, aspect: float, view: View) -> Camera:
    """The camera that frames the moving part of a head, or its mouth.

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
        target[2] -= 0.25 * face_height  # the back of the head doesn't move, but is seen

    # A picture that is taller than wide still holds the face's whole width.
    half_height = HEIGHTS[view] * face_height / 2 / min(1, aspect)
    distance = half_height / np.tan(FIELD_OF_VIEW / 2)
    place = target + distance * toward
    right = np.cross([0, 1, 0], toward)
    look = np.eye(4)
    look[:3, :3] = [right, np.cross(toward, right), toward]
    look[:3, 3] = -look[:3, :3] @ place
    near, far = distance / 20, 4 * distance
    zoom = 1 / np.tan(FIELD_OF_VIEW / 2)
    lens = np.zeros((4, 4))
    lens[0, 0], lens[1, 1] = zoom / aspect, zoom
    lens[2, 2:] = (far + near) / (near - far), 2 * far * near / (near - far)
    lens[3, 2] = -1
    return Camera(place, lens @ look)
