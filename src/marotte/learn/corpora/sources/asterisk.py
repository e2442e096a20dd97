"""The telephone prompts of Asterisk: one studio speaker per language, 16 kHz, Debian packages.

The same woman speaks English and Spanish.
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
from typing import Any, ClassVar, final

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
    """The prompts of a language that have a text, aligned with it.

    Attributes:
        language: ISO 639-1 code.
        speaker: the name of the speaker.
        packages: the package of the sounds and the package of their texts.
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
        """Return the names of the prompts that have a text."""
        aligner(self.language)
        _pyav()
        return sorted(key for key in self._texts if self._path(key).is_file())

    def utterance(self, key: str) -> Utterance:
        """Read a prompt with its text and phones."""
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
        """Return the spoken part of a text."""
        return text

    @functools.cached_property
    def _folder(self) -> Path:
        return debian.probe_path(self.packages[0]).parent

    @functools.cached_property
    def _texts(self) -> dict[str, str]:
        """The text of each prompt by its name, from lines of the form `name: text`."""
        path = debian.probe_path(self.packages[1])
        try:
            with gzip.open(path, "rt", encoding="utf-8-sig", errors="replace") as lines:
                pairs = [line.split(":", 1) for line in lines if ":" in line and line[0] != ";"]
        except (OSError, EOFError, zlib.error) as error:
            raise MarotteError(f"{path} is damaged: unpack the package again") from error
        return {name.strip(): text.strip() for name, text in pairs}

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.g722"


@final
class AsteriskEn(Asterisk, language="en", speaker="allison", packages=debian.ASTERISK_EN):
    """English prompts."""


@dataclass(frozen=True)
class _Translated(Asterisk, ABC):
    """A language whose texts contain remarks in brackets and lost letters."""

    def _spoken(self, text: str) -> str:
        if re.search(r"\w\?\s*\w|�", text):
            raise Skip("letters of the text are lost")
        return re.sub(r"\([^)]*\)", " ", text)


@final
class AsteriskEs(_Translated, language="es", speaker="allison", packages=debian.ASTERISK_ES):
    """Mexican Spanish prompts, by the speaker of the English ones."""

    people: ClassVar[int | None] = 0


@final
class AsteriskFr(_Translated, language="fr", speaker="june", packages=debian.ASTERISK_FR):
    """Canadian French prompts."""


@final
class AsteriskIt(_Translated, language="it", speaker="carlo", packages=debian.ASTERISK_IT):
    """Italian prompts."""


@final
class AsteriskRu(_Translated, language="ru", speaker="ivrvoice", packages=debian.ASTERISK_RU):
    """Russian prompts."""


def _decoded(path: Path) -> NDArray[np.float32]:
    """Read the samples [n_samples] of a G.722 file without a header."""
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
