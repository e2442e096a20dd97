"""Render by OpenGL 3.3 without a window: on a graphics card, or with Mesa's software GL."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.face.head import Head, subdivide
from marotte.face.scene import BACKGROUND, Colour
from marotte.render import scene

SAMPLES = 4  # per pixel, for antialiasing of faces that are shaded per pixel
FINER = 2
"""Pictures of faces that are shaded at corners are drawn so much larger and averaged: in software
that takes two thirds of the time of several samples per pixel, and such shading costs no more."""
SMALL_PIXELS = 20.0
"""Triangles that cover fewer pixels than this on average are shaded at their corners only."""
SHARP_GLOSS = 35.0  # surfaces whose highlights are smaller than a triangle are shaded per pixel
SHADE = """
uniform vec3 camera; uniform vec3 toward[LIGHTS]; uniform vec3 bright[LIGHTS];
uniform vec3 sky; uniform vec3 ground; uniform vec3 wrap;
uniform float back_side; uniform float gamma;
vec3 shade(vec3 position, vec3 n, vec3 linear_colour, vec2 gloss, float side) {
    vec3 eye = normalize(camera - position);
    vec3 light = mix(ground, sky, 0.5 + 0.5 * n.y), shine = vec3(0);
    for (int i = 0; i < LIGHTS; i++) {
        light += bright[i] * max((dot(n, toward[i]) + wrap) / (1 + wrap), 0);
        shine += bright[i] * pow(max(dot(n, normalize(toward[i] + eye)), 0), gloss.y);
    }
    return pow((linear_colour * light + gloss.x * shine) * side, vec3(1 / gamma));
}
"""
INPUTS = """
uniform mat4 matrix;
in vec3 in_position; in vec3 in_normal; in vec3 in_colour; in vec2 in_gloss;
"""
BY_CORNER = (
    f"""
#version 330
{SHADE}{INPUTS}
out vec3 front; out vec3 back;
void main() {{
    gl_Position = matrix * vec4(in_position, 1);
    vec3 n = normalize(in_normal);
    front = min(shade(in_position, n, in_colour, in_gloss, 1), 1);
    back = min(shade(in_position, -n, in_colour, in_gloss, back_side), 1);
}}
""",
    """
#version 330
in vec3 front; in vec3 back;
out vec4 pixel;
void main() { pixel = vec4(gl_FrontFacing ? front : back, 1); }
""",
)
BY_PIXEL = (
    f"""
#version 330
{INPUTS}
out vec3 position; out vec3 normal; out vec3 colour; out vec2 gloss;
void main() {{
    gl_Position = matrix * vec4(in_position, 1);
    position = in_position; normal = in_normal; colour = in_colour; gloss = in_gloss;
}}
""",
    f"""
