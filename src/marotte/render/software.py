"""Render in NumPy alone: a depth buffer and the shading of `opengl`, without antialiasing."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.face.head import Head
from marotte.face.scene import BACKGROUND, Colour
from marotte.render import scene
from marotte.render.scene import Array


@final
class SoftwareRenderer(scene.Renderer):
    """Draws a head on any machine, without subdividing it."""

    def __init__(
        self,
        head: Head,
        size: tuple[int, int],
        view: scene.View,
        note: str = "",
        background: Colour | None = BACKGROUND,
    ) -> None:
        """Set up the scene; `note` is what `Renderer.note` says."""
        super().__init__(head, size, view, background)
        self.note = note
        self._fixed = np.hstack([head.colours, scene.gloss(head)]).astype(np.float32)
        empty = np.rint(255 * np.array([*self.background, 0])).astype(np.uint8)
        self._empty = empty[: 4 if self.transparent else 3]
        self._still = self._empty_pixels()
        self._moving_triangles = head.triangles[:0]

    def close(self) -> None:
        """Do nothing: the renderer holds nothing outside of Python."""

    def _empty_pixels(self) -> tuple[NDArray[np.uint8], Array]:
        """Return an empty picture and the depths of its pixels [height * width, ...]."""
        n_pixels = self.height * self.width
        return np.tile(self._empty, (n_pixels, 1)), np.full(n_pixels, np.inf, np.float32)

    def _draw_still(self, scenery: scene.Scenery) -> None:
        self._still = self._empty_pixels()
        self._still = self._pixels(scenery.rest, self.triangles(~scenery.moving), self.whole)
        self._moving_triangles = self.triangles(scenery.moving)

    def _draw_moving(self, drawing: scene.Drawing, box: scene.Box) -> NDArray[np.uint8]:
        picture, _ = self._pixels(drawing, self._moving_triangles, box)
        return picture.reshape(self.height, self.width, -1)[box.of_rows]

    def _pixels(
        self, drawing: scene.Drawing, triangles: Array, box: scene.Box
    ) -> tuple[NDArray[np.uint8], Array]:
        """Draw triangles [n, 3] within a box onto what stays; return a picture and its depths."""
        on_screen = np.ascontiguousarray(drawing.on_screen)  # gathered by rows below
        picture, depths = (each.copy() for each in self._still)
        triangle, pixel, weights = self._visible(on_screen[triangles], depths, box)
        corners = triangles[triangle]
        values = np.hstack([drawing.vertices, drawing.normals, self._fixed])
        values = np.einsum("pc,pcv->pv", weights, values[corners])
        a, b, c = (on_screen[corners[:, corner], :2] for corner in range(3))
        front = _area(b - a, c - a) < 0  # y goes down on the screen
        picture[pixel, :3] = _shade(values, front, self.camera.position.astype(np.float32))
        picture[pixel, 3:] = 255
        return picture, depths

    def _visible(self, corners: Array, depths: Array, box: scene.Box) -> tuple[Array, Array, Array]:
        """Return the triangle, the pixel and the corners' weights of each covered pixel.

        Args:
            corners: the triangles on the screen [n, 3, 4], as `project` returns them.
            depths: the depth of each pixel so far; nearer ones replace it.
            box: only pixels in it are drawn.
        """
        first, end = np.array(box[:2]), np.array(box[2:])
        # Pixels are sampled at their centres.
        low = np.clip(np.ceil(corners[..., :2].min(1) - 0.5), first, end).astype(np.int64)
        high = np.clip(np.floor(corners[..., :2].max(1) + 0.5), low, end).astype(np.int64)
        wide, n_pixels = high[:, 0] - low[:, 0], (high - low).prod(1)
        triangle = np.repeat(np.arange(len(corners)), n_pixels)
        nth = np.arange(len(triangle)) - np.repeat(np.cumsum(n_pixels) - n_pixels, n_pixels)
        column = low[triangle, 0] + nth % wide[triangle]
        row = low[triangle, 1] + nth // wide[triangle]

        centre = np.stack([column, row], 1).astype(np.float32) + 0.5
        a, b, c = (corners[triangle, corner, :2] - centre for corner in range(3))
        areas = np.stack([_area(b, c), _area(c, a), _area(a, b)], 1)
        total = areas.sum(1, keepdims=True)
        weights = areas / np.where(total == 0, np.nan, total)
        inside = (weights >= 0).all(1)
        triangle, weights = triangle[inside], weights[inside]
        pixel = (row * self.width + column)[inside]

        depth = np.einsum("pc,pc->p", weights, corners[triangle, :, 2])
        np.minimum.at(depths, pixel, depth)
        visible = depth == depths[pixel]
        triangle, pixel, weights = triangle[visible], pixel[visible], weights[visible]
        # Perspective correction: divided by distance, values are linear on the screen.
        weights *= corners[triangle, :, 3]
        return triangle, pixel, weights / weights.sum(1, keepdims=True)


def _area(u: Array, v: Array) -> Array:
    """Return twice the signed area between plane vectors [..., 2]."""
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def _shade(values: Array, front: Array, camera: Array) -> NDArray[np.uint8]:
    """Shade pixels [n, position, normal, colour and gloss] as `opengl.FRAGMENT_SHADER` does."""
    position, normal, colour, gloss = np.split(values, [3, 6, 9], 1)
    normal = _unit(np.where(front[:, None], normal, -normal))
    eye = _unit(camera - position)
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
    """Return vectors [n, 3] scaled to length 1."""
    lengths = np.sqrt(np.einsum("pi,pi->p", vectors, vectors))
    return vectors / np.maximum(lengths, 1e-12)[:, None]
