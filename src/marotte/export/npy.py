"""Write the vertices of an animation, as CodeTalker and VOCA-style tools do.

One array, float32 [n_frames, n_vertices * 3]. If the controls are components of a mesh, the
vertices are the mesh's, in the unit that it was fitted from; else they are the packaged head's,
in mm.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from marotte.face.animation import Animation
from marotte.face.loading import load_head
from marotte.paths import replacing
from marotte.progress import Progress

BLOCK_FRAMES = 128


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write the array; only a few seconds of frames are in memory at a time.

    Raises:
        MarotteError: the head has none of the rig's controls, or the file can't be written.
    """
    mesh = animation.mesh
    if mesh:
        rest, matrix, unit_mm = mesh.rest, mesh.components, np.float32(mesh.unit_mm)
    else:
        (rest, matrix), unit_mm = load_head().basis(animation.rig.names), np.float32(1)
    header = {"descr": "<f4", "fortran_order": False, "shape": (animation.n_frames, len(rest))}
    with replacing(path) as temporary, temporary.open("wb") as out:
        np.lib.format.write_array_header_1_0(out, header)
        for first in range(0, animation.n_frames, BLOCK_FRAMES):
            block = animation.controls[first : first + BLOCK_FRAMES].astype(np.float32)
            out.write(((rest + block @ matrix) / unit_mm).astype("<f4").tobytes())
            if progress:
                progress(min(first + BLOCK_FRAMES, animation.n_frames), animation.n_frames)
