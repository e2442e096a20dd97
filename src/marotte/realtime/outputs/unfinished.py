"""Folders of recordings in; the takes that a killed or failed run left there, saved, out.

`take.csv.part` becomes `take-recovered.csv`, or `take-recovered-2.csv` where that exists. Only
files that begin as a recording of Marotte does and that no running program writes are touched.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from marotte.realtime.outputs.recorder import PART, lock

CSV, JSON = b"Timecode,BlendShapeCount,", b'{"time_s": '
RIFF, RF64 = b"WAVEJUNK", b"WAVEds64"  # at byte 8 of a WAV file from `wav.wav_header`
HEAD_BYTES = 28
TAIL_BYTES = 1 << 16  # more than a row has


def save_unfinished(folders: Iterable[Path]) -> Iterator[str]:
    r"""Save the unfinished takes in some folders; yield a sentence about each.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("take.json.part").write_text('{"time_s": 0.0}\\\n{"time_s": 0.01')
        >>> print(*save_unfinished([Path(".")]))
        take.json.part was not finished: it is saved as take-recovered.json
        >>> Path("take-recovered.json").read_text()
        '{"time_s": 0.0}\\\n'
    """
    for folder in sorted(set(folders)):
        for part in sorted(folder.glob(f"*{PART}")):
            with suppress(OSError):  # another program writes it, or it may not be changed
                if saved := _save(part):
                    yield f"{part} was not finished: it is saved as {saved}"


def _save(part: Path) -> Path | None:
    """Cut a file to its whole pieces and rename it; None if it is not a recording."""
    handle = os.open(part, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        lock(handle)
        n_bytes = _whole_bytes(handle)
        if n_bytes:
            os.ftruncate(handle, n_bytes)
    finally:
        os.close(handle)
    if not n_bytes:
        return None
    saved = _free_name(part.with_name(part.name.removesuffix(PART)))
    part.rename(saved)
    return saved


def _whole_bytes(handle: int) -> int:
    """Return the length of a recording's whole pieces; 0 if the file is not one."""
    size = os.fstat(handle).st_size
    head = os.read(handle, HEAD_BYTES)
    if head.startswith((CSV, JSON)):
        os.lseek(handle, max(0, size - TAIL_BYTES), os.SEEK_SET)
        tail = os.read(handle, TAIL_BYTES)
        return size - (len(tail) - (tail.rfind(b"\n") + 1))
    if head[8:16] == RIFF:
        return min(size, 8 + struct.unpack_from("<I", head, 4)[0])
    if head[8:16] == RF64:
        return min(size, 8 + struct.unpack_from("<Q", head, 20)[0])
    return 0


def _free_name(path: Path) -> Path:
    """Return `NAME-recovered.ENDING`, or one with a number that no file has."""
    number = 1
    while True:
        mark = "-recovered" if number == 1 else f"-recovered-{number}"
        free = path.with_name(f"{path.stem}{mark}{path.suffix}")
        if not free.exists():
            return free
        number += 1