#version 330
{SHADE}
in vec3 position; in vec3 normal; in vec3 colour; in vec2 gloss;
out vec4 pixel;
void main() {{
    vec3 n = normalize(gl_FrontFacing ? normal : -normal);
    pixel = vec4(shade(position, n, colour, gloss, gl_FrontFacing ? 1 : back_side), 1);
}}
""",
)


class NoGlError(Exception):
    """This machine has no OpenGL, or moderngl is not installed."""


@dataclass
class _Batch:
    """The faces [n_faces] that one program draws.

    Attributes:
        moving: what draws those that move, with the `indices` of a frame.
        triangles: the corners [n, 3] of those that move.
    """

    program: Any
    faces: NDArray[np.bool_]
    moving: Any = None
    indices: Any = None
    triangles: NDArray[np.uint32] = field(default_factory=lambda: np.zeros((0, 3), np.uint32))


@final
class GlRenderer(scene.Renderer):
    """Draws a head by OpenGL; heads of quads are subdivided first."""

    def __init__(
        self,
        head: Head,
        size: tuple[int, int],
        view: scene.View,
        background: Colour | None = BACKGROUND,
    ) -> None:
        """Create a context and upload the head.

        Raises:
            NoGlError: no GL context can be created.
            MarotteError: there is no such view, or the size is zero.
        """
        # Triangle meshes often have seams, where subdividing would tear the head open.
        smooth = subdivide(head) if head.faces.shape[1] == 4 else head
        super().__init__(smooth, size, view, background)
        self._context = context = _create_context()
        context.enable(context.DEPTH_TEST)
        self._culls = head.faces.shape[1] == 4  # Marotte's head shows no face from behind
        if self._culls:
            context.enable(context.CULL_FACE)
        linear = self.head.colours**scene.GAMMA
        fixed = np.hstack([linear, scene.gloss(self.head)]).astype(np.float32)
        self._fixed = context.buffer(fixed.tobytes())
        self._vertices = context.buffer(reserve=2 * self.head.neutral.nbytes, dynamic=True)
        by_pixel = self._shaded_by_pixel()
        self._batches = [
            _Batch(self._program(*BY_CORNER), ~by_pixel),
            _Batch(self._program(*BY_PIXEL), by_pixel),
        ]
        self._indexed: list[Any] = []  # of the batches; released when other faces move
        self._finer = 1 if by_pixel.all() else FINER
        self._still, self._target = self._framebuffer(), self._framebuffer()
        self._result = context.simple_framebuffer(size, 4)

    def _shaded_by_pixel(self) -> NDArray[np.bool_]:
        """Return the faces [n_faces] whose shading must be computed in each pixel."""
        a, b, c = self.project(self.head.neutral)[self.head.triangles, :2].swapaxes(0, 1)
        u, v = b - a, c - a
        if np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).mean() / 2 > SMALL_PIXELS:
            return np.ones(len(self.head.faces), bool)
        sharp: scene.Array = scene.gloss(self.head)[self.head.faces, 1] > SHARP_GLOSS
        return np.asarray(sharp.any(1))

    def _draw(self, drawing: scene.Drawing, scenery: scene.Scenery | None) -> NDArray[np.uint8]:
        with self._context:  # other renderers have contexts of their own
            return super()._draw(drawing, scenery)

    def _draw_still(self, scenery: scene.Scenery) -> None:
        self._upload(scenery.rest)
        for each in self._indexed:
            each.release()
        self._indexed.clear()
        self._still.use()
        self._still.clear(*self.background, 0 if self.transparent else 1)
        for batch in self._batches:
            still = self._indices(batch.faces & ~scenery.moving)
            batch.triangles = self._indices(batch.faces & scenery.moving)
            array, _ = self._array(batch.program, still)
            batch.moving, batch.indices = self._array(batch.program, batch.triangles)
            if len(still):
                array.render()

    def _draw_moving(self, drawing: scene.Drawing, box: scene.Box) -> NDArray[np.uint8]:
        self._upload(drawing)
        self._target.scissor = self._from_below(box, self._finer)  # for copying, too
        self._target.use()
        self._context.copy_framebuffer(self._target, self._still)
        for batch in self._batches:
            seen = batch.triangles[self._seen(drawing.on_screen, batch.triangles, box)]
            if len(seen):
                batch.indices.write(seen.tobytes())
                batch.moving.render(vertices=seen.size)
        pixels = self._read(box)
        return self._unmixed(pixels) if self.transparent else pixels[..., :3]

    def _seen(
        self, on_screen: scene.Array, triangles: NDArray[np.uint32], box: scene.Box
    ) -> NDArray[np.bool_]:
        """Return which triangles [n, 3] reach into a box and are not seen from behind."""
        corners = np.ascontiguousarray(triangles.T)
        x, y = ([axis.take(each) for each in corners] for axis in on_screen.T[:2])
        seen = _overlap(x, box.left, box.right) & _overlap(y, box.top, box.bottom)
        if self._culls:
            a, b, c = range(3)
            seen &= (x[b] - x[a]) * (y[c] - y[a]) < (x[c] - x[a]) * (y[b] - y[a])
        return seen

    def _read(self, box: scene.Box) -> NDArray[np.uint8]:
        """Return the drawn pixels [height, width, 4] of a box, averaged where they are finer."""
        source = self._target
        if self._finer == 1:
            source = self._result
            source.scissor = self._from_below(box)
            source.use()
            self._context.copy_framebuffer(source, self._target)
        left_below = self._from_below(box, self._finer)
        read = source.read(viewport=left_below, components=4, alignment=1)
        pixels = np.frombuffer(read, np.uint8).reshape(left_below[3], left_below[2], 4)[::-1]
        return pixels if self._finer == 1 else _averaged(pixels)

    def close(self) -> None:
        """Release the context and everything in it."""
        self._context.release()

    def _upload(self, drawing: scene.Drawing) -> None:
        """Upload the positions and normals of a frame."""
        self._vertices.write(np.hstack([drawing.vertices, drawing.normals]).tobytes())

    def _from_below(self, box: scene.Box, finer: int = 1) -> tuple[int, ...]:
        """Return left, bottom, width and height of a box as GL counts rows, upwards."""
        below = self.height - box.bottom
        sides = box.left, below, box.right - box.left, box.bottom - box.top
        return tuple(finer * each for each in sides)

    def _unmixed(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return pixels [height, width, 4] with the head's colours alone where alpha is partial."""
        pixels = pixels.copy()
        rim = (pixels[..., 3] > 0) & (pixels[..., 3] < 255)
        share = pixels[rim][:, 3:].astype(np.float32) / 255
        empty = 255 * np.array(self.background, np.float32)
        head = (pixels[rim][:, :3] - (1 - share) * empty) / share
        pixels[rim, :3] = np.rint(head.clip(0, 255))
        return pixels

    def _framebuffer(self) -> Any:
        """Make a framebuffer of several samples per pixel, or of finer pixels."""
        size = self._finer * self.width, self._finer * self.height
        samples = min(SAMPLES, self._context.max_samples) if self._finer == 1 else 0
        return self._context.framebuffer(
            [self._context.renderbuffer(size, 4, samples=samples)],
            self._context.depth_renderbuffer(size, samples=samples),
        )

    def _indices(self, faces: NDArray[np.bool_]) -> NDArray[np.uint32]:
        """Return the triangles [n, 3] of some faces as GL takes them."""
        return self.triangles(faces).astype(np.uint32)

    def _array(self, program: Any, triangles: NDArray[np.uint32]) -> tuple[Any, Any]:
        """Return what draws triangles [n, 3], and its buffer of indices; None for none."""
        if not len(triangles):
            return None, None
        indices = self._context.buffer(triangles.tobytes(), dynamic=True)
        array = self._context.vertex_array(
            program,
            [
                (self._vertices, "3f 3f", "in_position", "in_normal"),
                (self._fixed, "3f 2f", "in_colour", "in_gloss"),
            ],
            indices,
        )
        self._indexed += [array, indices]
        return array, indices

    def _program(self, vertex: str, fragment: str) -> Any:
        """Compile shaders and give them the scene."""
        sources = [
            each.strip().replace("LIGHTS", str(len(scene.LIGHTS))) for each in (vertex, fragment)
        ]
        program = self._context.program(vertex_shader=sources[0], fragment_shader=sources[1])
        for name, value in self._uniforms().items():
            program[name].write(np.asarray(value, np.float32).tobytes())
        return program

    def _uniforms(self) -> dict[str, Any]:
        toward = np.array([light[0] for light in scene.LIGHTS])
        return {
            "matrix": self.camera.matrix.T,  # GL stores matrices by columns
            "camera": self.camera.position,
            "toward": toward / np.linalg.norm(toward, axis=1, keepdims=True),
            "bright": [light[1] for light in scene.LIGHTS],
            "sky": scene.SKY,
            "ground": scene.GROUND,
            "wrap": scene.WRAP,
            "back_side": scene.BACK_SIDE,
            "gamma": scene.GAMMA,
        }


