"""One case: a kind of file, one of its files damaged, and what reading it did."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from mutators import Mutator

from marotte.errors import MarotteError

LIMIT_S, LIMIT_BYTES = 10.0, 2**30
LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Kind:
    """A kind of files that Marotte reads.

    Attributes:
        name: its name.
        write: writes whole files of the kind into a folder.
        read: reads the files of a folder as the product does; raises `MarotteError` to refuse them.
        mutators: what may damage a file; one is chosen each time.
        target: a pattern of the files to damage.
        slow: whether reading takes a second or more, so that the test suite leaves the kind out.
    """

    name: str
    write: Callable[[Path], object]
    read: Callable[[Path], object]
    mutators: tuple[Mutator, ...]
    target: str = "*"
    slow: bool = False


@dataclass(frozen=True)
class Outcome:
    """What happened.

    Attributes:
        message: why the file was refused; empty if it was read.
        fault: what is wrong with that; empty if nothing is.
    """

    message: str
    seconds: float
    grown_bytes: int
    fault: str


@cache
def whole_files(kind: Kind) -> Mapping[str, bytes]:
    """Return the content of the undamaged files of a kind, by their path in the folder."""
    with tempfile.TemporaryDirectory() as folder:
        kind.write(Path(folder))
        paths = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def damaged_files(kind: Kind, random: Random) -> dict[str, bytes]:
    """Return the files of a kind, one of them damaged."""
    files = dict(whole_files(kind))
    names = [name for name in files if Path(name).match(kind.target)]
    name = random.choice(names)
    files[name] = random.choice(kind.mutators)(files[name], random)
    return files


def run(kind: Kind, files: Mapping[str, bytes]) -> Outcome:
    """Read files and judge what happens."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        before, start = _reset_peak(), time.process_time()
        message, fault = "", ""
        try:
            kind.read(Path(folder))
        except MarotteError as error:
            message = str(error)
            fault = _fault_of_message(message)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            fault = "".join(traceback.format_exception(error))
        seconds, grown = time.process_time() - start, max(0, _peak() - before)
    if not fault and seconds > LIMIT_S:
        fault = f"took {seconds:.1f} s"
    if not fault and grown > LIMIT_BYTES:
        fault = f"took {grown / 2**20:.0f} MB"
    return Outcome(message, seconds, grown, fault)


def _fault_of_message(message: str) -> str:
    """Return what is wrong with an error's message; empty if nothing is."""
    if not message.strip() or "Traceback" in message:
        return f"a message without a reason: {message!r}"
    if len(message) > LONGEST_MESSAGE:
        return f"a message of {len(message)} characters: {message[:200]!r}"
    return ""


def _reset_peak() -> int:
    """Forget the peak of this process's memory; return the memory in use, in bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # only Linux can; elsewhere memory is not judged
        return 2**62
    return _status("VmRSS")


def _peak() -> int:
    try:
        return _status("VmHWM")
    except OSError:
        return 0


def _status(key: str) -> int:
    text = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(key)) * 1024
