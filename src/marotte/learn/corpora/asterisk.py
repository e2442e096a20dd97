"""Asterisk's English telephone prompts: one studio speaker, 16 kHz, held out for testing."""

from __future__ import annotations

import functools
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from marotte.errors import missing_extra
from marotte.learn.align import english_aligner
from marotte.learn.corpora import debian
from marotte.learn.corpora.source import Skip, Source
from marotte.learn.utterance import Utterance

_RATE = 16_000


@dataclass(frozen=True)
class AsteriskEn(Source):
    """Every prompt that has words, aligned."""

    name: ClassVar[str] = "asterisk_en"

    def items(self) -> Sequence[str]:
        """The names of the prompts that have a text."""
        english_aligner()
        _pyav()
        return sorted(key for key in self._texts if self._path(key).is_file())

    def utterance(self, key: str) -> Utterance:
        """A prompt with its text and phones."""
        text = self._texts[key]
        samples = _decoded(self._path(key))
        return Utterance(
            id=f"{self.name}/allison/{key}",
            source=self.name,
            speaker="allison",
            language="en",
            licence=debian.ASTERISK_EN.licence,
            text=text,
            samples=samples,
            rate=_RATE,
            phones=english_aligner().align(samples, _RATE, text),
        )

    @functools.cached_property
    def _folder(self) -> Path:
        probe = debian.root_of(debian.ASTERISK_EN) / debian.ASTERISK_EN.probe
        return probe.parent

    @functools.cached_property
    def _texts(self) -> dict[str, str]:
        """By prompt: what is said, from lines of the form `name: text`."""
        path = debian.root_of(debian.ASTERISK_EN_TEXT) / debian.ASTERISK_EN_TEXT.probe
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as lines:
            pairs = [line.split(":", 1) for line in lines if ":" in line and line[0] != ";"]
        return {name.strip(): text.strip() for name, text in pairs}

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.g722"


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
