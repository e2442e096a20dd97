"""Curves in; an action of a mesh's shape keys out.

An action that a mesh has already stays as it is, unless the user asks to write into it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from .curve_files import Curves
from .names import Match, Row, match, read_table

NEW, INTO = "NEW", "INTO"
EXISTING = [
    (NEW, "Make a new action", "The action that the mesh has stays in the file, unchanged"),
    (INTO, "Write into it", "Replace the keys of the same shape keys, from the first to the last"),
]
_LINEAR = 1  # the number of the interpolation in Blender's files


class KeyingError(Exception):
    """A mesh that can't be keyed; the text is a sentence for the user."""


@dataclass
class Keyed:
    """What was keyed on one mesh.

    Attributes:
        mesh: the name of the object.
        match: which curves drive which shape keys.
        moving: curves without a shape key that are not 0 all the time.
        driven: shape keys that were left out because a driver moves them.
        kept: the name of the action that the mesh had before; "" if it had none.
        last: the last frame.
    """

    mesh: str
    match: Match
    moving: list[str]
    driven: list[str]
    kept: str
    last: float


def targets(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the active mesh, then the other selected meshes that have shape keys.

    Raises:
        KeyingError: the active object has no shape keys that can be keyed.
    """
    active = context.active_object
    if active is None or active.type != "MESH":
        raise KeyingError("Select the mesh of the face first")
    check(active)
    by_keys = {active.data.shape_keys: active}  # several objects may share one mesh
    for other in context.selected_objects:
        if _can_be_keyed(other):
            by_keys.setdefault(other.data.shape_keys, other)
    return list(by_keys.values())


def check(mesh: bpy.types.Object) -> None:
    """Refuse a mesh whose shape keys can't be keyed.

    Raises:
        KeyingError: it has none, or they are absolute, or they belong to another file.
    """
    keys = mesh.data.shape_keys
    if keys is None or len(keys.key_blocks) < 2:
        raise KeyingError(f"{mesh.name} has no shape keys: select the mesh of the face")
    if not keys.use_relative:
        raise KeyingError(f"the shape keys of {mesh.name} are absolute: switch on Relative")
    if keys.library is not None:
        raise KeyingError(f"{mesh.name} is linked from another file: make a library override")


def _can_be_keyed(mesh: bpy.types.Object) -> bool:
    try:
        if mesh.type == "MESH":
            check(mesh)
            return True
    except KeyingError:
        pass
    return False


def key_names(mesh: bpy.types.Object) -> list[str]:
    """Return the names of a mesh's shape keys, without the basis."""
    keys = mesh.data.shape_keys
    return [key.name for key in keys.key_blocks if key != keys.reference_key]


def table_of(scene: bpy.types.Scene) -> list[Row]:
    """Return the lines of the scene's own table of names.

    Raises:
        KeyingError: a line has another form.
    """
    text = scene.marotte.table
    try:
        return read_table(text.as_string()) if text else []
    except ValueError as error:
        raise KeyingError(str(error)) from error


def frames_per_second(scene: bpy.types.Scene) -> float:
    """Return the scene's frame rate."""
    return scene.render.fps / scene.render.fps_base


def action_of(mesh: bpy.types.Object) -> bpy.types.Action | None:
    """Return the action of a mesh's shape keys, if it has one."""
    data = mesh.data.shape_keys.animation_data
    return data.action if data else None


def on_whole_frames(curves: Curves, fps: float) -> Curves:
    """Return the curves at whole frames of a scene, counted from the start of the sound."""
    first = np.ceil(curves.time_s[0] * fps - 1e-6)
    last = max(np.floor(curves.time_s[-1] * fps + 1e-6), first)
    return curves.at(np.arange(first, last + 1) / fps)


def key_meshes(
    meshes: Sequence[bpy.types.Object],
    curves: Curves,
    scene: bpy.types.Scene,
    *,
    name: str,
    start: float,
    existing: str = NEW,
) -> list[Keyed]:
    """Key the shape keys of meshes.

    Args:
        meshes: those to key; a mesh without a matching shape key is left out.
        curves: what to key.
        scene: whose frame rate and table of names count.
        name: the name of new actions.
        start: the frame of second 0.
        existing: what to do where a mesh has an action: `NEW` or `INTO`.

    Raises:
        KeyingError: no curve has a shape key on any mesh.
    """
    table = table_of(scene)
    matches = [match(curves.names, key_names(mesh), table) for mesh in meshes]
    if not any(each.drives for each in matches):
        faults = "".join(f"; {fault}" for fault in matches[0].faults)
        raise KeyingError(
            f"no shape key of {meshes[0].name} has the name of a curve (such as "
            f"{curves.names[0]}): write a table of names{faults}"
        )
    frames = start + curves.time_s * frames_per_second(scene)
    return [
        _key_mesh(mesh, curves, each, frames, name, existing)
        for mesh, each in zip(meshes, matches, strict=True)
        if each.drives
    ]


def _key_mesh(
    mesh: bpy.types.Object,
    curves: Curves,
    found: Match,
    frames: np.ndarray,
    name: str,
    existing: str,
) -> Keyed:
    keys = mesh.data.shape_keys
    driven = [key for key in found.drives if _has_driver(keys, key)]
    before = action_of(mesh)
    if before and existing == NEW:
        before.use_fake_user = True  # else Blender would drop the action when the file is saved
    fcurves = _fcurves(keys, name, existing)
    column = {name: index for index, name in enumerate(curves.names)}
    for key, sources in found.drives.items():
        if key not in driven:
            weights = np.zeros(len(curves.names))
            for source, factor in sources.items():
                weights[column[source]] = factor
            _write(fcurves, _path(key), frames, curves.values @ weights)
    moves = np.abs(curves.values).max(axis=0) > 1e-4
    moving = [each for each in found.unmatched if moves[column[each]]]
    kept = before.name if before and existing == NEW else ""
    return Keyed(mesh.name, found, moving, driven, kept, float(frames[-1]))


def _path(key: str) -> str:
    return f'key_blocks["{bpy.utils.escape_identifier(key)}"].value'


def _has_driver(keys: bpy.types.Key, key: str) -> bool:
    data = keys.animation_data
    return data is not None and any(driver.data_path == _path(key) for driver in data.drivers)


def _fcurves(keys: bpy.types.Key, name: str, existing: str) -> bpy.types.bpy_prop_collection:
    """Return the curves of the action to write to, which becomes that of the shape keys."""
    data = keys.animation_data or keys.animation_data_create()
    if data.action is None or existing == NEW:
        data.action = bpy.data.actions.new(name)
    action = data.action
    if not hasattr(action, "slots"):  # before Blender 4.4
        return action.fcurves
    if data.action_slot is None:
        data.action_slot = action.slots.new(id_type="KEY", name=keys.name)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(data.action_slot, ensure=True).fcurves


def _write(
    fcurves: bpy.types.bpy_prop_collection, path: str, frames: np.ndarray, values: np.ndarray
) -> None:
    """Write keys; those that repeat both neighbours are left out.

    Keys before and after the written ones stay, those between them go.
    """
    needed = np.ones(len(values), bool)
    needed[1:-1] = (values[1:-1] != values[:-2]) | (values[1:-1] != values[2:])
    points = np.stack([frames[needed], values[needed]], axis=1)
    curve = fcurves.find(path) or fcurves.new(path)
    stored = curve.keyframe_points
    for index in reversed(range(len(stored))):
        if frames[0] - 0.5 < stored[index].co.x < frames[-1] + 0.5:
            stored.remove(stored[index], fast=True)
    n_before = len(stored)
    stored.add(len(points))
    for attribute, size, new in (("co", 2, points.ravel()), ("interpolation", 1, _LINEAR)):
        array = np.zeros(len(stored) * size, np.float32 if size == 2 else np.int32)
        stored.foreach_get(attribute, array)
        array[n_before * size :] = new
        stored.foreach_set(attribute, array)
    stored.sort()
    curve.update()  # handles follow their keys
