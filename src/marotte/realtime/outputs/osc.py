"""Encode bundles of OSC messages: the bundle is built once, then only its floats change.

The package python-osc builds it; building it anew would take a millisecond per frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import missing_extra

Message = tuple[str, tuple[str | int | float, ...]]
"""An address and its values."""


@final
class BundleTemplate:
    """A bundle with the time tag "immediately", whose floats are filled in for each frame."""

    def __init__(self, messages: Sequence[Message]) -> None:
        """Build the bundle.

        Args:
            messages: of each message whose last value is a float, that float can be changed.

        Raises:
            MarotteError: python-osc is not installed.
        """
        try:
            bundles: Any = import_module("pythonosc.osc_bundle_builder")
            builders: Any = import_module("pythonosc.osc_message_builder")
        except ImportError as error:
            raise missing_extra("python-osc", "live") from error
        bundle = bundles.OscBundleBuilder(bundles.IMMEDIATELY)
        float_ends: list[int] = []
        end = len(b"#bundle\0") + 8  # then the time tag, 8 bytes
        for address, values in messages:
            builder = builders.OscMessageBuilder(address)
            for value in values:
                builder.add_arg(value)
            message = builder.build()
            bundle.add_content(message)
            end += 4 + message.size
            if values and isinstance(values[-1], float):
                float_ends.append(end)
        self.content = bytearray(bundle.build().dgram)
        self.float_bytes = np.array(float_ends, np.intp)[:, None] + np.arange(-4, 0)

    def fill(self, values: NDArray[np.floating]) -> bytes:
        """Return the bundle with other floats [n], in the messages' order."""
        view = np.frombuffer(self.content, np.uint8)
        view[self.float_bytes] = values.astype(">f4").view(np.uint8).reshape(-1, 4)
        return bytes(self.content)
