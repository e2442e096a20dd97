"""The container of a sound file is recognised, and a truncated file is an error."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from marotte.audio.recording import open_recording
from marotte.errors import MarotteError

Write = Callable[..., Path]


def test_format_comes_from_the_content_not_from_the_name(write_sound: Write) -> None:
    path = write_sound("voice.flac")
    assert open_recording(path.rename(path.with_suffix(".wav"))).seconds == 3


@pytest.mark.parametrize("size", [0, 0x7FFF_F000, 0x8000_0000, 0xFFFF_FFFF])
def test_wav_written_to_a_pipe_is_read_to_its_end(write_sound: Write, size: int) -> None:
    path = write_sound("voice.wav")
    expected = open_recording(path).read()
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", size)
    content[4:8] = struct.pack("<I", min(size + 36, 0xFFFF_FFFF))
    path.write_bytes(content)
    assert np.array_equal(open_recording(path).read(), expected)


def test_flac_written_to_a_pipe_is_read_to_its_end(write_sound: Write) -> None:
    path = write_sound("voice.flac")
    expected = open_recording(path).read()
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)  # a total of 0 samples means that it is unknown
    path.write_bytes(content)
    assert np.array_equal(open_recording(path).read(), expected)


def test_mp3_without_a_frame_count_is_read_to_its_end(write_sound: Write) -> None:
    path = write_sound("voice.mp3")
    content = path.read_bytes()
    assert b"Info" in content[:64] or b"Xing" in content[:64]
    path.write_bytes(content[content.index(content[:2], 4) :])  # without the first frame
    recording = open_recording(path)
    assert len(recording.read()) == recording.n_samples
    assert recording.seconds == pytest.approx(3, abs=0.1)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(MarotteError, match="cut short"):
        open_recording(path)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_truncated_file_is_an_error(write_sound: Write, ending: str, share: float) -> None:
    path = write_sound(f"voice.{ending}")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(MarotteError, match="cut short"):
        open_recording(path).read()


def test_truncated_rf64_file_is_an_error(write_sound: Write) -> None:
    path = write_sound("voice.wav", format="RF64")
    assert open_recording(path).seconds == 3
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(MarotteError, match="cut short"):
        open_recording(path)


def test_mp3_that_ends_in_its_tag_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "voice.mp3"
    for content in (b"ID3\4", b"ID3\4\0\0\0\0\2\1" + bytes(100)):
        path.write_bytes(content)
        with pytest.raises(MarotteError, match="ends before its sound begins"):
            open_recording(path)


def test_wav_that_ends_before_its_samples_is_an_error(write_sound: Write) -> None:
    path = write_sound("voice.wav")
    path.write_bytes(path.read_bytes()[:36])
    with pytest.raises(MarotteError, match="ends before its sound begins"):
        open_recording(path)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_text_is_not_a_sound_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"voice.{ending}"
    path.write_text("This is not a sound.\n" * 100)
    with pytest.raises(MarotteError, match="is not a sound file: WAV, FLAC, OGG and MP3"):
        open_recording(path)


@pytest.mark.parametrize("start", [b"RIFF\0\0\0\0WAVE", b"fLaC", b"OggS", b"\xff\xfb\x90\x64"])
def test_noise_after_a_valid_signature_is_an_error(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "voice.wav"
    path.write_bytes(start + b"\x01\x80" * 500)
    with pytest.raises(MarotteError):
        open_recording(path).read()


def test_missing_file_and_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="no such file"):
        open_recording(tmp_path / "none.wav")
    with pytest.raises(MarotteError, match="is a folder"):
        open_recording(tmp_path)


def test_empty_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "voice.wav").touch()
    with pytest.raises(MarotteError, match="is empty"):
        open_recording(tmp_path / "voice.wav")
