"""Drawing in numpy alone: a depth buffer and the shading of `gl`, without smoothing of edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.face.head import Head
from marotte.render import scene
from marotte.render.scene import Array


@final
class SoftwareRenderer(scene.Renderer):
    """Draws a head as it is, without smoothing it first, on any machine."""

    def __init__(self, head: Head, size: tuple[int, int], view: scene.View, note: str = "") -> None:
        super().__init__(head, size, view)
        self.note = note
        self._fixed = np.hstack([head.colours, scene.gloss(head)]).astype(np.float32)
        background = np.rint(255 * np.array(scene.BACKGROUND)).astype(np.uint8)
        self._empty = np.tile(background, (self.height * self.width, 1))

    def frame(self, controls: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.uint8]:
        """The picture [height, width, 3] of a face with controls [len(names)], in sRGB."""
        vertices = self.vertices(controls, names)
        on_screen = self._project(vertices)
        triangle, pixel, weights = self._visible(on_screen)
        corners = self.head.triangles[triangle]
        values = np.hstack([vertices, self.normals(vertices), self._fixed])
        values = np.einsum("pc,pcv->pv", weights, values[corners])
        a, b, c = (on_screen[corners[:, corner], :2] for corner in range(3))
        front = _area(b - a, c - a) < 0  # y goes down on the screen
        picture = self._empty.copy()
        picture[pixel] = _shade(values, front, self.camera.place.astype(np.float32))
        return picture.reshape(self.height, self.width, 3)

    def close(self) -> None:
        """Nothing is held."""

    def _project(self, vertices: Array) -> Array:
        """Pixels right and down, depth -1..1 and 1 / distance [n_vertices, 4]."""
        matrix = self.camera.matrix.astype(np.float32)
        clip = vertices @ matrix[:, :3].T + matrix[:, 3]
        # The camera stands outside of the head; what lies behind it is pushed far away.
        nearness = 1 / np.maximum(clip[:, 3], 1e-3)
        x, y, depth = (clip[:, :3] * nearness[:, None]).T
        right, down = (x + 1) * self.width / 2, (1 - y) * self.height / 2
        return np.stack([right, down, depth, nearness], 1)

    def _visible(self, on_screen: Array) -> tuple[Array, Array, Array]:
        """For every pixel that shows something: the triangle, the pixel, the corners' weights."""
        corners = on_screen[self.head.triangles]
        size = np.array([self.width, self.height])
        # Pixels are looked at in their middle.
        low = np.clip(np.ceil(corners[..., :2].min(1) - 0.5), 0, size).astype(np.int64)
        high = np.clip(np.floor(corners[..., :2].max(1) + 0.5), low, size).astype(np.int64)
        wide, n_pixels = high[:, 0] - low[:, 0], (high - low).prod(1)
        triangle = np.repeat(np.arange(len(corners)), n_pixels)
        nth = np.arange(len(triangle)) - np.repeat(np.cumsum(n_pixels) - n_pixels, n_pixels)
        column = low[triangle, 0] + nth % wide[triangle]
        row = low[triangle, 1] + nth // wide[triangle]

        at = np.stack([column, row], 1).astype(np.float32) + 0.5
        a, b, c = (corners[triangle, corner, :2] - at for corner in range(3))
        areas = np.stack([_area(b, c), _area(c, a), _area(a, b)], 1)
        whole = areas.sum(1, keepdims=True)
        weights = areas / np.where(whole == 0, np.nan, whole)
        inside = (weights >= 0).all(1)
        triangle, weights = triangle[inside], weights[inside]
        pixel = (row * self.width + column)[inside]

        depth = np.einsum("pc,pc->p", weights, corners[triangle, :, 2])
        nearest = np.full(self.width * self.height, np.inf, np.float32)
        np.minimum.at(nearest, pixel, depth)
        seen = depth == nearest[pixel]
        triangle, pixel, weights = triangle[seen], pixel[seen], weights[seen]
        # What is linear on the face is, in perspective, linear on the screen over distance.
        weights *= corners[triangle, :, 3]
        return triangle, pixel, weights / weights.sum(1, keepdims=True)


def _area(u: Array, v: Array) -> Array:
    """Twice the signed area between plane vectors [..., 2]."""
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def _shade(values: Array, front: Array, camera: Array) -> NDArray[np.uint8]:
    """The shading of `gl.FRAGMENT_SHADER`, for pixels [n, place, normal, colour and gloss]."""
    place, normal, colour, gloss = np.split(values, [3, 6, 9], 1)
    normal = _unit(np.where(front[:, None], normal, -normal))
    eye = _unit(camera - place)
    up = 0.5 + 0.5 * normal[:, 1:2]
    wrap, sky, ground = np.asarray([scene.WRAP, scene.SKY, scene.GROUND], np.float32)
    light = ground + (sky - ground) * up
    shine = np.zeros_like(light)
    for toward, bright in np.asarray(scene.LIGHTS, np.float32):
        toward = toward / np.linalg.norm(toward)
        lit = (normal @ toward)[:, None]
        light += bright * np.maximum((lit + wrap) / (1 + wrap), 0)
        mirror = np.einsum("pi,pi->p", normal, _unit(toward + eye))
        shine += bright * (np.maximum(mirror, 0) ** gloss[:, 1])[:, None]
    seen = colour**scene.GAMMA * light + gloss[:, :1] * shine
    seen *= np.where(front, 1, np.float32(scene.BACK_SIDE))[:, None]
    return np.rint(255 * np.clip(seen, 0, 1) ** (1 / scene.GAMMA)).astype(np.uint8)


def _unit(vectors: Array) -> Array:
    """Vectors [n, 3] of length 1."""
    lengths = np.sqrt(np.einsum("pi,pi->p", vectors, vectors))
    return vectors / np.maximum(lengths, 1e-12)[:, None]
