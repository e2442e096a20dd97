"""What sources of a user's own files share: a folder, the sounds in it, what lies beside them."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.corpora.source import Source
from marotte.learn.errors import Skip
from marotte.learn.speech.align import aligner
from marotte.learn.speech.textgrid import TextGrid, phones_in, read_textgrid, words_in
from marotte.learn.utterance import Phone

SOUND_ENDINGS = (".wav", ".flac", ".ogg", ".mp3")


@dataclass(frozen=True)
class FolderSource(Source, ABC):
    """A source that reads files in a folder of the user's; a recipe may have several.

    Attributes:
        folder: where they are.
    """

    many: ClassVar[bool] = True
    folder: str = ""

    @property
    def root(self) -> Path:
        """The folder.

        Raises:
            MarotteError: it is not said, or is not there.
        """
        if not self.folder:
            raise MarotteError(
                f"the source {self.name!r} needs the option 'folder': say which it is"
            )
        root = Path(self.folder).expanduser()
        if not root.is_dir():
            raise MarotteError(f"the source {self.name!r} finds no folder {root}: mend 'folder'")
        return root

    def nothing_found(self, what: str) -> MarotteError:
        """The error for a folder in which nothing is of use."""
        return MarotteError(f"the source {self.name!r} finds no {what} in {self.root}")


def find_files(root: Path, *endings: str) -> dict[str, dict[str, Path]]:
    """The files with some endings below a folder, hidden ones left out.

    Returns:
        By path below the folder without ending (`anna/clip`), the files by ending in lower case.
    """
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() in endings and not path.name.startswith("."):
            key = path.relative_to(root).with_suffix("").as_posix()
            found.setdefault(key, {})[path.suffix.lower()] = path
    return found


def sound_among(files: Mapping[str, Path]) -> Path:
    """The sound file among files of one name.

    Raises:
        Skip: there is none.
    """
    for ending in SOUND_ENDINGS:
        if ending in files:
            return files[ending]
    raise Skip("no sound file")


def read_grid(path: Path) -> TextGrid:
    """A TextGrid.

    Raises:
        Skip: it can't be read.
    """
    try:
        return read_textgrid(path)
    except MarotteError as error:
        raise Skip("a TextGrid that can't be read") from error


def spoken(
    files: Mapping[str, Path], samples: NDArray[np.float32], language: str
) -> tuple[str, tuple[Phone, ...]]:
    """The text and phones that files beside a sound tell: a TextGrid, else a text to align.

    Args:
        files: by ending: `.textgrid`, `.txt`, or neither.
        samples: the sound [n_samples] at Marotte's rate.
        language: ISO 639-1, for the aligner.

    Raises:
        Skip: a file can't be read, or does not fit the sound.
    """
    text = _text(files[".txt"]) if ".txt" in files else ""
    if ".textgrid" in files:
        grid = read_grid(files[".textgrid"])
        return text or words_in(grid), phones_in(grid, len(samples) / SAMPLE_RATE)
    return text, aligner(language).align(samples, SAMPLE_RATE, text) if text else ()


def _text(path: Path) -> str:
    try:
        return " ".join(path.read_text("utf-8-sig").split())
    except (OSError, UnicodeDecodeError) as error:
        raise Skip("a text that is not UTF-8") from error
