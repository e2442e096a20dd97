"""Visemes: a phoneme in, targets of jaw, lips and tongue with their dominances out.

The two axes, jaw and lips, are those of JALI (Edwards et al. 2016, "JALI: an animator-centric
viseme model"). Where visemes overlap, each controls an articulator by its *dominance*; one with 0
leaves it to its neighbours (Cohen & Massaro 1993, "Modeling coarticulation in synthetic visual
speech"). Targets are ARKit values at normal loudness. A control without a side stands for both.

A viseme gives the jaw and the lip gap in mm. People lower the jaw further than the lips part:
`mouthClose`, as a share of the jaw, makes up the difference. `tools/fit_visemes.py` fits the gaps
and jaws to captured speech.
"""

from __future__ import annotations

from dataclasses import dataclass, field

REST_GAP_MM = 0.36  # lip gap of the face at rest
JAW_MM = 34.5  # lip gap of jawOpen = 1
LIP_MM = {
    "mouthFunnel": 14.0, "mouthPucker": -0.9, "mouthSmile": -3.0, "mouthStretch": 0.4,
    "mouthRollLower": -3.8, "mouthRollUpper": -2.8, "mouthShrugLower": -4.9,
    "mouthShrugUpper": 4.1, "mouthPress": -2.8, "mouthLowerDown": 3.8, "mouthUpperUp": 4.8,
    "jawForward": 1.4,
}  # fmt: skip
"""Lip gap in mm of each control at 1, left and right together: `Head.lip_gap_weights`."""


