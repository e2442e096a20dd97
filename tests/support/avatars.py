"""Small avatars as GLB and VRM files: a grid of vertices whose shapes each move a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from marotte.export.glb_builder import GlbBuilder, bounds

SIDE = 8  # vertices along an edge
WIDTH_M, HEIGHT_M, CENTRE_M = 0.16, 0.2, 1.6
MOVED_M = 0.02
VRM1_VOWELS = ("aa", "ih", "ou", "ee", "oh", "blinkLeft", "blinkRight")
VRM0_VOWELS = ("a", "i", "u", "e", "o", "blink_l", "blink_r")


def avatar(
    names: Sequence[str], extensions: dict[str, Any] | None = None, **document: Any
) -> bytes:
    """Return a GLB file with a shape for each name.

    The shape number k moves vertex k, and the one after the last vertex is the first again. Names
    with "jaw" or "aa" move the lower half down.
    """
    across, up = np.meshgrid(np.linspace(-0.5, 0.5, SIDE), np.linspace(-0.5, 0.5, SIDE))
    depth = 0.05 * np.cos(np.pi * across) * np.cos(np.pi * up)
    grid = np.stack([across * WIDTH_M, CENTRE_M + up * HEIGHT_M, depth], axis=-1)
    positions = grid.reshape(-1, 3).astype(np.float32)
    corner = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).ravel()[:, None]
    triangles = corner + np.array([0, 1, SIDE + 1, 0, SIDE + 1, SIDE])
    glb = GlbBuilder()
    targets = [{"POSITION": glb.accessor(d, **bounds(d))} for d in deltas(names, positions)]
    primitive = {
        "attributes": {"POSITION": glb.accessor(positions, **bounds(positions))},
        "indices": glb.accessor(triangles.ravel().astype(np.uint16)),
        "targets": targets,
    }
    description = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "face", "mesh": 0}],
        "meshes": [{"primitives": [primitive], "extras": {"targetNames": [*names]}}],
    }
    if extensions:
        description |= {"extensions": extensions, "extensionsUsed": [*extensions]}
    return b"".join(glb.encode(description | document))


def deltas(names: Sequence[str], positions: np.ndarray) -> list[np.ndarray]:
    """Return what each shape adds to the positions."""
    found = []
    for number, name in enumerate(names):
        delta = np.zeros_like(positions)
        delta[number % len(positions), 2] = MOVED_M
        if "jaw" in name.lower() or "aa" in name.lower():
            delta[positions[:, 1] < CENTRE_M, 1] = -MOVED_M
        found.append(delta)
    return found


def vrm1() -> bytes:
    """Return an avatar of VRM 1 whose shapes have names of no meaning."""
    binds = {
        name: {"morphTargetBinds": [{"node": 0, "index": index, "weight": 1.0}]}
        for index, name in enumerate(VRM1_VOWELS)
    }
    vrm = {"specVersion": "1.0", "expressions": {"preset": binds}}
    return avatar([f"shape{n}_aa" for n in range(7)], {"VRMC_vrm": vrm})


def vrm0() -> bytes:
    """Return an avatar of VRM 0 whose shapes have names of no meaning."""
    groups = [
        {"name": name, "presetName": name, "binds": [{"mesh": 0, "index": index, "weight": 100}]}
        for index, name in enumerate(VRM0_VOWELS)
    ]
    master = {"blendShapeMaster": {"blendShapeGroups": groups}}
    return avatar([f"shape{n}_aa" for n in range(7)], {"VRM": master})
