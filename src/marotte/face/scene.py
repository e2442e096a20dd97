"""Where an animation goes in the user's own scene."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from marotte.errors import MarotteError

Colour = tuple[float, float, float]
"""sRGB within 0..1."""

BACKGROUND: Colour = (0.90, 0.91, 0.93)
NAMED_COLOURS = {
    "black": "000000", "white": "ffffff", "grey": "808080", "gray": "808080", "red": "ff0000",
    "green": "00ff00", "blue": "0000ff", "magenta": "ff00ff",
}  # fmt: skip
"""Colours that people key out or put behind a face; green is the one of screens."""
TRANSPARENT = "transparent"
LEAST_SIDE, MOST_SIDE = 64, 4096


@dataclass(frozen=True)
class Scene:
    """The scene that an animation's file goes into.

    Attributes:
        mesh: the path of the face's mesh below the animated object, for formats that hold curves
            for a mesh of one's own (Unity, Godot); Marotte's head is called `head`.
        weights_only: leave Marotte's head out of a USD file.
        perfect_sync: write ARKit's names instead of vowels to a VRM animation.
        timecode_s: the timecode of a CSV file's first frame, in seconds since midnight.
        size: width and height of a video in pixels.
        background: the colour behind the head in a video; None for a transparent video.
        avatar: a GLB or VRM file that a page shows in place of Marotte's head.
    """

    mesh: str = "head"
    weights_only: bool = False
    perfect_sync: bool = False
    timecode_s: Fraction = Fraction(0)
    size: tuple[int, int] = (640, 640)
    background: Colour | None = BACKGROUND
    avatar: Path | None = None


NO_SCENE = Scene()
"""Marotte's own head."""


def parse_size(text: str) -> tuple[int, int]:
    """Return the width and the height in pixels of a size such as 1920x1080.

    Raises:
        MarotteError: it is not a size, too small or large, or odd.

    Example:
        >>> from marotte.face.scene import parse_size
        >>> parse_size("1280x720")
        (1280, 720)
    """
    if not (match := re.fullmatch(r"\s*(\d{1,9})\s*[xX×]\s*(\d{1,9})\s*", text)):
        raise MarotteError(f"--size is {text!r}: give width and height, such as 1280x720")
    width, height = int(match[1]), int(match[2])
    if not all(LEAST_SIDE <= side <= MOST_SIDE for side in (width, height)):
        raise MarotteError(
            f"--size is {width}x{height}: give sides of {LEAST_SIDE} to {MOST_SIDE} pixels"
        )
    if width % 2 or height % 2:
        raise MarotteError(
            f"--size is {width}x{height}, and videos have even sides: "
            f"use {width + width % 2}x{height + height % 2}"
        )
    return width, height


def parse_background(text: str) -> Colour | None:
    """Return the colour of a name or of #rrggbb; None for `transparent`.

    Raises:
        MarotteError: the colour is unknown.

    Example:
        >>> from marotte.face.scene import parse_background
        >>> parse_background("#0000ff")
        (0.0, 0.0, 1.0)
    """
    word = text.strip().lower()
    if word == TRANSPARENT:
        return None
    digits = NAMED_COLOURS.get(word, word.removeprefix("#"))
    if re.fullmatch("[0-9a-f]{3}", digits):
        digits = "".join(2 * digit for digit in digits)
    if not re.fullmatch("[0-9a-f]{6}", digits):
        raise MarotteError(
            f"--background is {text!r}: give #rrggbb, {', '.join(NAMED_COLOURS)}, or {TRANSPARENT}"
        )
    red, green, blue = (int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4))
    return red, green, blue
