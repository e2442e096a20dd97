"""Names of curves in; the shape keys of a mesh that these curves drive out.

The names of a face's controls are written in many ways: `jawOpen`, `JawOpen`, `mouthSmile_L`,
`viseme_aa`, `vrc.v_aa`, `Fcl_MTH_A`. `parse` brings them to one form, and `match` pairs the curves
with the shape keys of the same form. This module needs neither Blender nor NumPy.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

ARKIT = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft",
    "eyeSquintLeft", "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight",
    "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight", "eyeWideRight", "jawForward",
    "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft",
    "mouthRight", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft",
    "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft",
    "noseSneerRight", "tongueOut",
)  # fmt: skip
VISEMES = (
    "sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou",
)  # fmt: skip
VRM = ("aa", "ih", "ou", "ee", "oh", "blinkLeft", "blinkRight")
VOWELS = ("aa", "ih", "ou", "e", "oh")  # of VRM; Oculus' visemes have the same five

_SIDE = re.compile(
    r"(?:[_.\- ](?P<letter>[lr])|[_.\- ]?(?P<word>left|right))$", re.IGNORECASE
)  # mouthSmile_L, mouthSmileLeft
_CAMEL_SIDE = re.compile(r"(?<=[a-z])(?P<letter>[LR])$")  # mouthSmileL
_SEPARATORS = re.compile(r"[_.\-:| ]+")
_ALIASES = {
    "a": "aa", "i": "ih", "u": "ou", "o": "oh", "ee": "e",
    "あ": "aa", "い": "ih", "う": "ou", "え": "e", "お": "oh",
    "blink": "eyeblink", "eyeclose": "eyeblink", "eyesclosed": "eyeblink", "まばたき": "eyeblink",
    "mouthopen": "jawopen",
}  # fmt: skip
_BEFORE_A_LETTER = {"viseme", "v", "mth"}  # viseme_I, vrc.v_e, Fcl_MTH_A
# Left and right of these move the whole mouth or jaw to a side: their mean is no motion at all.
_DIRECTIONS = {"jaw", "mouth"}

SAME, SAME_BUT_CASE, SAME_FORM, ALIAS = range(4)  # how alike two names are; the first is best


@dataclass(frozen=True)
class Name:
    """A name without its spelling.

    Attributes:
        base: the name in lower case, without prefixes, separators and side.
        side: "left", "right" or "".
        is_alias: whether another word stands for `base`, such as Blink for eyeBlink.
        is_known: whether `base` is a control of ARKit, a viseme or a vowel.
    """

    base: str
    side: str = ""
    is_alias: bool = False
    is_known: bool = True


@dataclass(frozen=True)
class Row:
    """A line of a user's table: a curve, the shape key that it drives, and a factor.

    An empty shape key leaves the curve out.
    """

    curve: str
    key: str
    factor: float = 1.0


@dataclass
class Match:
    """Which curves drive which shape keys.

    Attributes:
        drives: for each shape key, its curves with their factors; the key's value is their sum.
        unmatched: curves without a shape key.
        left_out: curves that the table leaves out.
        idle: shape keys of a face that no curve drives.
        faults: lines of the table that could not be used, as sentences.
    """

    drives: dict[str, dict[str, float]] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def split_side(name: str) -> tuple[str, str]:
    """Return a name without its side, and the side: "left", "right" or ""."""
    found = _SIDE.search(name) or _CAMEL_SIDE.search(name)
    if not found or not found.start():
        return name, ""
    word = next(each for each in found.groupdict().values() if each)
    return name[: found.start()], "left" if word[0] in "lL" else "right"


_KNOWN = {split_side(name)[0].lower() for name in ARKIT} | {name.lower() for name in VISEMES}


def parse(name: str) -> Name:
    """Return a name without its spelling.

    Prefixes are dropped as long as the rest is a name that is known. A single letter is a vowel
    only by itself, or where the word before it says so.
    """
    stem, side = split_side(name.strip())
    words = [word.lower() for word in _SEPARATORS.split(stem) if word]
    for first in range(len(words)):
        base = "".join(words[first:])
        letter = len(base) == 1 and base.isascii()
        if letter and first and words[first - 1] not in _BEFORE_A_LETTER:
            continue
        if base in _ALIASES:
            return Name(_ALIASES[base], side, is_alias=True)
        if base in _KNOWN:
            return Name(base, side)
    return Name("".join(words), side, is_known=False)


def likeness(curve: str, key: str) -> int | None:
    """Return how alike a curve's and a shape key's names are; None if they differ."""
    if curve == key:
        return SAME
    if curve.lower() == key.lower():
        return SAME_BUT_CASE
    a, b = parse(curve), parse(key)
    if not a.base or (a.base, a.side) != (b.base, b.side):
        return None
    return ALIAS if a.is_alias or b.is_alias else SAME_FORM


def match(curves: Sequence[str], keys: Sequence[str], table: Sequence[Row] = ()) -> Match:
    """Pair curves with shape keys: by the user's table, else by name, else without the side.

    A curve drives all shape keys that are most alike to it. Where a mesh has only one key for both
    sides (`mouthSmile`), the key gets the mean of both curves; where it has two keys for one curve,
    both get the curve.
    """
    result = Match()
    open_curves = _by_table(result, curves, keys, table)
    open_keys = [key for key in keys if key not in result.drives]
    by_name = {curve: _most_alike(curve, open_keys) for curve in open_curves}
    for curve, matched in by_name.items():
        for key in matched:
            result.drives.setdefault(key, {})[curve] = 1.0
    open_curves = [curve for curve in open_curves if not by_name[curve]]
    open_keys = [key for key in open_keys if key not in result.drives]
    without = _without_sides(open_curves, open_keys)
    for key, sides in without.items():
        result.drives[key] = dict.fromkeys(sides, 1 / len(sides))
    used = {curve for sides in without.values() for curve in sides}
    result.unmatched = [curve for curve in open_curves if curve not in used]
    result.idle = [key for key in keys if key not in result.drives and parse(key).is_known]
    return result


def _by_table(
    result: Match, curves: Sequence[str], keys: Sequence[str], table: Sequence[Row]
) -> list[str]:
    """Use the lines of the table; return the curves that it does not name."""
    spelled = {curve.lower(): curve for curve in curves}
    named = set()
    for row in table:
        curve = spelled.get(row.curve.lower())
        if curve is None:  # a table may serve several kinds of curves
            continue
        named.add(curve)
        if not row.key:
            result.left_out.append(curve)
        elif row.key in keys:
            result.drives.setdefault(row.key, {})[curve] = row.factor
        else:
            result.faults.append(f"the table sends {curve} to {row.key!r}, which is no shape key")
    return [curve for curve in curves if curve not in named]


def _most_alike(curve: str, keys: Iterable[str]) -> list[str]:
    ranks = {key: rank for key in keys if (rank := likeness(curve, key)) is not None}
    best = min(ranks.values(), default=None)
    return [key for key, rank in ranks.items() if rank == best]


def _without_sides(curves: Sequence[str], keys: Sequence[str]) -> dict[str, list[str]]:
    """Return the curves for each key that has no side where they do, or the other way round."""
    result: dict[str, list[str]] = {}
    for key in keys:
        to = parse(key)
        for curve in curves:
            of = parse(curve)
            one_side = bool(of.side) != bool(to.side)
            if of.base == to.base and one_side and of.base not in _DIRECTIONS:
                result.setdefault(key, []).append(curve)
    return result


def naming(keys: Iterable[str]) -> str:
    """Return which of Marotte's namings suits a mesh: arkit, oculus or vrm; "" for none."""
    bases = {name.base for name in map(parse, keys) if name.is_known}
    visemes = bases & {each.lower() for each in VISEMES}
    arkit = bases - visemes - {"eyeblink"}  # all kinds of faces blink
    if "jawopen" in arkit and len(arkit) >= 8:
        return "arkit"
    if len(visemes - set(VOWELS)) >= 5:
        return "oculus"
    if len(visemes & set(VOWELS)) >= 3:
        return "vrm"
    return "arkit" if arkit else ""


