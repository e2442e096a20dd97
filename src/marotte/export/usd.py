"""Write an animation as USD text: Marotte's head as a skinned mesh, or the weights alone.

The stage is in centimetres, y points up, and a time code is a frame. `/face/speech` is a
SkelAnimation with the weights of all controls; `/face/head` is the mesh, whose blend shapes have
the controls' names. With `animation.scene.weights_only` the file holds `/speech` alone, for a face
of one's own: make it the `skel:animationSource` of that face's skeleton.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from marotte.errors import MarotteError
from marotte.export import frames_with_progress
from marotte.face.animation import Animation
from marotte.face.head import Head, to_linear
from marotte.face.head_pose import NECK_MM, quaternions
from marotte.face.loading import load_head
from marotte.paths import replacing
from marotte.progress import Progress
from marotte.version import __version__

CM_PER_MM = 0.1
SMALLEST_MM = 1e-4  # smaller offsets of a blend shape are left out
_CONSTANT = '(\n            elementSize = 1\n            interpolation = "constant"\n        )'


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write the controls of any rig; the mesh moves by those that Marotte's head has.

    Raises:
        MarotteError: the rig has none of the head's controls, or the file can't be written.
    """
    alone = animation.scene.weights_only
    head = None if alone else load_head()
    if head and set(head.names).isdisjoint(animation.rig.names):
        raise MarotteError(
            f"rig {animation.rig.name!r} has none of the head's controls (its first is "
            f"{animation.rig.names[0]!r}): leave the head out with --weights-only"
        )
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        out.write(_stage(animation, "speech" if alone else "face"))
        if head is None:
            out.writelines(_skel_animation(animation, progress))
            return
        out.write(_SKELETON)
        out.writelines(_indented(_skel_animation(animation, progress)))
        out.writelines(_mesh(head))
        out.write("}\n")


def _stage(animation: Animation, default_prim: str) -> str:
    fps = f"{animation.fps:.9g}"
    return (
        "#usda 1.0\n(\n"
        f'    defaultPrim = "{default_prim}"\n'
        f'    doc = "marotte {__version__}"\n'
        f"    endTimeCode = {max(animation.n_frames - 1, 0)}\n"
        f"    framesPerSecond = {fps}\n"
        "    metersPerUnit = 0.01\n"
        "    startTimeCode = 0\n"
        f"    timeCodesPerSecond = {fps}\n"
        '    upAxis = "Y"\n'
        ")\n\n"
    )


_NECK_CM = f"({', '.join(f'{CM_PER_MM * each:g}' for each in NECK_MM)})"
_NECK = f"[((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), {_NECK_CM[:-1]}, 1))]"
_SKELETON = f"""\
def SkelRoot "face"
{{
    def Skeleton "skeleton" (
        prepend apiSchemas = ["SkelBindingAPI"]
    )
    {{
        uniform matrix4d[] bindTransforms = {_NECK}
        uniform token[] joints = ["root"]
        uniform matrix4d[] restTransforms = {_NECK}
        rel skel:animationSource = </face/speech>
    }}

"""


def _skel_animation(animation: Animation, progress: Progress | None) -> Iterator[str]:
    """Yield the weights of all frames."""
    yield 'def SkelAnimation "speech"\n{\n'
    yield f"    uniform token[] blendShapes = {_strings(animation.rig.names)}\n"
    yield "    float[] blendShapeWeights.timeSamples = {\n"
    for frame, controls in enumerate(frames_with_progress(animation, progress)):
        yield f"        {frame}: {_numbers(controls)},\n"
    yield '    }\n    uniform token[] joints = ["root"]\n'
    yield from _rotations(animation)
    yield "    half3[] scales = [(1, 1, 1)]\n"
    yield f"    float3[] translations = [{_NECK_CM}]\n}}\n"


def _rotations(animation: Animation) -> Iterator[str]:
    """Yield the rotation of the only joint: real part, then i, j, k."""
    if animation.head is None:
        yield "    quatf[] rotations = [(1, 0, 0, 0)]\n"
        return
    yield "    quatf[] rotations.timeSamples = {\n"
    for frame, quaternion in enumerate(np.roll(quaternions(animation.head), 1, axis=1)):
        yield f"        {frame}: {_vectors([quaternion])},\n"
    yield "    }\n"


def _mesh(head: Head) -> Iterator[str]:
    """Yield the mesh with its blend shapes."""
    points = head.neutral * CM_PER_MM
    yield '\n    def Mesh "head" (\n        prepend apiSchemas = ["SkelBindingAPI"]\n    )\n    {\n'
    yield f"        float3[] extent = {_vectors([points.min(0), points.max(0)])}\n"
    yield f"        int[] faceVertexCounts = {[head.faces.shape[1]] * len(head.faces)}\n"
    yield f"        int[] faceVertexIndices = {head.faces.ravel().tolist()}\n"
    yield f"        point3f[] points = {_vectors(points)}\n"
    colours = _vectors(to_linear(head.colours))
    yield f"        color3f[] primvars:displayColor = {colours} (\n"
    yield '            interpolation = "vertex"\n        )\n'
    yield f"        int[] primvars:skel:jointIndices = [0] {_CONSTANT}\n"
    yield f"        float[] primvars:skel:jointWeights = [1] {_CONSTANT}\n"
    yield f"        uniform token[] skel:blendShapes = {_strings(head.names)}\n"
    targets = ", ".join(f"</face/head/{name}>" for name in head.names)
    yield f"        rel skel:blendShapeTargets = [{targets}]\n"
    yield "        rel skel:skeleton = </face/skeleton>\n"
    for name, delta in zip(head.names, head.deltas, strict=True):
        moved = np.flatnonzero(np.abs(delta).max(1) > SMALLEST_MM)
        yield f'\n        def BlendShape "{name}"\n        {{\n'
        yield f"            uniform vector3f[] offsets = {_vectors(delta[moved] * CM_PER_MM)}\n"
        yield f"            uniform int[] pointIndices = {moved.tolist()}\n        }}\n"
    yield "    }\n"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    for text in lines:
        yield "".join(f"    {line}" for line in text.splitlines(keepends=True))


def _strings(names: Iterable[str]) -> str:
    return f"[{', '.join(json.dumps(name, ensure_ascii=False) for name in names)}]"


def _numbers(values: Iterable[float]) -> str:
    return f"[{', '.join(f'{value:.7g}' for value in values)}]"


def _vectors(rows: Iterable[Iterable[float]]) -> str:
    return f"[{', '.join('(' + ', '.join(f'{v:.6g}' for v in row) + ')' for row in rows)}]"
