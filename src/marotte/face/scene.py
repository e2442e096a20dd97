"""Where an animation goes in the user's own scene."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Scene:
    """The scene that an animation's file goes into.

    Attributes:
        mesh: the path of the face's mesh below the animated object, for formats that hold curves
            for a mesh of one's own (Unity, Godot); Marotte's head is called `head`.
        weights_only: leave Marotte's head out of a USD file.
        perfect_sync: write ARKit's names instead of vowels to a VRM animation.
        timecode_s: the timecode of a CSV file's first frame, in seconds since midnight.
    """

    mesh: str = "head"
    weights_only: bool = False
    perfect_sync: bool = False
    timecode_s: Fraction = Fraction(0)


NO_SCENE = Scene()
"""Marotte's own head."""
