"""The one rule for names that become the names of files and folders.

A name in a rig, a mesh, a recipe or a corpus may come from anybody. It must not lead out of the
folder that it is used in, hide a file, or be too long for a file system.
"""

from __future__ import annotations

import re
from pathlib import Path

from marotte.errors import MarotteError

LONGEST_NAME = 64
_NAME = re.compile(rf"(?!\.)[A-Za-z0-9._-]{{1,{LONGEST_NAME}}}")


def is_name(name: str) -> bool:
    """Return whether a name can be the name of a file or folder; see `check_name`.

    Example:
        >>> from marotte.names import is_name
        >>> is_name("captured"), is_name("voice2face:runs/mine")
        (True, False)
    """
    return _NAME.fullmatch(name) is not None


def check_name(name: str, what: str) -> str:
    """Return a name that can be the name of a file or folder on every system.

    Args:
        name: the name.
        what: what has the name, for the message, e.g. `the rig in face.json`.

    Raises:
        MarotteError: the name is not 1 to 64 letters of a to z, digits, dots, hyphens and
            underscores, or begins with a dot.

    Example:
        >>> from marotte.names import check_name
        >>> check_name("my-rig_2.0", "the rig")
        'my-rig_2.0'
        >>> check_name("../secrets", "the rig")
        Traceback (most recent call last):
        marotte.errors.MarotteError: the rig has the name '../secrets': use 1 to 64 letters a to \
z, digits, '-', '_' and '.', and no '.' at its beginning
    """
    if is_name(name):
        return name
    shown = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
    raise MarotteError(
        f"{what} has the name {shown!r}: use 1 to {LONGEST_NAME} letters a to z, digits, "
        "'-', '_' and '.', and no '.' at its beginning"
    )


def path_inside(folder: Path, name: str, what: str) -> Path:
    """Return the path of a file below a folder, named after something with `/` in its name.

    Args:
        folder: the folder.
        name: a relative path with `/` between its parts, e.g. the id of an utterance.
        what: what has the name, for the message.

    Raises:
        MarotteError: the path leads out of the folder.

    Example:
        >>> from pathlib import Path
        >>> from marotte.names import path_inside
        >>> path_inside(Path("vertices"), "me/anna/one.npy", "an utterance").as_posix()
        'vertices/me/anna/one.npy'
    """
    parts = re.split(r"[/\\]", name)
    if any(part in ("", ".", "..") for part in parts) or re.search(r"[:\0]", name):
        raise MarotteError(f"{what} has the name {name!r}, which is not a path below {folder}")
    return folder / name
