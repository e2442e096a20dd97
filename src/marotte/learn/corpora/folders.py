"""What the sources that read a folder of the user share: find its files, read texts and phones."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from marotte.audio.kinds import SOUND_ENDINGS, VIDEO_ENDINGS
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.corpora.source import Source
from marotte.learn.errors import Skip
from marotte.learn.speech.align import aligner
from marotte.learn.speech.textgrid import TextGrid, phones_in, read_textgrid, words_in
from marotte.learn.utterance import Phone

RECORDING_ENDINGS = (*SOUND_ENDINGS, *VIDEO_ENDINGS)
"""What is read, in this order where files differ in their ending only: sounds before videos."""


@dataclass(frozen=True)
class FolderSource(Source, ABC):
    """A source that reads files in a folder of the user. A recipe may use it several times.

    Attributes:
        folder: the folder of the files.
    """

    many: ClassVar[bool] = True
    folder: str = ""

    @property
    def root(self) -> Path:
        """The path of the folder.

        Raises:
            MarotteError: the option `folder` is missing, or there is no such folder.
        """
        if not self.folder:
            raise MarotteError(
                f"the source {self.name!r} needs the option 'folder': give the path of a folder"
            )
        root = Path(self.folder).expanduser()
        if not root.is_dir():
            raise MarotteError(
                f"the source {self.name!r} finds no folder {root}: correct the option 'folder'"
            )
        return root

    def nothing_found(self, what: str) -> MarotteError:
        """Return the error for a folder without usable files; `what` names them in the plural."""
        return MarotteError(f"the source {self.name!r} finds no {what} in {self.root}")


def find_files(root: Path, *endings: str) -> dict[str, dict[str, Path]]:
    """Find the files with some endings below a folder, except hidden ones.

    Returns:
        Paths of files, by their path below the folder without its ending (`anna/clip`) and then by
        their ending in lower case.
    """
    files: dict[str, dict[str, Path]] = {}
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() in endings and not path.name.startswith("."):
            key = path.relative_to(root).with_suffix("").as_posix()
            files.setdefault(key, {})[path.suffix.lower()] = path
    return files


def sound_file(files: Mapping[str, Path]) -> Path:
    """Return the sound file of a recording.

    Args:
        files: the files of the recording, by their ending.

    Raises:
        Skip: there is no sound file.
    """
    for ending in RECORDING_ENDINGS:
        if ending in files:
            return files[ending]
    raise Skip("no sound file")


def read_grid(path: Path) -> TextGrid:
    """Read a TextGrid file.

    Raises:
        Skip: the file can't be read.
    """
    try:
        return read_textgrid(path)
    except MarotteError as error:
        raise Skip("a TextGrid that can't be read") from error


def text_and_phones(
    files: Mapping[str, Path], samples: NDArray[np.float32], language: str
) -> tuple[str, tuple[Phone, ...]]:
    """Return the text and phones of a recording, from its TextGrid or from its aligned text.

    Args:
        files: the files of the recording, by their ending: `.textgrid`, `.txt`, or neither.
        samples: the samples [n_samples] at 16 kHz.
        language: ISO 639-1 code, for the aligner.

    Raises:
        Skip: a file can't be read or does not fit the sound.
    """
    text = _read_text(files[".txt"]) if ".txt" in files else ""
    if ".textgrid" in files:
        grid = read_grid(files[".textgrid"])
        return text or words_in(grid), phones_in(grid, len(samples) / SAMPLE_RATE)
    return text, aligner(language).align(samples, SAMPLE_RATE, text) if text else ()


def _read_text(path: Path) -> str:
    try:
        return " ".join(path.read_text("utf-8-sig").split())
    except (OSError, UnicodeDecodeError) as error:
        raise Skip("a text that is not UTF-8") from error
