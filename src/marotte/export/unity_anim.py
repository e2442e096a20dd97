"""Write an animation as a Unity animation clip: text that Unity imports as an asset.

The clip animates the blend shapes of one skinned mesh, 0..100, linearly between keys. Drop the file
into a project's `Assets` folder, and play it on the object that the mesh lies below. The mesh's
place is `animation.scene.mesh`. Keys that repeat both neighbours are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from marotte.export.keys import needed_keys
from marotte.face.animation import Animation
from marotte.paths import replacing
from marotte.progress import Progress

PERCENT = 100  # Unity's blend shape weights
DECIMALS = 4  # of percent
SKINNED_MESH, BLEND_SHAPE = 137, 20  # class of the renderer; kind of the binding
LINEAR = 69  # tangents of a key: linear on both sides
_NOTHING = "{fileID: 0}"

_HEADER = """\
%YAML 1.1
%TAG !u! tag:unity3d.com,2011:
--- !u!74 &7400000
AnimationClip:
  m_ObjectHideFlags: 0
  m_CorrespondingSourceObject: {fileID: 0}
  m_PrefabInstance: {fileID: 0}
  m_PrefabAsset: {fileID: 0}
  m_Name: speech
  serializedVersion: 6
  m_Legacy: 0
  m_Compressed: 0
  m_UseHighQualityCurve: 1
  m_RotationCurves: []
  m_CompressedRotationCurves: []
  m_EulerCurves: []
  m_PositionCurves: []
  m_ScaleCurves: []
"""
_SETTINGS = """\
  m_AnimationClipSettings:
    serializedVersion: 2
    m_AdditiveReferencePoseClip: {{fileID: 0}}
    m_AdditiveReferencePoseTime: 0
    m_StartTime: 0
    m_StopTime: {stop}
    m_OrientationOffsetY: 0
    m_Level: 0
    m_CycleOffset: 0
    m_HasAdditiveReferencePose: 0
    m_LoopTime: 0
    m_LoopBlend: 0
    m_LoopBlendOrientation: 0
    m_LoopBlendPositionY: 0
    m_LoopBlendPositionXZ: 0
    m_KeepOriginalOrientation: 0
    m_KeepOriginalPositionY: 1
    m_KeepOriginalPositionXZ: 0
    m_HeightFromFeet: 0
    m_Mirror: 0
"""
_END = """\
  m_EulerEditorCurves: []
  m_HasGenericRootTransform: 0
  m_HasMotionFloatCurves: 0
  m_Events: []
"""


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write the controls of any rig, under the rig's own names; the head's rotation is left out.

    Raises:
        MarotteError: the file can't be written.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as out:
        out.write(_HEADER)
        out.write("  m_FloatCurves:\n")
        out.writelines(_curves(animation))
        out.write("  m_PPtrCurves: []\n")
        out.write(f"  m_SampleRate: {_number(animation.fps)}\n  m_WrapMode: 0\n")
        out.write(
            "  m_Bounds:\n    m_Center: {x: 0, y: 0, z: 0}\n    m_Extent: {x: 0, y: 0, z: 0}\n"
        )
        out.writelines(_bindings(animation))
        out.write(_SETTINGS.format(stop=_number(_last_s(animation))))
        # The editor shows its own copy of the curves.
        out.write("  m_EditorCurves:\n")
        out.writelines(_curves(animation))
        out.write(_END)
    if progress:
        progress(animation.n_frames, animation.n_frames)


def _last_s(animation: Animation) -> float:
    return max(animation.n_frames - 1, 0) / animation.fps


def _curves(animation: Animation) -> Iterator[str]:
    """Yield each control's curve."""
    percent = np.round(animation.controls.astype(np.float64) * PERCENT, DECIMALS) + 0.0
    mesh = _text(animation.scene.mesh)
    for name, values in zip(animation.rig.names, percent.T, strict=True):
        yield "  - curve:\n      serializedVersion: 2\n      m_Curve:\n"
        yield from _keys(values, animation.fps)
        yield "      m_PreInfinity: 2\n      m_PostInfinity: 2\n      m_RotationOrder: 4\n"
        yield f"    attribute: {_text(f'blendShape.{name}')}\n    path: {mesh}\n"
        yield f"    classID: {SKINNED_MESH}\n    script: {_NOTHING}\n"


def _keys(values: NDArray[np.float64], fps: float) -> Iterator[str]:
    """Yield the keys of a curve [n_frames]."""
    kept = needed_keys(values)
    slopes = np.diff(values[kept]) / np.maximum(np.diff(kept), 1) * fps
    before, after = np.append(0.0, slopes), np.append(slopes, 0.0)
    slopes_in, slopes_out = before.tolist(), after.tolist()
    for frame, slope_in, slope_out in zip(kept.tolist(), slopes_in, slopes_out, strict=False):
        yield (
            "      - serializedVersion: 3\n"
            f"        time: {_number(frame / fps)}\n"
            f"        value: {_number(float(values[frame]))}\n"
            f"        inSlope: {_number(slope_in)}\n"
            f"        outSlope: {_number(slope_out)}\n"
            f"        tangentMode: {LINEAR}\n"
            "        weightedMode: 0\n"
            "        inWeight: 0.33333334\n"
            "        outWeight: 0.33333334\n"
        )


def _bindings(animation: Animation) -> Iterator[str]:
    """Yield what each curve is bound to: Unity looks names up by their CRC-32."""
    yield "  m_ClipBindingConstant:\n    genericBindings:\n"
    for name in animation.rig.names:
        yield (
            "    - serializedVersion: 2\n"
            f"      path: {crc32(animation.scene.mesh.encode())}\n"
            f"      attribute: {crc32(name.encode())}\n"
            f"      script: {_NOTHING}\n"
            f"      typeID: {SKINNED_MESH}\n"
            f"      customType: {BLEND_SHAPE}\n"
            "      isPPtrCurve: 0\n"
        )
    yield "    pptrCurveMapping: []\n"


def _number(value: float) -> str:
    return f"{value:.9g}"


def _text(value: str) -> str:
    """Return a string in YAML; names beyond letters and digits are quoted as in JSON."""
    plain = value.isascii() and value.replace("_", "").replace("/", "").replace(".", "").isalnum()
    return value if plain else json.dumps(value)
