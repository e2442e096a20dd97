"""Moods: the action units of the basic emotions, as values of ARKit's controls.

Which action units show which emotion is Ekman & Friesen's table (Friesen & Ekman 1983, "EMFACS-7";
Ekman, Friesen & Hager 2002, "FACS Investigator's Guide", table 10-2). How strong each one is here
was chosen by eye, on the packaged head, for a face that speaks: about FACS intensity D at 1.

ARKit's controls are action units by other names (Ozel, "ARKit to FACS cheat sheet"). AU 23, which
tightens the lips, has no control; mouthPress (AU 24) stands for it. AU 25 and 26 part the lips and
drop the jaw: speech does that here, and a mood leaves it alone.
"""

from __future__ import annotations

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_NAMES

SIDES = ("Left", "Right")

ACTION_UNITS: dict[int, dict[str, float]] = {
    1: {"browInnerUp": 1.0},  # inner brow raiser
    2: {"browOuterUp": 1.0},  # outer brow raiser
    4: {"browDown": 1.0},  # brow lowerer
    5: {"eyeWide": 1.0},  # upper lid raiser
    6: {"cheekSquint": 1.0, "eyeSquint": 0.4},  # cheek raiser, which narrows the eye from below
    7: {"eyeSquint": 1.0},  # lid tightener
    9: {"noseSneer": 1.0},  # nose wrinkler
    10: {"mouthUpperUp": 1.0},  # upper lip raiser
    12: {"mouthSmile": 1.0},  # lip corner puller
    15: {"mouthFrown": 1.0},  # lip corner depressor
    16: {"mouthLowerDown": 1.0},  # lower lip depressor
    17: {"mouthShrugLower": 1.0},  # chin raiser
    20: {"mouthStretch": 1.0},  # lip stretcher
    24: {"mouthPress": 1.0},  # lip pressor
}
"""For each action unit, the ARKit controls that it means, without Left and Right."""

MOODS: dict[str, dict[int, float]] = {
    "neutral": {},
    "happy": {6: 0.8, 12: 0.75},
    "angry": {4: 1.0, 5: 0.4, 7: 0.6, 24: 0.35},
    "sad": {1: 0.9, 4: 0.35, 15: 0.8, 17: 0.25},
    "fear": {1: 0.9, 2: 0.5, 4: 0.35, 5: 0.8, 7: 0.2, 20: 0.55},
    "surprised": {1: 0.9, 2: 0.9, 5: 0.8},
    "disgusted": {4: 0.35, 7: 0.4, 9: 0.9, 10: 0.35, 15: 0.4, 16: 0.15},
}
"""For each mood, how strong its action units are at intensity 1."""


def mood_controls(mood: str) -> dict[str, float]:
    """Return the values of ARKit's controls that show a mood at intensity 1.

    Raises:
        MarotteError: there is no such mood.

    Example:
        >>> from marotte.postprocess.moods import mood_controls
        >>> mood_controls("happy")["mouthSmileLeft"]
        0.75
        >>> mood_controls("merry")
        Traceback (most recent call last):
        ...
        marotte.errors.MarotteError: there is no mood 'merry': use neutral, happy, angry, sad, \
fear, surprised, disgusted
    """
    if mood not in MOODS:
        raise MarotteError(f"there is no mood {mood!r}: use {', '.join(MOODS)}")
    values = dict[str, float]()
    for unit, strength in MOODS[mood].items():
        for stem, share in ACTION_UNITS[unit].items():
            names = [stem] if stem in ARKIT_NAMES else [stem + side for side in SIDES]
            for name in names:
                values[name] = min(1.0, values.get(name, 0.0) + strength * share)
    return values