@dataclass(frozen=True)
class Viseme:
    """The articulation of a class of phonemes.

    Attributes:
        name: name of the class.
        jaw: target of jawOpen.
        jaw_dominance: dominance over the jaw, at least 0; about 1 for vowels.
        lips: targets of the lip controls; controls that are not listed have target 0. The target
            of `mouthClose` is a share of the jaw.
        lip_dominance: dominance over the lips, at least 0.
        tongue: target of tongueOut.
        closes: whether the lips close fully (p b m).
        rolls: for a viseme that closes, how much the lips roll in rather than press, 0..1.
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
    rolls: float = 0.0
    holds_jaw: bool = False
    holds_lips: bool = False
    vowel: bool = False
    lip_heavy: bool = False


def close_share(jaw: float, gap_mm: float, lips: dict[str, float]) -> float:
    """Return the share of the jaw's opening that `mouthClose` takes back, 0..1.

    Args:
        jaw: jawOpen.
        gap_mm: the lip gap in mm that jaw and lips are to give together.
        lips: the other lip controls.

    Example:
        >>> from marotte.learn.teachers.phonetic.visemes import close_share
        >>> round(close_share(0.3, 7.26, {"mouthLowerDown": 0.0}), 2)
        0.33
    """
    lips_mm = sum(LIP_MM.get(name, 0.0) * value for name, value in lips.items())
    return min(1.0, max(0.0, 1 - (gap_mm - REST_GAP_MM - lips_mm) / (JAW_MM * jaw)))


def _viseme(
    name: str,
    jaw: float,
    gap_mm: float,
    dominance: tuple[float, float],
    lips: dict[str, float],
    *flags: str,
    tongue: float = 0.0,
) -> Viseme:
    """Return a viseme from its jaw, lip gap, dominances (jaw, lips), lips and true attributes."""
    lips = {**lips, "mouthClose": close_share(jaw, gap_mm, lips)}
    return Viseme(name, jaw, dominance[0], lips, dominance[1], tongue, **dict.fromkeys(flags, True))


def _vowel(
    name: str, jaw: float, gap_mm: float, lips: dict[str, float], dominance: float = 1.0
) -> Viseme:
    return _viseme(name, jaw, gap_mm, (dominance, 0.6 * dominance), lips, "vowel")


def _rounded(name: str, jaw: float, gap_mm: float, lips: dict[str, float]) -> Viseme:
    return _viseme(name, jaw, gap_mm, (1.0, 1.0), lips, "vowel", "lip_heavy")


def _lips(
    funnel: float = 0.0,
    pucker: float = 0.0,
    lower: float = 0.0,
    upper: float = 0.0,
    stretch: float = 0.0,
    smile: float = 0.0,
    **others: float,
) -> dict[str, float]:
    """Return the lips of a viseme; the six main ones by short names."""
    return {
        "mouthFunnel": funnel, "mouthPucker": pucker, "mouthLowerDown": lower,
        "mouthUpperUp": upper, "mouthStretch": stretch, "mouthSmile": smile,
    } | others  # fmt: skip


SILENCE = Viseme("silence", 0.0, 1.0, {}, 0.8)
# The mouth opens before the first sound of speech, as people inhale and prepare.
PREPARATION = _viseme("preparation", 0.26, 9.0, (0.6, 0.4), _lips(0.05, lower=0.22, upper=0.12))

# Sounds that are not phonemes, see `nonspeech`.
BREATH = Viseme("breath", 0.05, 0.8, {"mouthLowerDown": 0.06, "mouthUpperUp": 0.04}, 0.5)
VOICE = Viseme("voice", 0.30, 1.0, {"mouthLowerDown": 0.3, "mouthUpperUp": 0.18}, 0.6)
_LAUGH = {"mouthSmile": 0.55, "mouthLowerDown": 0.28, "mouthUpperUp": 0.25}
LAUGHTER = Viseme("laughter", 0.09, 1.0, _LAUGH, 1.0)
BURST_OF_LAUGHTER = Viseme("burst of laughter", 0.30, 1.0, _LAUGH, 1.0)

_SIBILANT = _lips(0.05, lower=0.37, upper=0.20, stretch=0.16, smile=0.06, jawForward=0.16)
_POSTALVEOLAR = _lips(
    0.50, 0.07, 0.13, 0.30, mouthShrugUpper=0.14, mouthShrugLower=0.12, jawForward=0.24
)
_SOFT = _lips(0.05, lower=0.30, upper=0.26, stretch=0.10, smile=0.10, jawForward=0.14)
# These must be reached in a contact; other controls keep their neighbours' values.
_NO_PARTING = {"mouthLowerDown": 0.0, "mouthFunnel": 0.0}

_VISEMES = (
    # Vowels, from open to close: jaw, lip gap in mm and lips.
    (
        ("a", "ɑ", "ɐ"),
        _vowel("aa", 0.37, 15.2, _lips(0.18, lower=0.24, upper=0.20, mouthDimple=0.04), 1.8),
    ),
    (
        ("æ",),
        _vowel(
            "ae", 0.36, 15.8, _lips(0.08, lower=0.29, upper=0.26, stretch=0.12, smile=0.08), 1.1
        ),
    ),
    (("ʌ",), _vowel("ah", 0.32, 12.5, _lips(0.15, lower=0.22, upper=0.16))),
    (("ɒ", "ɔ"), _rounded("ao", 0.28, 8.2, _lips(0.38, 0.04, 0.16, 0.10, mouthShrugUpper=0.04))),
    (
        ("ɛ", "e"),
        _vowel(
            "eh", 0.35, 14.3, _lips(0.06, lower=0.29, upper=0.20, stretch=0.15, smile=0.14), 1.5
        ),
    ),
    (("ə",), _vowel("schwa", 0.28, 10.9, _lips(0.10, lower=0.18, upper=0.10, stretch=0.03), 0.7)),
    (("ɜ", "ɚ"), _vowel("er", 0.25, 8.7, _lips(0.30, 0.05, 0.18, 0.16))),
    (("o",), _rounded("oh", 0.28, 8.9, _lips(0.38, 0.10, 0.10, 0.06))),
    (("ø", "œ"), _rounded("oe", 0.25, 7.6, _lips(0.32, 0.12, 0.10, 0.12))),
    (
        ("ɪ",),
        _vowel(
            "ih", 0.26, 10.4, _lips(0.05, lower=0.26, upper=0.16, stretch=0.13, smile=0.12), 0.5
        ),
    ),
    (
        ("i",),
        _vowel(
            "iy",
            0.28,
            11.8,
            _lips(lower=0.31, upper=0.20, stretch=0.23, smile=0.22, mouthDimple=0.10),
            1.2,
        ),
    ),
    (("ʊ",), _rounded("uh", 0.18, 6.2, _lips(0.28, 0.11, 0.08, 0.06))),
    (("u", "y"), _rounded("uw", 0.14, 4.4, _lips(0.27, 0.19, 0.05, 0.03, jawForward=0.12))),
    # The lips meet: `coarticulation.closure` closes them.
    (
        ("p", "b"),
        Viseme("bilabial stop", 0.11, 0.55, {"mouthClose": 0.6}, 0.15, closes=True, rolls=0.25),
    ),
    (("m",), Viseme("bilabial", 0.11, 0.45, {"mouthClose": 0.6}, 0.15, closes=True, rolls=0.75)),
    # The lips come near without touching; blended with vowels they would stay far apart.
    (
        ("ɸ", "β"),
        _viseme(
            "bilabial fricative",
            0.10,
            2.1,
            (1.0, 0.6),
            {"mouthUpperUp": 0.0, **_NO_PARTING},
            "holds_jaw",
            "holds_lips",
        ),
    ),
    # The lower lip touches the upper teeth.
    (
        ("f", "v"),
        _viseme(
            "labiodental",
            0.10,
            2.8,
            (1.0, 0.6),
            {
                "mouthRollLower": 0.42,
                "mouthUpperUp": 0.32,
                "mouthShrugLower": 0.06,
                "mouthShrugUpper": 0.03,
                **_NO_PARTING,
            },
            "holds_jaw",
            "holds_lips",
        ),
    ),
    # The teeth nearly meet: a narrow jaw that must reach its target.
    (
        ("s", "z", "ts"),
        _viseme("alveolar sibilant", 0.16, 9.2, (0.7, 0.45), _SIBILANT, "holds_jaw"),
    ),
    (
        ("ʃ", "ʒ", "tʃ", "dʒ"),
        _viseme("postalveolar", 0.155, 10.5, (1.0, 1.0), _POSTALVEOLAR, "lip_heavy", "holds_jaw"),
    ),
    # The same with unrounded lips: the soft sibilants of Slavic and Asian languages.
    (("ɕ", "ʑ", "tɕ", "dʑ"), _viseme("alveolopalatal", 0.16, 9.2, (0.7, 0.45), _SOFT, "holds_jaw")),
    (
        ("θ", "ð"),
        _viseme("dental", 0.09, 2.8, (1.1, 0.3), _lips(lower=0.28, upper=0.08), tongue=0.35),
    ),
    # Made by the tongue alone: the neighbours control the lips, and mostly the jaw.
    (
        ("t", "d", "n"),
        _viseme(
            "alveolar", 0.19, 7.1, (0.12, 0.05), _lips(0.05, lower=0.28, upper=0.10, stretch=0.05)
        ),
    ),
    (("l",), _viseme("lateral", 0.25, 10.1, (0.2, 0.05), _lips(0.06, lower=0.24, upper=0.10))),
    (
        ("k", "g", "ŋ", "x"),
        _viseme("velar", 0.26, 9.8, (0.12, 0.03), _lips(0.08, lower=0.18, upper=0.16)),
    ),
    (("h", "ʔ"), _viseme("glottal", 0.26, 9.3, (0.06, 0.02), _lips(0.08, lower=0.20, upper=0.14))),
    (
        ("ɹ",),
        _viseme("rhotic", 0.10, 4.2, (1.0, 0.6), _lips(0.22, 0.08, 0.12, 0.12, jawForward=0.10)),
    ),
    (("r",), _viseme("trill", 0.20, 7.1, (0.2, 0.05), _lips(0.06, lower=0.23, upper=0.10))),
    (
        ("j",),
        _viseme(
            "glide", 0.21, 8.5, (0.5, 0.35), _lips(lower=0.29, upper=0.14, stretch=0.20, smile=0.18)
        ),
    ),
    # A small round opening before any vowel.
    (
        ("w", "ɥ"),
        _viseme(
            "round glide",
            0.12,
            2.9,
            (1.0, 1.0),
            _lips(0.16, 0.23),
            "lip_heavy",
            "holds_jaw",
            "holds_lips",
        ),
    ),
)

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
