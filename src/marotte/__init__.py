"""Marotte: a voice becomes a moving face, on the device that plays it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from marotte.version import __version__

if TYPE_CHECKING:
    from marotte.audio.recording import open_recording
    from marotte.face.animation import Animation
    from marotte.face.loading import load_rig
    from marotte.face.rig import ARKIT_52
    from marotte.infer.offline import animate
    from marotte.model.session import load_student


__all__ = [
    "ARKIT_52",
    "Animation",
    "__version__",
    "animate",
    "load_rig",
    "load_student",
    "open_recording",
]

_HOMES = {
    "ARKIT_52": "face.rig",
    "Animation": "face.animation",
    "animate": "infer.offline",
    "load_rig": "face.loading",
    "load_student": "model.session",
    "open_recording": "audio.recording",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import marotte` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
