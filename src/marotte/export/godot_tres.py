"""Write an animation as Godot 4's AnimationLibrary, in its text format.

The library holds one animation, `speech`, with a blend-shape track per control. Load the file in an
AnimationPlayer (Animation > Manage Animations > Load Library). The tracks are for the mesh
`animation.scene.mesh`, seen from the player's root node. Keys that repeat both neighbours are
left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from marotte.export.keys import needed_keys
from marotte.face.animation import Animation
from marotte.paths import replacing
from marotte.progress import Progress

DECIMALS = 6


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write the controls of any rig, under the rig's own names; the head's rotation is left out.

    Raises:
        MarotteError: the file can't be written.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(_lines(animation))
    if progress:
        progress(animation.n_frames, animation.n_frames)


def _lines(animation: Animation) -> Iterator[str]:
    yield '[gd_resource type="AnimationLibrary" format=3]\n\n'
    yield '[sub_resource type="Animation" id="Animation_speech"]\n'
    yield 'resource_name = "speech"\n'
    yield f"length = {max(animation.n_frames - 1, 0) / animation.fps:.9g}\n"
    yield f"step = {1 / animation.fps:.9g}\n"
    values = np.round(animation.controls.astype(np.float64), DECIMALS) + 0.0  # turns -0 into 0
    for track, (name, curve) in enumerate(zip(animation.rig.names, values.T, strict=True)):
        keys = (
            f"{frame / animation.fps:.9g}, 1, {curve[frame]:.9g}" for frame in needed_keys(curve)
        )
        place = json.dumps(f"{animation.scene.mesh}:{name}", ensure_ascii=False)
        yield f'tracks/{track}/type = "blend_shape"\n'
        yield f"tracks/{track}/imported = false\n"
        yield f"tracks/{track}/enabled = true\n"
        yield f"tracks/{track}/path = NodePath({place})\n"
        yield f"tracks/{track}/interp = 1\n"
        yield f"tracks/{track}/loop_wrap = false\n"
        # A key is its time, its transition (1: linear) and its value.
        yield f"tracks/{track}/keys = PackedFloat32Array({', '.join(keys)})\n"
    yield '\n[resource]\n_data = {\n&"speech": SubResource("Animation_speech")\n}\n'
