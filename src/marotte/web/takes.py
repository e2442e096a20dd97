"""Takes: a page uploads the frames that it recorded, and gets them back as a CSV or GLB file."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from marotte.errors import MarotteError
from marotte.face.animation import Animation, writer_for
from marotte.face.rig import Rig

MAX_TAKE_S = 600
MEDIA_TYPES = {"csv": "text/csv", "glb": "model/gltf-binary"}
N_HEAD_ANGLES = 3  # yaw, pitch and roll: the last columns of a take


async def receive(chunks: AsyncIterator[bytes], rig: Rig, fps: float) -> bytes:
    """Collect the content of an upload.

    Raises:
        MarotteError: the take is too long.
    """
    max_bytes = int(MAX_TAKE_S * fps) * 4 * _width(rig)
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > max_bytes:
            raise MarotteError(f"a take lasts at most {MAX_TAKE_S} seconds")
    return bytes(content)


def write(content: bytes, ending: str, rig: Rig, fps: float) -> bytes:
    """Return the content of a take's file.

    Args:
        content: float32 [n_frames, n_controls + 3], little-endian; the last three columns are the
            head's yaw, pitch and roll.
        ending: the format, a key of `MEDIA_TYPES`.
        rig: the controls' names and ranges.
        fps: frames per second.

    Raises:
        MarotteError: the content is not a take.
    """
    width = _width(rig)
    if not content or len(content) % (4 * width):
        raise MarotteError(f"expected rows of {width} float32, got {len(content)} bytes")
    rows = np.frombuffer(content, "<f4").reshape(-1, width).astype(np.float32)
    if not np.isfinite(rows).all():
        raise MarotteError("a take must hold finite numbers only")
    controls, head = rig.clamp(rows[:, :-N_HEAD_ANGLES]), rows[:, -N_HEAD_ANGLES:]
    animation = Animation(controls, fps, rig, head=head if head.any() else None)
    with tempfile.TemporaryDirectory(prefix="marotte-take-") as folder:
        path = Path(folder) / f"take.{ending}"
        writer_for(path)(animation, path)
        return path.read_bytes()


def _width(rig: Rig) -> int:
    return len(rig.names) + N_HEAD_ANGLES
