"""Takes: the frames a page recorded in, a file's content out."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from marotte import export
from marotte.errors import MarotteError
from marotte.face.animation import Animation
from marotte.face.rig import Rig

LONGEST_S = 600
KINDS = {"csv": "text/csv", "glb": "model/gltf-binary"}
HEAD_ANGLES = 3  # yaw, pitch and roll, the last columns of a take


async def receive(pieces: AsyncIterator[bytes], rig: Rig, fps: float) -> bytes:
    """A take as it comes in.

    Raises:
        MarotteError: it is longer than a take can be.
    """
    longest = int(LONGEST_S * fps) * 4 * _width(rig)
    content = bytearray()
    async for piece in pieces:
        content += piece
        if len(content) > longest:
            raise MarotteError(f"a take lasts at most {LONGEST_S} seconds")
    return bytes(content)


def write(content: bytes, ending: str, rig: Rig, fps: float) -> bytes:
    """A take as a file's content.

    Args:
        content: float32 [n_frames, n_controls + 3], little-endian; the last three are the head's
            yaw, pitch and roll.
        ending: what to write, a key of `KINDS`.
        rig: of the controls.
        fps: frames a second.

    Raises:
        MarotteError: the content is no take.
    """
    width = _width(rig)
    if not content or len(content) % (4 * width):
        raise MarotteError(f"a take is rows of {width} float32, got {len(content)} bytes")
    rows = np.frombuffer(content, "<f4").reshape(-1, width).astype(np.float32)
    if not np.isfinite(rows).all():
        raise MarotteError("a take holds finite numbers only")
    controls, head = rig.clamp(rows[:, :-HEAD_ANGLES]), rows[:, -HEAD_ANGLES:]
    animation = Animation(controls, fps, rig, head=head if head.any() else None)
    with tempfile.TemporaryDirectory(prefix="marotte-take-") as folder:
        path = Path(folder) / f"take.{ending}"
        export.writer_for(path)(animation, path)
        return path.read_bytes()


def _width(rig: Rig) -> int:
    return len(rig.names) + HEAD_ANGLES
