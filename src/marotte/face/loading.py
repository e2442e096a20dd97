"""The path of a rig or a head in; a `Rig` or a `Head` out."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from marotte.config import parse_json
from marotte.errors import MarotteError, shown
from marotte.face.glb import read_head
from marotte.face.head import Head
from marotte.face.mesh import ENDING, load_mesh
from marotte.face.rig import Rig

ASSET = Path(__file__).parents[1] / "assets" / "head.npz"
Array = NDArray[Any]


def load_head(path: str | Path | None = None) -> Head:
    """Load a head: the one that comes with Marotte, or a GLB file with morph targets.

    Raises:
        MarotteError: the file is missing, is cut short, or is not a GLB with morph targets.

    Example:
        >>> import marotte
        >>> marotte.load_head().neutral.shape[1]
        3
    """
    if path is not None:
        return read_head(Path(path))
    with np.load(ASSET) as stored:
        neutral = stored["neutral_mm"]
        names = tuple(str(name) for name in stored["names"])
        deltas: Array = np.zeros((len(names), *neutral.shape), np.float32)
        # Stored sparse: most controls move a small part of the head. Deltas are integer steps.
        deltas[stored["delta_control"], stored["delta_vertex"]] = (
            stored["delta_steps"] * stored["step_mm"]
        )
        upper_lip, lower_lip = (int(vertex) for vertex in stored["lips"])
        return Head(
            name="marotte",
            neutral=neutral,
            deltas=deltas,
            names=names,
            faces=stored["faces"].astype(np.int32),
            parts=stored["parts"],
            colours=stored["colours"].astype(np.float32) / 255,
            upper_lip=upper_lip,
            lower_lip=lower_lip,
        )


def load_rig(path: str | os.PathLike[str]) -> Rig:
    """Load a rig from a JSON file: `{"name", "controls": [{"name", "min", "max", "speech"}]}`.

    The defaults are 0 for `min`, 1 for `max` and false for `speech`. The file of a mesh, ending in
    .npz, gives the rig of its components.

    Raises:
        MarotteError: the file is missing, is not JSON, or does not describe a rig.

    Example:
        >>> from pathlib import Path
        >>> import marotte
        >>> rig = '{"name": "two", "controls": [{"name": "jaw", "speech": true}, {"name": "brow"}]}'
        >>> _ = Path("two.json").write_text(rig)
        >>> marotte.load_rig("two.json").speech
        ('jaw',)
    """
    path = Path(path)
    if path.suffix == ENDING:
        return load_mesh(path).rig
    try:
        description: Any = parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MarotteError(f"no rig file at {path}") from error
    except (OSError, ValueError) as error:
        raise MarotteError(f"{path} is not a readable JSON rig file: {error}") from error
    table = cast("dict[str, Any]", description if isinstance(description, dict) else {})
    if not isinstance(table.get("controls"), list):
        raise MarotteError(f"{path} does not describe a rig: it needs a list 'controls'")
    controls = [_control(each, path) for each in table["controls"]]
    return Rig(
        name=str(table.get("name", path.stem)),
        names=tuple(c["name"] for c in controls),
        minimum=tuple(float(c["min"]) for c in controls),
        maximum=tuple(float(c["max"]) for c in controls),
        speech=tuple(c["name"] for c in controls if c["speech"]),
    )


def _control(described: object, path: Path) -> dict[str, Any]:
    """Return a control of a rig file with its defaults filled in."""
    values: dict[str, Any] = {}
    if isinstance(described, dict):
        values = cast("dict[str, Any]", described)
    if not isinstance(values.get("name"), str):
        raise MarotteError(
            f"{path}: every control needs a 'name', got {shown(cast('object', described))}"
        )
    control: dict[str, Any] = {"min": 0, "max": 1, "speech": False, **values}
    unknown = sorted(set(control) - {"name", "min", "max", "speech"})
    if unknown:
        raise MarotteError(
            f"{path}: {shown(control['name'])} has the unknown key {unknown[0]!r}, "
            "valid are name, min, max, speech"
        )
    for bound in ("min", "max"):
        if not isinstance(control[bound], int | float) or not math.isfinite(control[bound]):
            raise MarotteError(f"{path}: {bound!r} of {control['name']!r} is not a finite number")
    return control
