"""Render a head with its controls as pictures: by OpenGL, or more slowly in NumPy."""

from __future__ import annotations

from marotte.face.head import Head
from marotte.face.scene import BACKGROUND, Colour
from marotte.render.opengl import GlRenderer, NoGlError
from marotte.render.scene import Renderer, View
from marotte.render.software import SoftwareRenderer

__all__ = ["GlRenderer", "NoGlError", "Renderer", "SoftwareRenderer", "View", "open_renderer"]


def open_renderer(
    head: Head,
    size: tuple[int, int] = (640, 640),
    view: View = "face",
    background: Colour | None = BACKGROUND,
) -> Renderer:
    """Return a renderer for a head: OpenGL if there is any, else a slower one whose `note` says so.

    Args:
        head: the head to draw.
        size: width and height in pixels.
        view: `face` or `profile` for the whole face, `mouth` for a close-up of the lips.
        background: sRGB within 0..1; None for pictures with alpha.

    Raises:
        MarotteError: there is no such view, or the size is zero.
    """
    try:
        return GlRenderer(head, size, view, background)
    except NoGlError as reason:
        note = f"rendering without GL, which is slower and less smooth ({reason})"
        return SoftwareRenderer(head, size, view, note, background)