def _overlap(corners: list[scene.Array], low: int, high: int) -> NDArray[np.bool_]:
    """Return whether triangles, of whose corners one coordinate is given, reach a range."""
    a, b, c = corners
    least, most = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    return np.asarray((most >= low) & (least <= high))


def _averaged(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the means [height / 2, width / 2, 4] of squares of 2 x 2 pixels.

    The four bytes of a pixel are averaged at once, first rounded up, then down.
    """
    words = pixels.view(np.uint32)[..., 0]
    above, below = words[::2], words[1::2]
    rows = (above | below) - _halved(above ^ below)
    left, right = rows[:, ::2], rows[:, 1::2]
    means = (left & right) + _halved(left ^ right)
    return means.view(np.uint8).reshape(*means.shape, 4)


def _halved(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return half of each byte of words."""
    return (words & np.uint32(0xFEFEFEFE)) >> np.uint32(1)


def _create_context() -> Any:
    """Create a GL context without a window.

    Raises:
        NoGlError: moderngl is not installed, or no way works.
    """
    try:
        import moderngl
    except ImportError as error:
        raise NoGlError("moderngl is not installed") from error
    options: list[dict[str, Any]] = [{}]
    if sys.platform == "linux":
        # EGL needs no display. Without GL's development files, only the names .so.1 exist.
        options += [{"backend": "egl", "libgl": "libGL.so.1", "libegl": "libEGL.so.1"}]
    reasons: list[str] = []
    for option in options:
        try:
            return moderngl.create_context(standalone=True, require=330, **option)
        except Exception as error:  # moderngl raises plain Exception
            reasons.append(str(error))
    raise NoGlError("; ".join(reasons))
