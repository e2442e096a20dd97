"""The frame rates that an animation can have."""

from __future__ import annotations

from marotte.errors import MarotteError

LOWEST_FPS, HIGHEST_FPS = 0.001, 1000.0


def check_fps(fps: float) -> None:
    """Refuse an impossible frame rate.

    Raises:
        MarotteError: the rate is not within 0.001 to 1000 frames per second.

    Example:
        >>> from marotte.face.frame_rate import check_fps
        >>> check_fps(29.97)
    """
    if not LOWEST_FPS <= fps <= HIGHEST_FPS:
        raise MarotteError(
            f"fps must be {LOWEST_FPS:g} to {HIGHEST_FPS:g} frames per second, got {fps:g}"
        )
