"""Set keys on blendShape nodes from a file of `marotte animate`."""

import math
from pathlib import Path

import maya.api.OpenMaya as om
import maya.cmds as cmds
import maya.mel as mel

from . import names, takes
from .receiver import targets

LINEAR = {"inTangentType": "linear", "outTangentType": "linear"}


def load(path, *nodes, start=None, head=None, sound=None, replace=False):
    """Set keys from a take; one undo takes all of it back.

    Args:
        path: the take, .json or .csv.
        nodes: blendShape nodes; none: what is selected.
        start: the frame at which the sound starts; None: where the playback range starts.
        head: a node whose rotateY, rotateX and rotateZ follow the head (.csv only).
        sound: a WAV or AIFF file for the time slider.
        replace: whether keys of the attributes are removed first.

    Returns:
        The controls that move no attribute.

    Raises:
        ValueError: the file is not a take, no attribute fits, or attributes have keys already.
    """
    take = takes.read(path)
    if sound and not Path(sound).is_file():
        raise ValueError(f"there is no sound {sound}")
    curves, missing = _curves(take, nodes or tuple(cmds.ls(selection=True) or ()), head)
    _check_free(curves, replace)
    start = cmds.playbackOptions(query=True, minTime=True) if start is None else start
    frames = [start + time * scene_fps() for time in take.times]
    cmds.undoInfo(openChunk=True, chunkName="marotte")
    try:
        for attribute, values in curves.items():
            _set_keys(attribute, frames, values, replace)
        if cmds.playbackOptions(query=True, maxTime=True) < frames[-1]:
            cmds.playbackOptions(maxTime=math.ceil(frames[-1]))
        if sound:
            _add_sound(sound, start)
    finally:
        cmds.undoInfo(closeChunk=True)
    print(f"marotte: {len(frames)} frames on {len(curves)} attributes")
    if missing:
        print(f"marotte: no target for {', '.join(missing)}")
    return missing


def scene_fps():
    """Return the scene's frames per second."""
    return om.MTime(1.0, om.MTime.kSeconds).asUnits(om.MTime.uiUnit())


def _curves(take, nodes, head):
    """Return attribute -> values, and the controls that move no attribute."""
    if not nodes:
        raise ValueError("name a blendShape node: load('voice.json', 'blendShape1')")
    matched, missing = names.attributes(nodes, take.names, targets)
    if not matched:
        raise ValueError(
            f"none of the targets of {', '.join(nodes)} is one of the take's controls "
            f"(its first is {take.names[0]!r}): rename the targets"
        )
    columns = dict(zip(take.names, zip(*take.rows)))
    curves = {
        attribute: columns[control] for control, moved in matched.items() for attribute in moved
    }
    if head and take.head is None:
        raise ValueError("the take has no head: use the .csv that `marotte animate` writes")
    if head:
        for axis, angles in zip("YXZ", zip(*take.head)):
            curves[f"{head}.rotate{axis}"] = [math.degrees(angle) for angle in angles]
    return curves, missing


def _check_free(curves, replace):
    keyed = [each for each in curves if cmds.keyframe(each, query=True, keyframeCount=True)]
    if keyed and not replace:
        raise ValueError(
            f"{len(keyed)} attributes have keys already, e.g. {keyed[0]}: pass replace=True to "
            "remove these keys"
        )


def _set_keys(attribute, frames, values, replace):
    if replace:
        cmds.cutKey(attribute, clear=True)
    last = len(values) - 1
    for i, (frame, value) in enumerate(zip(frames, values)):
        # Keys that repeat both neighbours are left out.
        if i in (0, last) or not values[i - 1] == value == values[i + 1]:
            cmds.setKeyframe(attribute, time=frame, value=value, **LINEAR)


def _add_sound(path, start):
    node = cmds.sound(file=str(path), offset=start)
    if not cmds.about(batch=True):
        slider = mel.eval("$marotteSlider = $gPlayBackSlider")
        cmds.timeControl(slider, edit=True, sound=node, displaySound=True)
