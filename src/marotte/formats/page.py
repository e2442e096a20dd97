"""An animation in, one HTML file out: a head that speaks, its sound and curves, without a network.

The page's program is bundled from `marotte/viewer/web` when the package is built. It is given
facts (JSON), arrays (gzip) and the sound (FLAC), all within the file.
"""

# soundfile and soxr carry no types.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import gzip
import html
import json
import re
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

import marotte
from marotte.animation import Animation
from marotte.audio import Recording
from marotte.errors import MarotteError
from marotte.files import replacing
from marotte.formats import Progress, little_endian
from marotte.head import PARTS, Head, load_head, subdivide
from marotte.rig import Rig
from marotte.windows import SAMPLE_RATE

STILL = 1e-4  # a control that never leaves 0 by more is left out
GAP_STEP_MM = 0.01
LEAST_GAP_SHOWN_MM = 10.0  # so that the gap of nearly closed lips looks small
LOUDNESS_RATE = 100  # peaks a second
LOUDNESS_SAMPLES = SAMPLE_RATE // LOUDNESS_RATE
BASE64_BYTES = 3 << 18  # a multiple of 3, so that the pieces' base64 is the whole's

Array = NDArray[Any]


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write a page with the shipped head; it carries only the controls that move.

    Raises:
        MarotteError: the rig has none of the head's controls, the page's program is not there, or
            the file can't be written.
    """
    program = {name: _bundled(f"page.{name}") for name in ("html", "css", "js")}
    facts, arrays = _content(animation)
    with tempfile.TemporaryFile() as sound:
        arrays["loudness"] = _encode_sound(animation.recording, sound)
        facts["arrays"] = [
            {"name": name, "type": str(array.dtype), "length": array.size}
            for name, array in arrays.items()
        ]
        slots: dict[str, Iterable[str]] = {
            "policy": [_policy(program)],
            "generator": [f"marotte {marotte.__version__}"],
            "title": [html.escape(facts["title"])],
            "style": [program["css"]],
            "facts": [_json_in_html(facts)],
            "arrays": [_packed(arrays.values())],
            "sound": _in_base64(sound),
            "script": [program["js"]],
        }
        with replacing(path) as temporary, temporary.open("wb") as out:
            for text in _filled(program["html"], slots):
                out.write(text.encode("utf-8", "replace"))
    if progress:
        progress(animation.n_frames, animation.n_frames)


def _bundled(name: str) -> str:
    """A file of the page's program, with plain line ends."""
    try:
        return (files("marotte") / "viewer" / "dist" / name).read_text("utf-8")
    except FileNotFoundError as error:
        raise MarotteError(
            f"this copy of Marotte lacks the page's program ({name}), which is bundled when the "
            "package is built: install it with 'pip install .' in its source folder"
        ) from error


def _policy(program: dict[str, str]) -> str:
    """What the page may do: run its own program, show its own style and sound, reach nothing."""

    def digest(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; script-src {digest(program['js'])}; "
        f"style-src {digest(program['css'])}; media-src blob:; base-uri 'none'; form-action 'none'"
    )


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
    # Without a date in it, the same animation gives the same page.
    return b64encode(gzip.compress(content, mtime=0)).decode()


def _in_base64(file: BinaryIO) -> Iterator[str]:
    file.seek(0)
    while piece := file.read(BASE64_BYTES):
        yield b64encode(piece).decode()


def _content(animation: Animation) -> tuple[dict[str, Any], dict[str, Array]]:
    """Facts, and arrays in whole steps of the sizes that the facts give."""
    rig, recording, head = animation.rig, animation.recording, load_head()
    gap = head.lip_gap(animation.controls, rig.names)
    moving = [name for name in rig.names if np.abs(animation.column(name)).max() > STILL]
    shape, arrays = _head_content(head, [name for name in moving if name in head.names])
    arrays["lipGap"] = np.rint(gap / GAP_STEP_MM).clip(-0x8000, 0x7FFF).astype(np.int16)
    arrays["controls"] = np.concatenate(
        [_steps_of(animation, name) for name in moving] or [np.zeros(0, np.uint16)]
    )
    facts = {
        "title": recording.path.name if recording and recording.path else "Animation",
        "student": animation.student,
        "fps": animation.fps,
        "frames": animation.n_frames,
        "seconds": recording.seconds if recording else animation.seconds,
        "controls": [{"name": name, **_range(rig, name)} for name in moving],
        "lipGap": {"stepMm": GAP_STEP_MM, "mostMm": max(LEAST_GAP_SHOWN_MM, float(gap.max()))},
        "hasSound": recording is not None,
        "soundRate": SAMPLE_RATE,
        "loudnessRate": LOUDNESS_RATE,
        "head": shape,
    }
    return facts, arrays


def _range(rig: Rig, name: str) -> dict[str, float]:
    column = rig.index[name]
    return {"min": rig.minimum[column], "max": rig.maximum[column]}


def _steps_of(animation: Animation, name: str) -> NDArray[np.uint16]:
    """A control [n_frames] in 65535 steps of its range."""
    span = _range(animation.rig, name)
    share = (animation.column(name) - span["min"]) / (span["max"] - span["min"])
    return np.rint(share.clip(0, 1) * 0xFFFF).astype(np.uint16)


def _head_content(head: Head, targets: list[str]) -> tuple[dict[str, Any], dict[str, Array]]:
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


def _encode_sound(recording: Recording | None, out: BinaryIO) -> NDArray[np.uint8]:
    """Write the sound as FLAC, block by block; give its peaks, LOUDNESS_RATE a second, 0..255."""
    if recording is None:
        return np.zeros(0, np.uint8)
    import soundfile

    peaks = np.zeros(-(-recording.n_samples // LOUDNESS_SAMPLES), np.float32)
    done = 0
    with soundfile.SoundFile(out, "w", SAMPLE_RATE, 1, "PCM_16", format="FLAC") as flac:
        for block in recording.blocks():
            flac.write(block)
            places = np.arange(done, done + len(block)) // LOUDNESS_SAMPLES
            np.maximum.at(peaks, places, np.abs(block))
            done += len(block)
    return np.rint(peaks.clip(0, 1) * 255).astype(np.uint8)
