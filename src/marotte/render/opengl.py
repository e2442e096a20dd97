"""Render by OpenGL 3.3 without a window: on a graphics card, or with Mesa's software GL."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.face.head import Head, subdivide
from marotte.render import scene

SAMPLES = 4  # per pixel, for antialiasing
VERTEX_SHADER = """
#version 330
uniform mat4 matrix;
in vec3 in_position; in vec3 in_normal; in vec3 in_colour; in vec2 in_gloss;
out vec3 position; out vec3 normal; out vec3 colour; out vec2 gloss;
void main() {
    gl_Position = matrix * vec4(in_position, 1);
    position = in_position; normal = in_normal; colour = in_colour; gloss = in_gloss;
}
"""
FRAGMENT_SHADER = """
#version 330
uniform vec3 camera; uniform vec3 toward[LIGHTS]; uniform vec3 bright[LIGHTS];
uniform vec3 sky; uniform vec3 ground; uniform vec3 wrap;
uniform float back_side; uniform float gamma;
in vec3 position; in vec3 normal; in vec3 colour; in vec2 gloss;
out vec4 pixel;
void main() {
    vec3 n = normalize(gl_FrontFacing ? normal : -normal), eye = normalize(camera - position);
    vec3 light = mix(ground, sky, 0.5 + 0.5 * n.y), shine = vec3(0);
    for (int i = 0; i < LIGHTS; i++) {
        light += bright[i] * max((dot(n, toward[i]) + wrap) / (1 + wrap), 0);
        shine += bright[i] * pow(max(dot(n, normalize(toward[i] + eye)), 0), gloss.y);
    }
    vec3 lit = pow(colour, vec3(gamma)) * light + gloss.x * shine;
    pixel = vec4(pow(lit * (gl_FrontFacing ? 1 : back_side), vec3(1 / gamma)), 1);
}
"""


class NoGlError(Exception):
    """This machine has no OpenGL, or moderngl is not installed."""


@final
class GlRenderer(scene.Renderer):
    """Draws a head by OpenGL; heads of quads are subdivided first."""

    def __init__(self, head: Head, size: tuple[int, int], view: scene.View) -> None:
        """Create a context and upload the head.

        Raises:
            NoGlError: no GL context can be created.
            MarotteError: there is no such view, or the size is zero.
        """
        # Triangle meshes often have seams, where subdividing would tear the head open.
        super().__init__(subdivide(head) if head.faces.shape[1] == 4 else head, size, view)
        self._context = context = _create_context()
        context.enable(context.DEPTH_TEST)
        shader = FRAGMENT_SHADER.replace("LIGHTS", str(len(scene.LIGHTS)))
        program = context.program(vertex_shader=VERTEX_SHADER, fragment_shader=shader)
        for name, value in self._uniforms().items():
            program[name].write(np.asarray(value, np.float32).tobytes())
        fixed = np.hstack([self.head.colours, scene.gloss(self.head)]).astype(np.float32)
        self._moving = context.buffer(reserve=2 * self.head.neutral.nbytes, dynamic=True)
        self._array = context.vertex_array(
            program,
            [
                (self._moving, "3f 3f", "in_position", "in_normal"),
                (context.buffer(fixed.tobytes()), "3f 2f", "in_colour", "in_gloss"),
            ],
            context.buffer(self.head.triangles.astype(np.uint32).tobytes()),
        )
        samples = min(SAMPLES, context.max_samples)
        self._target = context.framebuffer(
            [context.renderbuffer(size, 4, samples=samples)],
            context.depth_renderbuffer(size, samples=samples),
        )
        self._result = context.simple_framebuffer(size, 4)

    def frame(self, controls: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.uint8]:
        """Return the sRGB picture [height, width, 3] of the head with controls [len(names)]."""
        vertices = self.vertices(controls, names)
        moving = np.hstack([vertices, self.normals(vertices)]).tobytes()
        with self._context:  # other renderers have contexts of their own
            self._moving.write(moving)
            self._target.use()
            self._target.clear(*scene.BACKGROUND, 1)
            self._array.render()
            self._context.copy_framebuffer(self._result, self._target)
            pixels = self._result.read(components=3, alignment=1)
        bottom_up = np.frombuffer(pixels, np.uint8).reshape(self.height, self.width, 3)
        return np.ascontiguousarray(bottom_up[::-1])

    def close(self) -> None:
        """Release the context and everything in it."""
        self._context.release()

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
