"""What recordings have in common: frames are not dropped, and no half of a file appears."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import ExitStack
from pathlib import Path

from marotte.errors import MarotteError
from marotte.paths import check_writable, replacing
from marotte.realtime.outputs import Output

WAITING_FRAMES = 3600  # a minute; a disk is busy now and then


def path_of(target: str, kind: str) -> Path:
    """The file that a spec names.

    Raises:
        MarotteError: it names none, or its folder can't be written to.
    """
    if not target:
        raise MarotteError(f"{kind!r} needs a file: --out {kind}:take.{kind}")
    check_writable(Path(target))
    return Path(target)


class Recorder(Output):
    """Writes beside the file from the first frame on, and moves it there when the take ends.

    A take without a frame leaves no file.
    """

    waiting_frames = WAITING_FRAMES

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self.path = path
        self.stack = ExitStack()
        self.begun = False

    def begin(self) -> None:
        """Open the file, if that was not done before."""
        if not self.begun:
            self.begun = True
            self.open(self.stack.enter_context(replacing(self.path)))

    @abstractmethod
    def open(self, temporary: Path) -> None:
        """Open what is written; `stack` closes it."""

    def close(self) -> None:
        """Let the file appear."""
        self.stack.close()
