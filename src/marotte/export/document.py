"""What the pages share: the bundled program, a head as arrays, and one HTML document of them.

A document is a template with slots: the program and its style (bundled from `web` when the package
is built), facts (JSON) and arrays (gzip in base64), so that nothing more has to be fetched.
"""

from __future__ import annotations

import gzip
import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.head import PARTS, Head, subdivide
from marotte.version import __version__

Array = NDArray[Any]


def pieces(
    name: str,
    facts: dict[str, Any],
    arrays: dict[str, Array],
    sound: Iterable[str] = (),
    may: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """A document, piece by piece.

    Args:
        name: which page: its program is `name.html`, `.css` and `.js` of the bundle, after the
            `stage.js` that both pages draw with.
        facts: what the page reads as JSON; its `title` is the document's.
        arrays: what the page reads as arrays, by name.
        sound: a FLAC file in base64.
        may: directives of the content security policy, and the sources that they get beyond
            what every page may: run its own program, show its own style, play its own sound.

    Raises:
        MarotteError: the page's program is not there.
    """
    program = {ending: bundled(f"{name}.{ending}") for ending in ("html", "css", "js")}
    program["js"] = bundled("stage.js") + program["js"]
    kinds = [
        {"name": name, "type": str(array.dtype), "length": array.size}
        for name, array in arrays.items()
    ]
    slots: dict[str, Iterable[str]] = {
        "policy": [_policy(program, may or {})],
        "generator": [f"marotte {__version__}"],
        "title": [html.escape(facts["title"])],
        "style": [program["css"]],
        "facts": [_json_in_html({**facts, "arrays": kinds})],
        "arrays": [_packed(arrays.values())],
        "sound": sound,
        "script": [program["js"]],
    }
    return _filled(program["html"], slots)


def bundled(name: str) -> str:
    """A file of the page's program, with plain line ends."""
    try:
        return (files("marotte") / "web" / "dist" / name).read_text("utf-8")
    except FileNotFoundError as error:
        raise MarotteError(
            f"this copy of Marotte lacks the page's program ({name}), which is bundled when the "
            "package is built: install it with 'pip install .' in its source folder"
        ) from error


def _policy(program: Mapping[str, str], may: Mapping[str, str]) -> str:
    """What the page may do; what no directive names is forbidden."""

    def digest(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    directives = {
        "default-src": "'none'",
        "script-src": digest(program["js"]),
        "style-src": digest(program["css"]),
        "media-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    for directive, sources in may.items():
        directives[directive] = f"{directives.get(directive, '')} {sources}".strip()
    return "; ".join(f"{directive} {sources}" for directive, sources in directives.items())


def _filled(template: str, slots: dict[str, Iterable[str]]) -> Iterator[str]:
    """The template with each `{{name}}` filled; what is filled in is not searched again."""
    for place, piece in enumerate(re.split(r"\{\{(\w+)\}\}", template)):
        if place % 2:
            yield from slots[piece]
        else:
            yield piece


def _json_in_html(value: Any) -> str:
    """JSON that can't close the script element it stands in."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _packed(arrays: Iterable[Array]) -> str:
    content = b"".join(little_endian(array) for array in arrays)
    # Level 9 takes six times as long for a hundredth less. Without a date in it, the same animation
    # gives the same page.
    return b64encode(gzip.compress(content, 6, mtime=0)).decode()


def head_content(head: Head, targets: list[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """The head, smoothed, with only these controls; places plane by plane, which packs better."""
    deltas = head.deltas[[head.names.index(name) for name in targets]]
    head = subdivide(replace(head, names=tuple(targets), deltas=deltas))
    order = np.argsort(head.parts, kind="stable")
    triangles = replace(head, faces=head.faces[order]).triangles
    corners = np.bincount(head.parts, minlength=len(PARTS)) * (triangles.size // len(head.faces))
    neutral_step = float(np.abs(head.neutral).max()) / 0x7FFF
    delta_steps = [float(np.abs(delta).max() or 1) / 0x7FFF for delta in head.deltas]
    planes = [
        np.rint(np.transpose(place) / step).astype(np.int16)
        for place, step in zip(
            [head.neutral, *head.deltas], [neutral_step, *delta_steps], strict=True
        )
    ]
    shape = {
        "neutralStep": neutral_step,
        "deltaSteps": delta_steps,
        "targets": targets,
        "parts": [
            {"name": name, "corners": int(n)} for name, n in zip(PARTS, corners, strict=True)
        ],
    }
    arrays = {
        "neutral": planes[0],
        "deltas": np.stack(planes[1:]) if targets else np.zeros(0, np.int16),
        "triangles": triangles.astype(np.uint16),
        "colours": np.rint(head.colours * 255).astype(np.uint8),
    }
    return shape, arrays


def little_endian(values: NDArray[Any]) -> bytes:
    """An array's numbers in the order of bytes that files hold, whatever the machine's own."""
    kind = str(values.dtype.str)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return values.astype("<" + kind[1:]).tobytes()
