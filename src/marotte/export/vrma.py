"""Write an animation as a VRM animation (.vrma), for any VRM 1.0 avatar.

A GLB file without a mesh: each expression is a node, and the x of its translation is the weight.
By default these are the presets that all avatars have, aa, ih, ou, ee, oh and the blinks. With
`animation.scene.perfect_sync`, they are the rig's own names, for avatars with ARKit's 52
expressions. The head's rotation moves the humanoid bone `head`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.export.glb_builder import GlbBuilder
from marotte.export.naming import VRM, in_naming
from marotte.face.animation import Animation
from marotte.face.head_pose import quaternions
from marotte.paths import replacing
from marotte.progress import Progress
from marotte.version import __version__

EXTENSION = "VRMC_vrm_animation"
BONES = {"hips": (0.0, 0.9, 0.0), "spine": (0.0, 0.2, 0.0), "head": (0.0, 0.4, 0.0)}
"""The bones from the hips up, each with its place on the one before in metres."""


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write the expressions and the head's rotation.

    Raises:
        MarotteError: the rig has no control that opens the mouth, or the file can't be written.
    """
    if not animation.scene.perfect_sync and animation.rig.names != VRM:
        animation = in_naming(animation, "vrm")
    glb = GlbBuilder()
    names = animation.rig.names
    first = len(BONES)
    expressions = {name: {"node": first + i} for i, name in enumerate(names)}
    preset = {name: node for name, node in expressions.items() if name in VRM}
    custom = {name: node for name, node in expressions.items() if name not in VRM}
    bones = {name: {"node": i} for i, name in enumerate(BONES)}
    document = {
        "asset": {"version": "2.0", "generator": f"marotte {__version__}"},
        "extensionsUsed": [EXTENSION],
        "extensions": {
            EXTENSION: {
                "specVersion": "1.0",
                "humanoid": {"humanBones": bones},
                "expressions": {"preset": preset, "custom": custom},
            }
        },
        "scene": 0,
        "scenes": [{"nodes": [0, *range(first, first + len(names))]}],
        "nodes": [*_skeleton(), *({"name": name} for name in names)],
        "animations": [_tracks(glb, animation)],
    }
    with replacing(path) as temporary, temporary.open("wb") as out:
        out.writelines(glb.encode(document))
    if progress:
        progress(animation.n_frames, animation.n_frames)


def _skeleton() -> list[dict[str, Any]]:
    """Return the bones' nodes, each the child of the one before."""
    nodes: list[dict[str, Any]] = []
    for number, (name, place) in enumerate(BONES.items(), start=1):
        child = {"children": [number]} if number < len(BONES) else {}
        nodes.append({"name": name, "translation": list(place), **child})
    return nodes


def _tracks(glb: GlbBuilder, animation: Animation) -> dict[str, Any]:
    """Return a track per expression, and one for the head if it moves."""
    tracks: list[tuple[int, str, NDArray[np.float32]]] = []
    for node, values in enumerate(animation.controls.T, start=len(BONES)):
        weights = np.zeros((animation.n_frames, 3), np.float32)
        weights[:, 0] = np.clip(values, 0, 1)
        tracks.append((node, "translation", weights))
    if animation.head is not None:
        tracks.append((list(BONES).index("head"), "rotation", quaternions(animation.head)))
    return glb.animation(animation.n_frames, animation.fps, tracks)
