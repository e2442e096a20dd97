"""The base class of outputs that record to a file: nothing is dropped, no partial file appears."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import ExitStack
from pathlib import Path

from marotte.errors import MarotteError
from marotte.paths import check_writable, replacing
from marotte.realtime.outputs import Output


def recording_path(target: str, kind: str) -> Path:
    """Return the path in a spec's target.

    Args:
        target: the spec's text after the colon.
        kind: the spec's first word, for the error message.

    Raises:
        MarotteError: the target is empty, or its folder can't be written to.
    """
    if not target:
        raise MarotteError(f"{kind!r} needs a file: -o {kind}:take.{kind}")
    check_writable(Path(target))
    return Path(target)


class Recorder(Output):
    """Writes to a temporary file from the first frame on, and renames it when the take ends.

    A take without a frame leaves no file.

    Attributes:
        path: where the file appears.
        stack: what `close` closes.
    """

    max_queued_frames = 3600  # a minute: disks are busy now and then

    def __init__(self, path: Path) -> None:
        """Set the path."""
        self.path = path
        self.stack = ExitStack()
        self.started = False

    def start(self) -> None:
        """Open the file, the first time."""
        if not self.started:
            self.started = True
            self.open(self.stack.enter_context(replacing(self.path)))

    @abstractmethod
    def open(self, temporary: Path) -> None:
        """Open the temporary file; put what has to be closed on `stack`."""

    def close(self) -> None:
        """Close the file and move it to its path."""
        self.stack.close()
