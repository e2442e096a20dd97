"""Vertices to pixels: a head and its controls in, pictures out; by GL or, slower, without it."""

from __future__ import annotations

from marotte.face.head import Head
from marotte.render.opengl import GlRenderer, NoGlError
from marotte.render.scene import Renderer, View
from marotte.render.software import SoftwareRenderer

__all__ = ["GlRenderer", "NoGlError", "Renderer", "SoftwareRenderer", "View", "open_renderer"]


def open_renderer(head: Head, size: tuple[int, int] = (640, 640), view: View = "face") -> Renderer:
    """A renderer for a head: GL where there is any, else a slower one whose `note` says so.

    Args:
        head: what to draw.
        size: width and height in pixels.
        view: `face` or `profile` for the whole face, `mouth` for the lips from nearby.
    """
    try:
        return GlRenderer(head, size, view)
    except NoGlError as reason:
        note = f"drawing without GL, which is slower and less smooth ({reason})"
        return SoftwareRenderer(head, size, view, note)
