"""Marotte: a voice becomes a moving face, on the device that plays it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from marotte.animation import Animation
    from marotte.audio import open_recording
    from marotte.pipeline import animate
    from marotte.rig import ARKIT_52, load_rig
    from marotte.runtime import load_student

__version__ = "0.1.0"

__all__ = ["ARKIT_52", "Animation", "animate", "load_rig", "load_student", "open_recording"]

_HOMES = {
    "ARKIT_52": "rig",
    "Animation": "animation",
    "animate": "pipeline",
    "load_rig": "rig",
    "load_student": "runtime",
    "open_recording": "audio",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import marotte` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
