"""A control's name and a node's attributes in; the attributes that the control moves out.

Case, prefixes and separators do not matter, and L and R are Left and Right: `jawOpen` is also
`head_JawOpen` and `jaw_open`, `eyeBlinkLeft` is also `eyeBlink_L`. A control without a side moves
both sides if the node has only those: `browInnerUp` moves `browInnerUp_L` and `browInnerUp_R`.
"""

import re

SHORTEST_WITH_PREFIX = 4  # shorter names are the ends of too many others


def find(control, shapes):
    """Return the indices of the shapes that a control moves.

    Example:
        >>> find("eyeBlinkLeft", ["face_eyeBlink_L", "face_eyeBlink_R"])
        [0]
    """
    plain = "".join(_words(control))
    found = [i for i, shape in enumerate(shapes) if shape == control]
    found = found or [i for i, shape in enumerate(shapes) if _means(shape, plain)]
    sides = (plain + "left", plain + "right")
    return found or [i for side in sides for i, shape in enumerate(shapes) if _means(shape, side)]


def _means(shape, plain):
    words = _words(shape)
    if "".join(words) == plain:
        return True
    ends = ["".join(words[first:]) for first in range(1, len(words))]
    return len(plain) >= SHORTEST_WITH_PREFIX and plain in ends


def _words(name):
    """Split a name at what is neither a letter nor a digit, in lower case; write the side out."""
    words = re.findall(r"[^\W_]+", name)
    side = re.search(r"(?:(?<=[a-z])[LR]|(?<=[\W_])[LRlr])$", name)
    if side:
        words[-1] = words[-1][:-1] + ("Left" if side.group() in "Ll" else "Right")
    return [word.lower() for word in words]


def attributes(nodes, controls, list_attributes):
    """Return the attributes that each control moves, and the controls that move none.

    Args:
        nodes: blendShape nodes.
        controls: names.
        list_attributes: returns a node's names of targets, as `cmds.listAttr(node + ".w")` does.

    Returns:
        control -> attributes such as "blendShape1.jawOpen", and a list of the other controls.
    """
    targets = {node: list_attributes(node) for node in nodes}
    matched, missing = {}, []
    for control in controls:
        moved = [
            f"{node}.{names[i]}" for node, names in targets.items() for i in find(control, names)
        ]
        if moved:
            matched[control] = moved
        else:
            missing.append(control)
    return matched, missing
