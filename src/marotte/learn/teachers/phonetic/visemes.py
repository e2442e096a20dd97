"""Visemes: a phoneme in, targets of jaw, lips and tongue with their dominances out.

The two axes, jaw and lips, are those of JALI (Edwards et al. 2016, "JALI: an animator-centric
viseme model"). A viseme with a *dominance* of 1 controls the articulator; with 0 its neighbours do
(Cohen & Massaro 1993, "Modeling coarticulation in synthetic visual speech"). Targets are ARKit
values at normal loudness, on a rig whose jawOpen opens the lips by about 35 mm. A control without a
side stands for both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Viseme:
    """The articulation of a class of phonemes.

    Attributes:
        name: name of the class.
        jaw: target of jawOpen.
        jaw_dominance: dominance over the jaw, 0..1.
        lips: targets of the lip controls; controls that are not listed have target 0.
        lip_dominance: dominance over the lips, 0..1.
        tongue: target of tongueOut.
        closes: whether the lips close fully (p b m).
        holds_jaw: whether the jaw must reach its target regardless of the neighbours: the teeth
            nearly meet for /s ʃ/, and the lower lip reaches the upper teeth for /f v/.
        holds_lips: whether the listed lip controls must reach their targets in the same way.
        vowel: whether the gain depends on loudness and pitch.
        lip_heavy: whether the lips start early and end late (w u o ʃ ʒ tʃ dʒ).
    """

    name: str
    jaw: float = 0.0
    jaw_dominance: float = 0.0
    lips: dict[str, float] = field(default_factory=dict[str, float])
    lip_dominance: float = 0.0
    tongue: float = 0.0
    closes: bool = False
    holds_jaw: bool = False
    holds_lips: bool = False
    vowel: bool = False
    lip_heavy: bool = False


def _vowel(name: str, jaw: float, **lips: float) -> Viseme:
    return Viseme(name, jaw, 1.0, lips, 0.6, vowel=True)


def _rounded(name: str, jaw: float, **lips: float) -> Viseme:
    return Viseme(name, jaw, 1.0, lips, 1.0, vowel=True, lip_heavy=True)


SILENCE = Viseme("silence", 0.0, 1.0, {}, 0.8)

# Sounds that are not phonemes, see `nonspeech`.
BREATH = Viseme("breath", 0.05, 0.8, {"mouthLowerDown": 0.06, "mouthUpperUp": 0.04}, 0.5)
VOICE = Viseme("voice", 0.22, 1.0, {"mouthLowerDown": 0.2, "mouthUpperUp": 0.12}, 0.6)
_LAUGH = {"mouthSmile": 0.55, "mouthLowerDown": 0.28, "mouthUpperUp": 0.25}
LAUGHTER = Viseme("laughter", 0.09, 1.0, _LAUGH, 1.0)
BURST_OF_LAUGHTER = Viseme("burst of laughter", 0.26, 1.0, _LAUGH, 1.0)

_OPEN = {"mouthLowerDown": 0.22, "mouthUpperUp": 0.15}
_WIDE = {"mouthStretch": 0.36, "mouthSmile": 0.24, "mouthLowerDown": 0.3, "mouthUpperUp": 0.2}
_ROUND = {"mouthFunnel": 0.18, "mouthPucker": 0.7}
_NOT_PARTED = {"mouthLowerDown": 0.0, "mouthFunnel": 0.0}
_NOT_WIDE = {"mouthStretch": 0.0, "mouthSmile": 0.0, "mouthLowerDown": 0.0, "mouthUpperUp": 0.0}

_VISEMES = (
    # Vowels, from open to close; an open vowel leaves about 10 mm between the lips.
    (("a", "ɑ", "ɐ"), _vowel("aa", 0.30, **_OPEN)),
    (("æ",), _vowel("ae", 0.27, mouthStretch=0.12, **_OPEN)),
    (("ʌ",), _vowel("ah", 0.21, **_OPEN)),
    (("ɒ", "ɔ"), _rounded("ao", 0.25, mouthFunnel=0.16, mouthPucker=0.18)),
    (("ɛ", "e"), _vowel("eh", 0.19, mouthStretch=0.22, mouthSmile=0.1, **_OPEN)),
    (("ə",), _vowel("schwa", 0.14, mouthLowerDown=0.14, mouthUpperUp=0.08)),
    (("ɜ", "ɚ"), _vowel("er", 0.13, mouthFunnel=0.16, mouthPucker=0.2)),
    (("o",), _rounded("oh", 0.18, mouthFunnel=0.2, mouthPucker=0.42)),
    (("ø", "œ"), _rounded("oe", 0.16, mouthFunnel=0.16, mouthPucker=0.45)),
    (("ɪ",), _vowel("ih", 0.12, mouthStretch=0.22, mouthSmile=0.1, **_OPEN)),
    (("i",), _vowel("iy", 0.09, **_WIDE)),
    (("ʊ",), _rounded("uh", 0.11, mouthFunnel=0.18, mouthPucker=0.4)),
    (("u", "y"), _rounded("uw", 0.08, **_ROUND)),
    # The lips meet: `coarticulation.closure` closes them.
    (("p", "b", "m"), Viseme("bilabial", 0.07, 0.45, {}, 0.15, closes=True)),
    # The lips come near without touching; blended with vowels they would stay far apart.
    (
        ("ɸ", "β"),
        Viseme(
            "bilabial fricative",
            0.05,
            1.0,
            {"mouthUpperUp": 0.0, **_NOT_PARTED},
            0.6,
            holds_jaw=True,
            holds_lips=True,
        ),
    ),
    # The lower lip touches the upper teeth.
    (
        ("f", "v"),
        Viseme(
            "labiodental",
            0.05,
            1.0,
            {"mouthRollLower": 0.42, "mouthUpperUp": 0.2, "mouthShrugLower": 0.06, **_NOT_PARTED},
            0.6,
            holds_jaw=True,
            holds_lips=True,
        ),
    ),
    # The teeth nearly meet: a narrow jaw that must reach its target.
    (
        ("s", "z", "ts"),
        Viseme(
            "alveolar sibilant",
            0.045,
            1.0,
            {**_WIDE, "mouthSmile": 0.08},
            0.45,
            holds_jaw=True,
        ),
    ),
    (
        ("ʃ", "ʒ", "tʃ", "dʒ"),
        Viseme(
            "postalveolar",
            0.05,
            1.0,
            {
                "mouthFunnel": 0.28,
                "mouthPucker": 0.42,
                "mouthUpperUp": 0.1,
                "mouthLowerDown": 0.12,
            },
            1.0,
            lip_heavy=True,
            holds_jaw=True,
        ),
    ),
    # The same with unrounded lips: the soft sibilants of Slavic and Asian languages.
    (
        ("ɕ", "ʑ", "tɕ", "dʑ"),
        Viseme(
            "alveolopalatal",
            0.05,
            1.0,
            {**_WIDE, "mouthStretch": 0.18, "mouthSmile": 0.08},
            0.45,
            holds_jaw=True,
        ),
    ),
    (("θ", "ð"), Viseme("dental", 0.11, 0.7, _OPEN, 0.2, tongue=0.35)),
    # Made by the tongue alone: the neighbours control the lips, and mostly the jaw.
    (("t", "d", "n", "l"), Viseme("alveolar", 0.09, 0.4, {}, 0.04)),
    (("k", "g", "ŋ", "x"), Viseme("velar", 0.12, 0.15, {}, 0.03)),
    (("h", "ʔ"), Viseme("glottal", 0.12, 0.08, {}, 0.02)),
    (("ɹ",), Viseme("rhotic", 0.10, 0.4, {"mouthFunnel": 0.16, "mouthPucker": 0.28}, 0.45)),
    (("r",), Viseme("trill", 0.12, 0.3, {}, 0.04)),
    (("j",), Viseme("glide", 0.08, 0.4, _WIDE, 0.35)),
    # A small round opening before any vowel.
    (
        ("w", "ɥ"),
        Viseme(
            "round glide",
            0.05,
            1.0,
            {**_ROUND, **_NOT_WIDE, "mouthFunnel": 0.14},
            1.0,
            lip_heavy=True,
            holds_jaw=True,
            holds_lips=True,
        ),
    ),
)  # fmt: skip

# By symbol: all of `phones.INVENTORY` except the diphthongs.
VISEMES: dict[str, Viseme] = {ipa: viseme for symbols, viseme in _VISEMES for ipa in symbols}

# The first and the second vowel of each diphthong.
DIPHTHONGS = {
    "aɪ": ("a", "ɪ"),
    "aʊ": ("a", "ʊ"),
    "eɪ": ("ɛ", "i"),
    "oʊ": ("o", "u"),
    "ɔɪ": ("ɔ", "ɪ"),
}
