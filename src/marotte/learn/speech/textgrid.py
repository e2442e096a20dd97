"""Praat's TextGrid files in, their interval tiers out, and the phones and words in those.

The long and the short text form are read by one rule, Praat's own: whatever is not a free-standing
number, a quoted text or a flag in angle brackets is a remark. So a file that ends early is an
error, however it was cut.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from marotte.errors import MarotteError
from marotte.learn.errors import Skip
from marotte.learn.speech.phones import ARPABET, VOWELS, normalise
from marotte.learn.utterance import Phone

MAX_MISMATCH_S = 0.5
"""What is timed against a sound may be this much longer or shorter than it."""

PHONE_TIERS = frozenset({"phones", "phone", "phonemes", "segments", "mau"})
WORD_TIERS = frozenset({"words", "word", "ort", "ort-mau"})
_SILENCE = frozenset({"", "sil", "sp", "<p:>", "pau", "#"})
_UNKNOWN = frozenset({"spn", "<unk>"})  # what the Montreal aligner writes for a word it can't say
_SAME_S = 1e-6  # how much of an overlap is rounding

# A text (its quotes doubled), a flag, or a number; each with white space around it.
_TOKEN = re.compile(r'(?<!\S)(?:"((?:[^"]|"")*)"|(<\w+>)|([-+]?\d[\d.]*(?:[eE][-+]?\d+)?))(?!\S)')


@dataclass(frozen=True)
class Interval:
    """A label with its time, in seconds."""

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True)
class TextGrid:
    """What a TextGrid says.

    Attributes:
        seconds: how long the annotated sound lasts.
        tiers: the intervals of each interval tier, by its name; all times count from the grid's
            beginning.
    """

    seconds: float
    tiers: Mapping[str, tuple[Interval, ...]]

    def tier(self, names: Collection[str]) -> tuple[Interval, ...] | None:
        """The first tier of these names, in any case, or `SPEAKER - NAME`; None without one."""
        for name, intervals in self.tiers.items():
            if name.rpartition(" - ")[2].strip().lower() in names:
                return intervals
        return None


def read_textgrid(path: Path) -> TextGrid:
    """Read a TextGrid in its long or short text form, in UTF-8 or UTF-16.

    Raises:
        MarotteError: the file is missing, is no TextGrid, or ends early.
    """
    try:
        tokens = _tokens(_decoded(path.read_bytes()))
    except OSError as error:
        raise MarotteError(f"can't read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise MarotteError(
            f"{path} is no text in UTF-8 or UTF-16: save it anew in Praat"
        ) from error
    try:
        return _grid(tokens)
    except (ValueError, OverflowError) as error:
        raise MarotteError(f"{path} is no whole TextGrid in text form: {error}") from error


def phones_in(grid: TextGrid, seconds: float) -> tuple[Phone, ...]:
    """The phones of a grid's phone tier: ARPAbet where labels have capitals, IPA otherwise.

    Args:
        grid: with a tier of one of `PHONE_TIERS`.
        seconds: how long the sound is.

    Raises:
        Skip: it has no such tier, belongs to another sound, or its labels are not known.
    """
    tier = grid.tier(PHONE_TIERS)
    if tier is None:
        raise Skip("a TextGrid without a tier of phones")
    if abs(grid.seconds - seconds) > MAX_MISMATCH_S:
        raise Skip("a TextGrid of another length than its sound")
    phones: list[Phone] = []
    for each in tier:
        said = _said(each.label)
        bounds = np.linspace(max(each.start_s, 0), min(each.end_s, seconds), len(said) + 1).tolist()
        for (ipa, stress), first, last in zip(said, bounds, bounds[1:], strict=False):
            if last > first:
                phones.append(Phone(ipa, first, last, stress))
    return tuple(phones)


def words_in(grid: TextGrid) -> str:
    """What the grid's tier of words says; empty without one."""
    tier = grid.tier(WORD_TIERS) or ()
    labels = [each.label for each in tier]
    return " ".join(each for each in labels if each and not each.startswith("<"))


def _decoded(data: bytes) -> str:
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8-sig")


def _tokens(text: str) -> Iterator[str | float]:
    """Texts as they are, numbers as numbers; flags such as `<exists>` as texts."""
    for found in _TOKEN.finditer(text):
        quoted, flag, number = found.groups()
        yield float(number) if number else flag or quoted.replace('""', '"')


def _grid(tokens: Iterator[str | float]) -> TextGrid:
    _expect(tokens, "ooTextFile", "ooTextFile short")
    _expect(tokens, "TextGrid")
    start, end = _number(tokens), _number(tokens)
    n_tiers = int(_number(tokens)) if _expect(tokens, "<exists>", "<absent>") == "<exists>" else 0
    tiers: dict[str, tuple[Interval, ...]] = {}
    for _ in range(n_tiers):
        kind, name = _expect(tokens, "IntervalTier", "TextTier"), _text(tokens)
        _, _, n_entries = _number(tokens), _number(tokens), int(_number(tokens))
        if kind == "IntervalTier":
            tiers[name] = tuple(_intervals(tokens, n_entries, start))
        else:
            for _ in range(n_entries):
                _ = _number(tokens), _text(tokens)
    return TextGrid(end - start, tiers)


def _intervals(tokens: Iterator[str | float], count: int, zero_s: float) -> Iterator[Interval]:
    before = -np.inf
    for _ in range(count):
        first, last = _number(tokens), _number(tokens)
        if not before - _SAME_S <= first <= last:
            raise ValueError(f"its interval from {first} to {last} s is out of order")
        before = last
        yield Interval(first - zero_s, last - zero_s, _text(tokens).strip())


def _number(tokens: Iterator[str | float]) -> float:
    token = _next(tokens)
    if isinstance(token, str):
        raise ValueError(f"it has {token!r} where a number belongs")
    return token


def _text(tokens: Iterator[str | float]) -> str:
    token = _next(tokens)
    if not isinstance(token, str):
        raise ValueError(f"it has {token} where a text belongs")
    return token


def _expect(tokens: Iterator[str | float], *wanted: str) -> str:
    token = _next(tokens)
    if token not in wanted:
        raise ValueError(f"it has {token!r} where {wanted[0]!r} belongs")
    return str(token)


def _next(tokens: Iterator[str | float]) -> str | float:
    token = next(tokens, None)
    if token is None:
        raise ValueError("it ends early")
    return token


def _said(label: str) -> list[tuple[str, int]]:
    """A label's phones, each with its stress; none for silence."""
    if label.lower() in _SILENCE:
        return []
    if label.lower() in _UNKNOWN:
        raise Skip("a word whose phones the TextGrid does not know")
    if label.isascii() and not label.islower():
        name, stress = label.rstrip("012"), int(label[-1]) if label[-1] in "12" else 0
        if name not in ARPABET:
            raise Skip("a phone that is neither ARPAbet nor IPA")
        return [("ə" if name == "AH" and label[-1] == "0" else ARPABET[name], stress)]
    try:
        phones = normalise(label)
    except MarotteError as error:
        raise Skip("a phone that is neither ARPAbet nor IPA") from error
    stress = 1 if "ˈ" in label else 2 if "ˌ" in label else 0
    return [(ipa, stress if ipa in VOWELS else 0) for ipa in phones]
