"""Build GLB files: arrays and a glTF document in, the parts of the file out."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.export.document import little_endian

_COMPONENTS = {"uint16": 5123, "uint32": 5125, "float32": 5126}
_TYPES = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}

Array = NDArray[Any]


class GlbBuilder:
    """Builds the binary part of a GLB file: stores arrays and returns their accessors' indices."""

    def __init__(self) -> None:
        self.binary: list[bytes] = []
        self.n_bytes = 0
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def accessor(self, values: Array, target: int | None = None, **properties: Any) -> int:
        """Store an array [count] or [count, width] of float32, uint16 or uint32."""
        view = {"bufferView": self._view(values, target)}
        return self._add(view | _describe(values) | properties)

    def sparse(self, values: Array) -> int:
        """Store the rows of an array [count, 3] that are not 0."""
        accessor = _describe(values) | bounds(values)
        rows = np.flatnonzero(values.any(1))
        if len(rows):
            indices = compact(rows, len(values))
            accessor["sparse"] = {
                "count": len(rows),
                "indices": {
                    "bufferView": self._view(indices),
                    "componentType": _COMPONENTS[str(indices.dtype)],
                },
                "values": {"bufferView": self._view(values[rows])},
            }
        elif accessor in self.accessors:  # targets that move nothing share one array of zeros
            return self.accessors.index(accessor)
        return self._add(accessor)

    def animation(
        self, n_frames: int, fps: float, tracks: Sequence[tuple[int, str, Array]]
    ) -> dict[str, Any]:
        """Store the animation `speech`, with a key per frame.

        Args:
            n_frames: number of frames.
            fps: frames per second.
            tracks: node, property (e.g. `rotation`) and its values in all frames.
        """
        times = key_times(n_frames, fps)
        keys = self.accessor(times, **bounds(times))
        return {
            "name": "speech",
            "samplers": [
                {"input": keys, "output": self.accessor(values), "interpolation": "LINEAR"}
                for _, _, values in tracks
            ],
            "channels": [
                {"sampler": sampler, "target": {"node": node, "path": path}}
                for sampler, (node, path, _) in enumerate(tracks)
            ],
        }

    def encode(self, document: dict[str, Any]) -> Iterator[bytes]:
        """Yield the file's parts: header, document, arrays."""
        document = document | {
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": self.n_bytes}],
        }
        text = json.dumps(document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        yield struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + self.n_bytes)
        yield struct.pack("<I4s", len(text), b"JSON") + text
        yield struct.pack("<I4s", self.n_bytes, b"BIN\0")
        yield from self.binary

    def _view(self, values: Array, target: int | None = None) -> int:
        content = little_endian(values)
        view = {"buffer": 0, "byteOffset": self.n_bytes, "byteLength": len(content)}
        self.views.append(view | ({"target": target} if target else {}))
        padding = bytes(-len(content) % 4)  # views start at multiples of four bytes
        self.binary += [content, padding]
        self.n_bytes += len(content) + len(padding)
        return len(self.views) - 1

    def _add(self, accessor: dict[str, Any]) -> int:
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def key_times(n_frames: int, fps: float) -> NDArray[np.float32]:
    """Return the frames' times [n_frames] in 32 bits, so that floor(time * fps) is the frame.

    Some importers drop what follows the point. A time that rounding has made too early is moved to
    the next number above it.

    Example:
        >>> from marotte.export.glb_builder import key_times
        >>> (key_times(236, 30.0).astype(float) * 30 // 1 == np.arange(236)).all()
        np.True_
    """
    frames = np.arange(n_frames)
    times = (frames / fps).astype(np.float32)
    for rate in (np.float64(fps), np.float32(fps)):  # importers multiply in 64 or in 32 bits
        early = times.astype(rate.dtype) * rate < frames
        times[early] = np.nextafter(times[early], np.float32(np.inf))
    return times


def _describe(values: Array) -> dict[str, Any]:
    width = values.shape[1] if values.ndim == 2 else 1
    component = _COMPONENTS[str(values.dtype)]
    return {"componentType": component, "count": len(values), "type": _TYPES[width]}


def bounds(values: Array) -> dict[str, Any]:
    """Return an accessor's smallest and largest values, which glTF asks for in some places."""
    columns: NDArray[np.float32] = values[:, None] if values.ndim == 1 else values
    return {"min": columns.min(0).tolist(), "max": columns.max(0).tolist()}


def compact(indices: Array, n: int) -> Array:
    """Return indices below n in the smallest integers that glTF allows."""
    return indices.astype(np.uint16 if n <= 0xFFFF else np.uint32)
