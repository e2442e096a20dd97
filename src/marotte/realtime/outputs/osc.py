"""Bundles of OSC messages that end in a float: written once, and filled in for every frame.

The package python-osc writes them; it would take a millisecond a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import missing_extra

Message = tuple[str, tuple[str | int | float, ...]]
"""An address, and the values."""


@final
class Bundle:
    """A bundle, to be carried out at once, whose floats can be changed."""

    def __init__(self, messages: Sequence[Message]) -> None:
        """Write it.

        Args:
            messages: those whose last value is a float are filled in, in this order.

        Raises:
            MarotteError: python-osc is not installed.
        """
        try:
            bundles: Any = import_module("pythonosc.osc_bundle_builder")
            writers: Any = import_module("pythonosc.osc_message_builder")
        except ImportError as error:
            raise missing_extra("python-osc", "live") from error
        bundle = bundles.OscBundleBuilder(bundles.IMMEDIATELY)
        ends: list[int] = []
        end = len(b"#bundle\0") + 8  # the time comes next
        for address, values in messages:
            writer = writers.OscMessageBuilder(address)
            for value in values:
                writer.add_arg(value)
            message = writer.build()
            bundle.add_content(message)
            end += 4 + message.size
            if values and isinstance(values[-1], float):
                ends.append(end)
        self.content = bytearray(bundle.build().dgram)
        self.places = np.array(ends, np.intp)[:, None] + np.arange(-4, 0)

    def filled(self, values: NDArray[np.floating]) -> bytes:
        """The bundle with other floats [n]."""
        view = np.frombuffer(self.content, np.uint8)
        view[self.places] = values.astype(">f4").view(np.uint8).reshape(-1, 4)
        return bytes(self.content)
