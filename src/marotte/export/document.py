"""Render the HTML pages: the bundled program, a head and other arrays become one HTML document.

A document is a template with slots: the program and its style (bundled from `web/src` when the
package is built), facts (JSON) and arrays (gzip in base64). The browser fetches nothing else.
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

LEAST_STEP_MM = 0.002  # of a moving vertex: finer steps don't show and compress badly
TEXTURES = "blob:"  # the source of an avatar's textures, which the page makes of the avatar's file
AVATAR_POLICY = {"connect-src": TEXTURES, "img-src": f"data: {TEXTURES}"}

Array = NDArray[Any]


def render(
    name: str,
    facts: dict[str, Any],
    arrays: dict[str, Array],
    sound: Iterable[str] = (),
    policy: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Yield a document's text in parts.

    Args:
        name: the page. Its program is `name.html`, `.css` and `.js` of the bundle, after
            `stage.js`, which draws the head on both pages.
        facts: what the page reads as JSON; `facts["title"]` is the document's title.
        arrays: what the page reads as arrays, by name.
        sound: a FLAC file in base64, in parts.
        policy: further sources for the content security policy, by directive. Each page may run
            its own program, use its own style and play its own sound.

    Raises:
        MarotteError: the page's program is missing.
    """
    endings = ("html", "css", "js")
    program = {ending: read_bundled(f"{name}.{ending}").decode() for ending in endings}
    program["js"] = read_bundled("stage.js").decode() + program["js"]
    array_types = [
        {"name": name, "type": str(array.dtype), "length": array.size}
        for name, array in arrays.items()
    ]
    slots: dict[str, Iterable[str]] = {
        "policy": [_content_security_policy(program, policy or {})],
        "generator": [f"marotte {__version__}"],
        "title": [html.escape(facts["title"])],
        "style": [program["css"]],
        "facts": [_json_in_html({**facts, "arrays": array_types})],
        "arrays": [_compress(arrays.values())],
        "sound": sound,
        "script": [program["js"]],
    }
    return _fill(program["html"], slots)


def read_bundled(name: str) -> bytes:
    """Return the content of a file of the pages' program.

    Raises:
        MarotteError: the file is missing.
    """
    try:
        return (files("marotte") / "web" / "dist" / name).read_bytes()
    except FileNotFoundError as error:
        raise MarotteError(
            f"this copy of Marotte lacks the page's program ({name}), which is bundled when the "
            "package is built: install it with 'pip install .' in its source folder"
        ) from error


def _content_security_policy(program: Mapping[str, str], extra: Mapping[str, str]) -> str:
    """Return the policy; everything that no directive allows is forbidden."""

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
    for directive, sources in extra.items():
        directives[directive] = f"{directives.get(directive, '')} {sources}".strip()
    return "; ".join(f"{directive} {sources}" for directive, sources in directives.items())


def _fill(template: str, slots: dict[str, Iterable[str]]) -> Iterator[str]:
    """Yield the template with each `{{name}}` replaced once; slots inside values stay as text."""
    for i, part in enumerate(re.split(r"\{\{(\w+)\}\}", template)):
        if i % 2:
            yield from slots[part]
        else:
            yield part


def _json_in_html(value: Any) -> str:
    """Return JSON that can't close the script element around it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _compress(arrays: Iterable[Array]) -> str:
    content = b"".join(little_endian(array) for array in arrays)
    # Level 9 takes six times as long and saves one percent. mtime=0: the same animation gives the
    # same page.
    return b64encode(gzip.compress(content, 6, mtime=0)).decode()


def encode_head(head: Head, targets: list[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return a head's facts and arrays: subdivided once, with only the controls in `targets`.

    Vertices are int16 steps, all x, then all y, then all z, which compresses better.
    """
    deltas = head.deltas[[head.names.index(name) for name in targets]]
    head = subdivide(replace(head, names=tuple(targets), deltas=deltas))
    order = np.argsort(head.parts, kind="stable")
    triangles = replace(head, faces=head.faces[order]).triangles
    corners = np.bincount(head.parts, minlength=len(PARTS)) * (triangles.size // len(head.faces))
    neutral_step = float(np.abs(head.neutral).max()) / 0x7FFF
    delta_steps = [max(LEAST_STEP_MM, float(np.abs(d).max()) / 0x7FFF) for d in head.deltas]
    planes = [
        np.rint(np.transpose(vertices) / step).astype(np.int16)
        for vertices, step in zip(
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
    r"""Return an array's bytes in little-endian order, on any machine.

    Example:
        >>> little_endian(np.array([1], ">u2"))
        b'\x01\x00'
    """
    kind = str(values.dtype.str)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return values.astype("<" + kind[1:]).tobytes()
