"""Any sound file becomes 16 kHz mono blocks; one that is not whole is refused in one sentence."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from synthetic import make_voice

from marotte.audio.recording import Recording, open_recording
from marotte.errors import MarotteError

Write = Callable[..., Path]


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_kind_of_file_gives_the_same_sound(
    write_sound: Write, ending: str, rate: int, channels: int
) -> None:
    voice = make_voice(2, rate)
    path = write_sound(f"voice.{ending}", np.stack([voice] * channels, axis=1), rate)
    recording = open_recording(path)
    sound = recording.read()
    assert recording.path == path
    assert recording.n_samples == len(sound) == 2 * 16_000
    assert recording.seconds == 2
    assert sound.dtype == np.float32
    # Lossy coders move the wave a little; it must still be the wave, and at its place.
    assert np.corrcoef(sound, make_voice(2, 16_000))[0, 1] > 0.98


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_depth_has_the_same_scale(write_sound: Write, subtype: str) -> None:
    path = write_sound("voice.wav", rate=16_000, subtype=subtype)
    np.testing.assert_allclose(open_recording(path).read(), make_voice(3, 16_000), atol=0.01)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_blocks_of_any_size_are_the_same_sound(write_sound: Write, rate: int) -> None:
    recording = open_recording(write_sound("voice.wav", make_voice(1.2345, rate), rate))
    whole = recording.read()
    assert len(whole) == recording.n_samples
    for block_samples in (100, 999, 50_000):
        blocks = list(recording.blocks(block_samples))
        assert max(map(len, blocks)) <= block_samples
        assert np.array_equal(np.concatenate(blocks), whole)


def test_blocks_start_anew_every_time(write_sound: Write) -> None:
    recording = open_recording(write_sound("voice.wav"))
    half_read = recording.blocks()
    next(half_read)
    assert np.array_equal(recording.read(), recording.read())


def test_mono_is_the_mean_of_the_channels(write_sound: Write) -> None:
    left, right = make_voice(1, 16_000), np.zeros(16_000, np.float32)
    path = write_sound("voice.wav", np.stack([left, right], axis=1), 16_000, subtype="FLOAT")
    assert np.array_equal(open_recording(path).read(), left / 2)


def test_the_name_may_tell_another_kind_than_the_content(write_sound: Write) -> None:
    path = write_sound("voice.flac")
    assert open_recording(path.rename(path.with_suffix(".wav"))).seconds == 3


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("silent.wav", np.zeros(16_000)),
        ("quiet.wav", 1e-4 * make_voice(1, 16_000)),
        ("clipped.wav", np.clip(50 * make_voice(1, 16_000), -1, 1)),
        ("one.wav", np.zeros(1)),
    ],
)
def test_poor_sound_is_sound(write_sound: Write, name: str, samples: np.ndarray) -> None:
    sound = open_recording(write_sound(name, samples, 16_000)).read()
    np.testing.assert_allclose(sound, samples, atol=1e-4)


@pytest.mark.parametrize("size", [0, 0x7FFF_F000, 0x8000_0000, 0xFFFF_FFFF])
def test_a_wav_from_a_pipe_is_whole(write_sound: Write, size: int) -> None:
    path = write_sound("voice.wav")
    whole = open_recording(path).read()
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", size)
    content[4:8] = struct.pack("<I", min(size + 36, 0xFFFF_FFFF))
    path.write_bytes(content)
    assert np.array_equal(open_recording(path).read(), whole)


def test_a_flac_from_a_pipe_is_whole(write_sound: Write) -> None:
    path = write_sound("voice.flac")
    whole = open_recording(path).read()
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)  # 0 samples in all: unknown
    path.write_bytes(content)
    assert np.array_equal(open_recording(path).read(), whole)


def test_an_mp3_without_a_count_of_frames_is_read_to_its_end(write_sound: Write) -> None:
    path = write_sound("voice.mp3")
    content = path.read_bytes()
    assert b"Info" in content[:64] or b"Xing" in content[:64]
    path.write_bytes(content[content.index(content[:2], 4) :])  # from the second frame on
    recording = open_recording(path)
    assert len(recording.read()) == recording.n_samples
    assert recording.seconds == pytest.approx(3, abs=0.1)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(MarotteError, match="cut short"):
        open_recording(path)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_file_that_is_cut_short_is_refused(write_sound: Write, ending: str, share: float) -> None:
    path = write_sound(f"voice.{ending}")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(MarotteError, match="cut short"):
        open_recording(path).read()


def test_a_long_wav_that_is_cut_short_is_refused(write_sound: Write) -> None:
    path = write_sound("voice.wav", format="RF64")
    assert open_recording(path).seconds == 3
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(MarotteError, match="cut short"):
        open_recording(path)


def test_an_mp3_that_ends_in_its_tag_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "voice.mp3"
    for content in (b"ID3\4", b"ID3\4\0\0\0\0\2\1" + bytes(100)):
        path.write_bytes(content)
        with pytest.raises(MarotteError, match="ends before its sound begins"):
            open_recording(path)


def test_a_wav_without_data_is_cut_short(write_sound: Write) -> None:
    path = write_sound("voice.wav")
    path.write_bytes(path.read_bytes()[:36])
    with pytest.raises(MarotteError, match="ends before its sound begins"):
        open_recording(path)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_text_is_no_sound(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"voice.{ending}"
    path.write_text("This is not a sound.\n" * 100)
    with pytest.raises(MarotteError, match="is not a sound file: WAV, FLAC, OGG and MP3"):
        open_recording(path)


@pytest.mark.parametrize("start", [b"RIFF\0\0\0\0WAVE", b"fLaC", b"OggS", b"\xff\xfb\x90\x64"])
def test_noise_after_a_good_start_is_no_sound(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "voice.wav"
    path.write_bytes(start + b"\x01\x80" * 500)
    with pytest.raises(MarotteError):
        open_recording(path).read()


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="no such file"):
        open_recording(tmp_path / "none.wav")
    with pytest.raises(MarotteError, match="is a folder"):
        open_recording(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "voice.wav").touch()
    with pytest.raises(MarotteError, match="is empty"):
        open_recording(tmp_path / "voice.wav")


def test_no_samples_are_refused(write_sound: Write) -> None:
    for name in ("voice.wav", "voice.ogg"):
        with pytest.raises(MarotteError, match="holds 0 samples"):
            open_recording(write_sound(name, np.zeros(0)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 32_000])
def test_samples_that_are_no_sound_are_refused(write_sound: Write, value: float) -> None:
    samples = make_voice(3, 16_000)
    samples[20_000] = value
    recording = open_recording(write_sound("voice.wav", samples, 16_000, subtype="FLOAT"))
    with pytest.raises(MarotteError, match=rf"the sample {value:g} at 1\.250 s"):
        recording.read()


def test_a_low_rate_is_refused(write_sound: Write) -> None:
    with pytest.raises(MarotteError, match="sample rate of 6000 Hz: speech needs 8000"):
        open_recording(write_sound("voice.wav", rate=6_000))


def test_samples_in_memory_are_a_recording(write_sound: Write) -> None:
    voice = make_voice(1.5, 44_100)
    stereo = np.stack([voice, voice], axis=1).astype(np.float64)
    path = write_sound("voice.wav", stereo, 44_100, subtype="DOUBLE")
    recording = Recording.from_samples(stereo, 44_100)
    assert recording.path is None
    assert np.array_equal(recording.read(), open_recording(path).read())
    assert np.array_equal(Recording.from_samples(voice, 44_100).read(), recording.read())


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.zeros(10, np.int16), 16_000, "must be floats"),
        (np.zeros((2, 2, 2)), 16_000, "must be floats"),
        (np.zeros(0), 16_000, "0 samples"),
        (np.zeros((10, 0)), 16_000, "0 samples"),
        (np.zeros(10), 4_000, "rate must be 8000"),
        (np.full(10, np.nan), 16_000, "the sound has the sample nan"),
    ],
)
def test_bad_samples_in_memory_are_refused(samples: np.ndarray, rate: int, message: str) -> None:
    with pytest.raises(MarotteError, match=message):
        Recording.from_samples(samples, rate)


def test_the_length_is_rounded_up(write_sound: Write) -> None:
    recording = Recording.from_samples(np.zeros(44_101, np.float32), 44_100)
    assert recording.n_samples == 16_001
    assert len(recording.read()) == 16_001
