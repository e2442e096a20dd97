"""TextGrid files of Praat in, their interval tiers, phones and words out.

Both text forms, long and short, are read by the rule of Praat: everything except free-standing
numbers, quoted texts and flags in angle brackets is a comment. A truncated file is therefore always
an error.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from marotte.errors import MarotteError
from marotte.learn.errors import Skip
from marotte.learn.speech.phones import ARPABET, VOWELS, normalise, stress_of
from marotte.learn.utterance import Phone

MAX_MISMATCH_S = 0.5
"""Annotations of a sound may be longer or shorter than the sound by this much."""

PHONE_TIERS = frozenset({"phones", "phone", "phonemes", "segments", "mau"})
WORD_TIERS = frozenset({"words", "word", "ort", "ort-mau"})
_SILENCE = frozenset({"", "sil", "sp", "<p:>", "pau", "#"})
_UNKNOWN = frozenset({"spn", "<unk>"})  # the Montreal Forced Aligner writes these for unknown words
_ROUNDING_S = 1e-6  # smaller overlaps are rounding errors

# A text with doubled quotes, a flag, or a number; each has white space around it.
_TOKEN = re.compile(r'(?<!\S)(?:"((?:[^"]|"")*)"|(<\w+>)|([-+]?\d[\d.]*(?:[eE][-+]?\d+)?))(?!\S)')


@final
@dataclass(frozen=True)
class Interval:
    """A label with its start and end in seconds."""

    start_s: float
    end_s: float
    label: str


@final
@dataclass(frozen=True)
class TextGrid:
    """The interval tiers of a TextGrid file.

    Attributes:
        seconds: duration of the annotated sound.
        tiers: name to intervals; all times count from the beginning of the grid.
    """

    seconds: float
    tiers: Mapping[str, tuple[Interval, ...]]

    def tier(self, names: Collection[str]) -> tuple[Interval, ...] | None:
        """Return the first tier with one of the names, or None.

        The case of letters is ignored, and `SPEAKER - NAME` counts as `NAME`.
        """
        for name, intervals in self.tiers.items():
            if name.rpartition(" - ")[2].strip().lower() in names:
                return intervals
        return None


def read_textgrid(path: Path) -> TextGrid:
    """Read a TextGrid file in the long or short text form, in UTF-8 or UTF-16.

    Raises:
        MarotteError: the file is missing, is not a TextGrid, or is truncated.
    """
    try:
        tokens = _tokens(_decoded(path.read_bytes()))
    except OSError as error:
        raise MarotteError(f"can't read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise MarotteError(
            f"{path} is not a text in UTF-8 or UTF-16: save it again in Praat"
        ) from error
    try:
        return _grid(tokens)
    except (ValueError, OverflowError) as error:
        raise MarotteError(f"{path} is not a complete TextGrid in text form: {error}") from error


def phones_in(grid: TextGrid, seconds: float) -> tuple[Phone, ...]:
    """Return the phones of the phone tier of a grid.

    Labels with capital letters are ARPAbet, others are IPA.

    Args:
        grid: a grid that has a tier with one of the names `PHONE_TIERS`.
        seconds: duration of the sound.

    Raises:
        Skip: the grid has no such tier, has another duration, or has unknown labels.

    Example:
        >>> grid = TextGrid(0.4, {"phones": (Interval(0.1, 0.3, "AY1"),)})
        >>> phones_in(grid, seconds=0.4)
        (Phone(ipa='aɪ', start_s=0.1, end_s=0.3, stress=1),)
    """
    tier = grid.tier(PHONE_TIERS)
    if tier is None:
        raise Skip("a TextGrid without a tier of phones")
    if abs(grid.seconds - seconds) > MAX_MISMATCH_S:
        raise Skip("a TextGrid of another length than the sound")
    phones: list[Phone] = []
    for interval in tier:
        pairs = _labelled_phones(interval.label)
        start_s, end_s = max(interval.start_s, 0), min(interval.end_s, seconds)
        bounds = np.linspace(start_s, end_s, len(pairs) + 1).tolist()
        for (ipa, stress), first, last in zip(pairs, bounds, bounds[1:], strict=False):
            if last > first:
                phones.append(Phone(ipa, first, last, stress))
    return tuple(phones)


def words_in(grid: TextGrid) -> str:
    """Return the text of the word tier of a grid; empty if there is no such tier.

    Example:
        >>> words_in(TextGrid(0.4, {"words": (Interval(0.1, 0.3, "hello"),)}))
        'hello'
    """
    labels = [interval.label for interval in grid.tier(WORD_TIERS) or ()]
    return " ".join(label for label in labels if label and not label.startswith("<"))


def _decoded(data: bytes) -> str:
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if is_utf_16 else "utf-8-sig")


def _tokens(text: str) -> Iterator[str | float]:
    """Yield texts and flags such as `<exists>` as `str`, and numbers as `float`."""
    for match in _TOKEN.finditer(text):
        quoted, flag, number = match.groups()
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
    previous_end = -np.inf
    for _ in range(count):
        first, last = _number(tokens), _number(tokens)
        if not previous_end - _ROUNDING_S <= first <= last:
            raise ValueError(f"the interval from {first} to {last} s is out of order")
        previous_end = last
        yield Interval(first - zero_s, last - zero_s, _text(tokens).strip())


def _number(tokens: Iterator[str | float]) -> float:
    token = _next(tokens)
    if isinstance(token, str) or not np.isfinite(token):
        raise ValueError(f"expected a number, got {token!r}")
    return token


def _text(tokens: Iterator[str | float]) -> str:
    token = _next(tokens)
    if not isinstance(token, str):
        raise ValueError(f"expected a text, got {token}")
    return token


def _expect(tokens: Iterator[str | float], *expected: str) -> str:
    token = _next(tokens)
    if token not in expected:
        raise ValueError(f"expected {expected[0]!r}, got {token!r}")
    return str(token)


def _next(tokens: Iterator[str | float]) -> str | float:
    token = next(tokens, None)
    if token is None:
        raise ValueError("the file is truncated")
    return token


def _labelled_phones(label: str) -> list[tuple[str, int]]:
    """Return the phones of a label, each with its stress; none for silence."""
    if label.lower() in _SILENCE:
        return []
    if label.lower() in _UNKNOWN:
        raise Skip("a TextGrid with a word without known phones")
    if label.isascii() and not label.islower():
        name, stress = label.rstrip("012"), int(label[-1]) if label[-1] in "12" else 0
        if name not in ARPABET:
            raise Skip("a phone that is neither ARPAbet nor IPA")
        return [("ə" if name == "AH" and label[-1] == "0" else ARPABET[name], stress)]
    try:
        phones = normalise(label)
    except MarotteError as error:
        raise Skip("a phone that is neither ARPAbet nor IPA") from error
    return [(ipa, stress_of(label) if ipa in VOWELS else 0) for ipa in phones]
