"""The container of a sound file is recognised; headers that lie and truncated files are noticed."""

from __future__ import annotations

import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

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


@pytest.mark.parametrize("ending", ["flac", "ogg", "mp3"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_truncated_file_is_an_error(write_sound: Write, ending: str, share: float) -> None:
    path = write_sound(f"voice.{ending}")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(MarotteError, match="cut short"):
        open_recording(path).read()


@pytest.mark.parametrize("format", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("missing_bytes", [1, 2, 1000, 40_000])
def test_wav_without_its_end_is_read_with_a_warning(
    write_sound: Write, caplog: pytest.LogCaptureFixture, format: str, missing_bytes: int
) -> None:
    path = write_sound("voice.wav", None, 16_000, format=format)
    whole = open_recording(path).read()
    assert len(whole) == 48_000
    assert not caplog.messages
    path.write_bytes(path.read_bytes()[:-missing_bytes])
    recording = open_recording(path)
    assert np.array_equal(recording.read(), whole[: (96_000 - missing_bytes) // 2])
    assert recording.missing_s == pytest.approx(missing_bytes / 32_000)
    lacking = f"{missing_bytes / 32_000:.2f}" if missing_bytes > 320 else "less than 0.01"
    assert caplog.messages == [
        f"{path} lacks the last {lacking} s that its header promises; the rest is read"
    ]


@pytest.mark.parametrize("more_bytes", [2, 36, 44])
def test_wav_whose_size_is_too_large_is_read_whole(
    write_sound: Write, caplog: pytest.LogCaptureFixture, more_bytes: int
) -> None:
    path = write_sound("voice.wav")
    whole = open_recording(path).read()
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", len(content) - 44 + more_bytes)
    path.write_bytes(content)
    assert np.array_equal(open_recording(path).read(), whole)
    assert "lacks the last less than 0.01 s" in caplog.text


def test_wav_with_a_header_only_has_no_sound(write_sound: Write) -> None:
    path = write_sound("voice.wav")
    path.write_bytes(path.read_bytes()[:44])
    with pytest.raises(MarotteError, match="ends before its sound begins"):
        open_recording(path)


@pytest.mark.parametrize("ending", ["flac", "mp3"])
def test_a_header_that_promises_hours_costs_nothing(write_sound: Write, ending: str) -> None:
    path = write_sound(f"voice.{ending}")
    content = bytearray(path.read_bytes())
    if ending == "flac":
        kept = int.from_bytes(content[18:26], "big") & ~0xF_FFFF_FFFF
        content[18:26] = (kept | 2**36 - 1).to_bytes(8, "big")
    else:
        at = max(content.find(b"Xing"), content.find(b"Info"))
        struct.pack_into(">I", content, at + 8, 2**32 - 1)
    path.write_bytes(content)
    tracemalloc.start()
    begun_s = time.perf_counter()
    with pytest.raises(MarotteError, match=r"cut short or damaged|can't be read as sound"):
        open_recording(path).read()
    assert time.perf_counter() - begun_s < 5
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


def test_ten_minutes_of_silence_in_flac_is_read(tmp_path: Path) -> None:
    path = tmp_path / "silence.flac"
    soundfile.write(path, np.zeros(600 * 8000, np.int16), 8000)
    assert path.stat().st_size < 600 * 8000 / 100, "the file promises over 100 samples per byte"
    assert open_recording(path).seconds == 600


def test_a_wav_of_endless_chunks_ends(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 1_000_000)
    begun_s = time.perf_counter()
    with pytest.raises(MarotteError, match="ends before its sound begins"):
        open_recording(path)
    assert time.perf_counter() - begun_s < 2


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
    with pytest.raises(MarotteError, match="is not a sound file: WAV, FLAC, OGG, MP3"):
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
