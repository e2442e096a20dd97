"""Marotte: a voice becomes a moving face, on the device that plays it.

>>> import marotte
>>> model = marotte.load("live")
>>> animation = model.animate("voice.wav", fps=60)
>>> animation.save("face.csv", "face.glb")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from marotte.version import __version__

if TYPE_CHECKING:
    from marotte.api import Model, available_models, load
    from marotte.audio.recording import Recording, open_recording
    from marotte.errors import MarotteError
    from marotte.face.animation import Animation, Frame
    from marotte.face.head import Head
    from marotte.face.loading import load_head, load_rig
    from marotte.face.mesh import Mesh, load_mesh
    from marotte.face.rig import ARKIT_52, Rig
    from marotte.infer.stream import Stream

__all__ = [
    "ARKIT_52",
    "Animation",
    "Frame",
    "Head",
    "MarotteError",
    "Mesh",
    "Model",
    "Recording",
    "Rig",
    "Stream",
    "__version__",
    "available_models",
    "load",
    "load_head",
    "load_mesh",
    "load_rig",
    "open_recording",
]

_MODULES = {
    "ARKIT_52": "marotte.face.rig",
    "Animation": "marotte.face.animation",
    "Frame": "marotte.face.animation",
    "Head": "marotte.face.head",
    "MarotteError": "marotte.errors",
    "Mesh": "marotte.face.mesh",
    "Model": "marotte.api",
    "Recording": "marotte.audio.recording",
    "Rig": "marotte.face.rig",
    "Stream": "marotte.infer.stream",
    "available_models": "marotte.api",
    "load": "marotte.api",
    "load_head": "marotte.face.loading",
    "load_mesh": "marotte.face.mesh",
    "load_rig": "marotte.face.loading",
    "open_recording": "marotte.audio.recording",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import marotte` is instant."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, for tab completion."""
    return sorted(__all__)
