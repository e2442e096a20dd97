"""A sound file's path in; its container format, and an error if the file is cut short, out.

libsndfile reads a truncated WAV, OGG or MP3 file without an error. Therefore the lengths in the
headers are compared with the size of the file here, before libsndfile opens it. A WAV file that
lacks its end is read all the same: some programs write a size that is a few bytes too large, and a
recorder that crashed leaves its sound whole up to there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from struct import unpack_from
from typing import BinaryIO

from marotte.audio import kinds
from marotte.errors import MarotteError

# Programs that write to a pipe don't know the length and write one of these instead: 0 (many),
# 0x7FFFF000 (sox), 0x80000000 (arecord), 0xFFFFFFFF (ffmpeg).
STREAMED_SIZE = 0x7FFFF000
MOST_CHUNKS = 10_000  # of a WAV file before its samples
LONGEST_OGG_PAGE = 27 + 255 + 255 * 255  # bytes: header, segment table, segments


@dataclass(frozen=True)
class Container:
    """The container format of a sound file, read from its header.

    Attributes:
        kind: `WAV`, `FLAC`, `OGG`, `MP3`, or a name of `marotte.audio.kinds`.
        knows_length: whether the header holds the exact number of samples.
        unset_size_at: offset of a WAV's data size that was left 0, or None.
        missing_s: how much of a WAV's sound is missing at its end, in seconds.
        promised_bytes: the size of an AIFF, AU or W64 file by its header, if the file is shorter.
        by_libsndfile: whether libsndfile reads it; otherwise PyAV does.
    """

    kind: str
    knows_length: bool = True
    unset_size_at: int | None = None
    missing_s: float = 0.0
    promised_bytes: int | None = None
    by_libsndfile: bool = True


def read_container(path: Path) -> Container:
    """Recognise a sound file by its content.

    Raises:
        MarotteError: the path is missing, a folder, empty, of another format, or cut short.

    Example:
        >>> from pathlib import Path
        >>> from marotte.audio.headers import read_container
        >>> read_container(Path("voice.wav")).kind
        'WAV'
    """
    try:
        if path.is_dir():
            raise MarotteError(f"{path} is a folder: give a sound file")
        with path.open("rb") as file:
            return _recognise(file, path)
    except FileNotFoundError as error:
        raise MarotteError(f"no such file: {path}") from error
    except OSError as error:
        raise MarotteError(f"can't read {path}: {error.strerror or error}") from error


def _recognise(file: BinaryIO, path: Path) -> Container:
    start = file.read(12)
    if not start:
        raise MarotteError(f"{path} is empty: it holds 0 bytes")
    if start[:4] in (b"RIFF", b"RF64") and start[8:] == b"WAVE":
        return _wav(file, path)
    if start[:4] == b"fLaC":
        # STREAMINFO comes first; the last 36 bits before its checksum are the number of samples.
        total = int.from_bytes(_at(file, 21, 5), "big") & 0xF_FFFF_FFFF
        return Container("FLAC", knows_length=total > 0)
    if start[:4] == b"OggS":
        return _ogg(file, path)
    if start[:3] == b"ID3" or (start[0] == 0xFF and start[1:2] >= b"\xe0"):
        return _mp3(file, path)
    return _other(file, path)


def _other(file: BinaryIO, path: Path) -> Container:
    """Recognise a file of another kind; its end may lack, too."""
    start = _at(file, 0, kinds.START_BYTES)
    kind = kinds.recognise(start)
    if kind is None:
        raise MarotteError(
            f"{path} is not a sound file: WAV, FLAC, OGG, MP3, AIFF, CAF, AU and W64 can be read, "
            "and with the package 'av' M4A, AAC, MP4, WebM, MKV and more"
        )
    promised = None
    if kind.name == "AIFF":
        promised = 8 + int.from_bytes(start[4:8], "big")
    elif kind.name == "W64":
        promised = int.from_bytes(start[16:24], "little")
    elif kind.name == "AU" and start[:4] == b".snd":
        sizes = unpack_from(">II", start.ljust(12, b"\0"), 4)
        promised = sum(sizes) if sizes[1] < STREAMED_SIZE else None
    if promised is not None and promised <= file.seek(0, 2):
        promised = None
    return Container(kind.name, promised_bytes=promised, by_libsndfile=kind.by_libsndfile)


def _wav(file: BinaryIO, path: Path) -> Container:
    """Walk the chunks of a WAV file to its samples."""
    file_bytes = file.seek(0, 2)
    riff_bytes, offset, long_bytes = unpack_from("<I", _at(file, 4, 4))[0], 12, 0
    bytes_per_s = 0
    for _ in range(MOST_CHUNKS):
        if len(header := _at(file, offset, 8)) < 8:
            break
        name, chunk_bytes = unpack_from("<4sI", header)
        if name == b"fmt ":
            bytes_per_s = int.from_bytes(_at(file, offset + 16, 4), "little")
        if name == b"ds64":  # 64-bit sizes of an RF64 file: the whole file, then the data
            long_bytes = int.from_bytes(_at(file, offset + 16, 8), "little")
        if name == b"data":
            available = file_bytes - (offset + 8)
            promised = long_bytes or chunk_bytes
            streamed = not long_bytes and chunk_bytes >= STREAMED_SIZE
            if promised > available and not streamed:
                if not available:
                    break
                return Container("WAV", missing_s=(promised - available) / max(1, bytes_per_s))
            unset = chunk_bytes == 0 and available > 0 and riff_bytes + 8 != file_bytes
            return Container("WAV", unset_size_at=offset + 4 if unset else None)
        offset += 8 + chunk_bytes + chunk_bytes % 2
    raise cut_short(path, "it ends before its sound begins")


def _ogg(file: BinaryIO, path: Path) -> Container:
    """Check that the last page of an OGG file is complete and marked as the last."""
    if not kinds.is_plain_ogg(_at(file, 0, kinds.START_BYTES)):
        return Container(kinds.OTHER_OGG.name, by_libsndfile=False)
    file_bytes = file.seek(0, 2)
    tail = _at(file, max(0, file_bytes - LONGEST_OGG_PAGE), LONGEST_OGG_PAGE)
    page = tail[tail.rfind(b"OggS") :]
    table = page[27 : 27 + page[26]] if len(page) > 27 else b""
    if not table or 27 + len(table) + sum(table) > len(page) or not page[5] & 4:
        raise cut_short(path, "its last page is missing")
    return Container("OGG")


def _mp3(file: BinaryIO, path: Path) -> Container:
    """Read the Xing header, which holds the number of frames and bytes of an MP3 file."""
    file_bytes = file.seek(0, 2)
    start = _at(file, 0, 10)
    first = 0
    if start[:3] == b"ID3":
        if len(start) < 10:
            raise cut_short(path, "it ends before its sound begins")
        # The length of the tag is stored in four bytes of seven bits each.
        first = 10 + sum(byte << 7 * (3 - i) for i, byte in enumerate(start[6:10]))
    frame = _at(file, first, 256)
    if len(frame) < 4:
        raise cut_short(path, "it ends before its sound begins")
    if kinds.is_adts(frame):
        return Container(kinds.AAC.name, by_libsndfile=False)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or len(frame) < at + 16:
        return Container("MP3", knows_length=False)
    flags, _, promised = unpack_from(">III", frame, at + 4)
    if flags & 3 == 3 and promised > file_bytes - first:
        raise cut_short(path, f"{file_bytes - first} of {promised} bytes of sound are there")
    return Container("MP3", knows_length=bool(flags & 1))


def cut_short(path: Path, problem: str) -> MarotteError:
    """Return the error for a file that lacks a part."""
    return MarotteError(f"{path} is cut short or damaged: {problem}; get a whole copy of it")


def _at(file: BinaryIO, offset: int, n_bytes: int) -> bytes:
    file.seek(offset)
    return file.read(n_bytes)
