"""The first bytes of a file in; the kind of sound or video that it holds out.

libsndfile reads some kinds, PyAV (FFmpeg) the others. Names and endings of files don't matter.
"""

from __future__ import annotations

from typing import NamedTuple

SOUND_ENDINGS = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".caf", ".au",
    ".snd", ".w64", ".m4a", ".aac", ".wma", ".amr", ".mka", ".weba",
)  # fmt: skip
VIDEO_ENDINGS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi")
"""Endings of the files that are taken from folders; a video only where no sound has its name."""


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        name: what people call it.
        by_libsndfile: whether libsndfile reads it; otherwise PyAV does.
    """

    name: str
    by_libsndfile: bool


_EBML, _ASF = b"\x1a\x45\xdf\xa3", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"

# Kind, and the position of the bytes that mark it.
_MARKS: tuple[tuple[Kind, int, tuple[bytes, ...]], ...] = (
    (Kind("AIFF", True), 8, (b"AIFF", b"AIFC")),
    (Kind("CAF", True), 0, (b"caff",)),
    (Kind("AU", True), 0, (b".snd", b"dns.")),
    (Kind("W64", True), 0, (b"riff\x2e\x91\xcf\x11",)),
    (Kind("NIST Sphere", True), 0, (b"NIST_1A",)),
    (Kind("VOC", True), 0, (b"Creative Voice File",)),
    (Kind("MP4 or M4A", False), 4, (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
    (Kind("WebM or Matroska", False), 0, (_EBML,)),
    (Kind("AVI", False), 8, (b"AVI ",)),
    (Kind("Windows Media", False), 0, (_ASF,)),
    (Kind("Flash video", False), 0, (b"FLV\x01",)),
    (Kind("AMR", False), 0, (b"#!AMR",)),
    (Kind("MPEG video", False), 0, (b"\0\0\x01\xba",)),
    (Kind("WavPack", False), 0, (b"wvpk",)),
    (Kind("Monkey's Audio", False), 0, (b"MAC ",)),
    (Kind("AAC", False), 0, (b"ADIF",)),
)
AAC = Kind("AAC", False)
OTHER_OGG = Kind("OGG with a codec other than Vorbis, Opus or FLAC", False)
_TRANSPORT_PACKET = 188  # bytes, each beginning with 0x47

START_BYTES = 2 * _TRANSPORT_PACKET + 1  # enough to recognise any kind


def recognise(start: bytes) -> Kind | None:
    r"""Return the kind of a file by its first START_BYTES bytes; None if it is unknown.

    WAV, FLAC, OGG and MP3 are recognised by `marotte.audio.headers`.

    Example:
        >>> from marotte.audio.kinds import recognise
        >>> recognise(b"\0\0\0\x1cftypM4A ").name
        'MP4 or M4A'
    """
    for kind, at, marks in _MARKS:
        if start[at:].startswith(marks):
            return kind
    if is_adts(start):
        return AAC
    if len(start) > 2 * _TRANSPORT_PACKET and set(start[::_TRANSPORT_PACKET]) == {0x47}:
        return Kind("MPEG transport stream", False)
    return None


def is_adts(frame: bytes) -> bool:
    r"""Return whether a frame is one of AAC without a container; MP3's frames look similar.

    Example:
        >>> from marotte.audio.kinds import is_adts
        >>> is_adts(b"\xff\xf1"), is_adts(b"\xff\xfb")
        (True, False)
    """
    return len(frame) > 1 and frame[0] == 0xFF and frame[1] & 0xF6 == 0xF0


def is_plain_ogg(start: bytes) -> bool:
    r"""Return whether libsndfile knows the codec of an OGG file.

    Example:
        >>> from marotte.audio.kinds import is_plain_ogg
        >>> is_plain_ogg(b"OggS" + bytes(24) + b"OpusHead")
        True
    """
    return any(mark in start[28:44] for mark in (b"vorbis", b"OpusHead", b"FLAC"))
