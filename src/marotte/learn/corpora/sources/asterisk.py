"""Asterisk's telephone prompts: one studio speaker a language, 16 kHz, in Debian packages.

English and Spanish are spoken by the same woman.
"""

from __future__ import annotations

import functools
import gzip
import re
import zlib
from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.learn.corpora import debian
from marotte.learn.corpora.source import Source
from marotte.learn.errors import Skip
from marotte.learn.speech.align import aligner
from marotte.learn.utterance import Utterance

_RATE = 16_000


@dataclass(frozen=True)
class Asterisk(Source, ABC):
    """Every prompt of a language that has words, aligned.

    Attributes:
        language: ISO 639-1.
        speaker: who speaks.
        packages: that of the sounds, and that of their texts.
    """

    language: ClassVar[str]
    speaker: ClassVar[str]

    def __init_subclass__(
        cls,
        language: str = "",
        speaker: str = "",
        packages: tuple[debian.Package, ...] = (),
        **others: Any,
    ) -> None:
        super().__init_subclass__(**others)
        if language:
            cls.name, cls.language, cls.speaker = f"asterisk_{language}", language, speaker
            cls.packages = packages

    def items(self) -> Sequence[str]:
        """The names of the prompts that have a text."""
        aligner(self.language)
        _pyav()
        return sorted(key for key in self._texts if self._path(key).is_file())

    def utterance(self, key: str) -> Utterance:
        """A prompt with its text and phones."""
        text = self._texts[key]
        samples = _decoded(self._path(key))
        return Utterance(
            id=f"{self.name}/{self.speaker}/{key}",
            source=self.name,
            speaker=self.speaker,
            language=self.language,
            licence=self.packages[0].licence,
            text=text,
            samples=samples,
            rate=_RATE,
            phones=aligner(self.language).align(samples, _RATE, self._spoken(text)),
        )

    def _spoken(self, text: str) -> str:
        """What of a text is said."""
        return text

    @functools.cached_property
    def _folder(self) -> Path:
        sounds = self.packages[0]
        return (debian.root_of(sounds) / sounds.probe).parent

    @functools.cached_property
    def _texts(self) -> dict[str, str]:
        """By prompt: what is said, from lines of the form `name: text`."""
        texts = self.packages[1]
        path = debian.root_of(texts) / texts.probe
        try:
            with gzip.open(path, "rt", encoding="utf-8-sig", errors="replace") as lines:
                pairs = [line.split(":", 1) for line in lines if ":" in line and line[0] != ";"]
        except (OSError, EOFError, zlib.error) as error:
            raise MarotteError(f"{path} is damaged: unpack the package again") from error
        return {name.strip(): text.strip() for name, text in pairs}

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.g722"


class AsteriskEn(Asterisk, language="en", speaker="allison", packages=debian.ASTERISK_EN):
    """English."""


@dataclass(frozen=True)
class _Translated(Asterisk, ABC):
    """A language whose texts hold remarks in brackets, and letters that were lost on the way."""

    def _spoken(self, text: str) -> str:
        if re.search(r"\w\?\s*\w|�", text):
            raise Skip("letters of the text are lost")
        return re.sub(r"\([^)]*\)", " ", text)


class AsteriskEs(_Translated, language="es", speaker="allison", packages=debian.ASTERISK_ES):
    """Mexican Spanish, by the woman who speaks English."""

    people: ClassVar[int | None] = 0


class AsteriskFr(_Translated, language="fr", speaker="june", packages=debian.ASTERISK_FR):
    """Canadian French."""


class AsteriskIt(_Translated, language="it", speaker="carlo", packages=debian.ASTERISK_IT):
    """Italian."""


class AsteriskRu(_Translated, language="ru", speaker="ivrvoice", packages=debian.ASTERISK_RU):
    """Russian."""


def _decoded(path: Path) -> NDArray[np.float32]:
    """The sound of a headerless G.722 file."""
    av = _pyav()
    try:
        with av.open(str(path), format="g722") as container:
            blocks = [frame.to_ndarray().ravel() for frame in container.decode(audio=0)]
    except av.FFmpegError as error:
        raise Skip("not readable as G.722") from error
    samples = np.concatenate([np.zeros(0, np.int16), *blocks])
    return np.divide(samples, 32768, dtype=np.float32)


def _pyav() -> Any:
    try:
        import av
    except ImportError as error:
        raise missing_extra("av", "speech") from error
    return av