def read_table(text: str) -> list[Row]:
    """Read a user's table: lines `curve, shape key` or `curve, shape key, factor`.

    Lines that are empty or begin with # are left out.

    Raises:
        ValueError: a line has another form; the text is a sentence.
    """
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True))]
        try:
            curve, key, factor = (*cells, "1")[:3] if len(cells) in (2, 3) else ("", "", "")
            rows.append(Row(curve, key, float(factor or 1)))
        except ValueError:
            curve = ""
        if not curve:
            raise ValueError(
                f"line {number} of the table is {line.strip()!r}: write curve, shape key, or "
                "curve, shape key, factor"
            )
    return rows


def write_table(curves: Sequence[str], keys: Sequence[str]) -> str:
    """Return a table that says what `match` finds, for the user to change."""
    found = match(curves, keys)
    lines = [
        "# curve, shape key, factor (1 where it is missing)",
        "# A curve may have several lines. A curve without a shape key is left out.",
    ]
    for curve in curves:
        rows = [(key, sides[curve]) for key, sides in found.drives.items() if curve in sides]
        for key, factor in rows or [("", 1.0)]:
            cells = [curve, key] if factor == 1 else [curve, key, f"{factor:g}"]
            lines.append(", ".join(f'"{each}"' if "," in each else each for each in cells))
    idle = [key for key in keys if key not in found.drives]
    if idle:
        lines += ["# Shape keys without a curve:", *(f"#   {key}" for key in idle)]
    return "\n".join(lines) + "\n"
