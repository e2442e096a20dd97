"""Any sound file becomes blocks of mono samples at 16 kHz."""

from __future__ import annotations

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
def test_all_formats_give_the_same_sound(
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
    # Lossy codecs change the waveform a little, but must not delay it.
    assert np.corrcoef(sound, make_voice(2, 16_000))[0, 1] > 0.98


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_all_bit_depths_have_the_same_scale(write_sound: Write, subtype: str) -> None:
    path = write_sound("voice.wav", rate=16_000, subtype=subtype)
    np.testing.assert_allclose(open_recording(path).read(), make_voice(3, 16_000), atol=0.01)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_sound_does_not_depend_on_the_block_size(write_sound: Write, rate: int) -> None:
    recording = open_recording(write_sound("voice.wav", make_voice(1.2345, rate), rate))
    expected = recording.read()
    assert len(expected) == recording.n_samples
    for block_samples in (100, 999, 50_000):
        blocks = list(recording.blocks(block_samples))
        assert max(map(len, blocks)) <= block_samples
        assert np.array_equal(np.concatenate(blocks), expected)


def test_each_pass_reads_from_the_beginning(write_sound: Write) -> None:
    recording = open_recording(write_sound("voice.wav"))
    half_read = recording.blocks()
    next(half_read)
    assert np.array_equal(recording.read(), recording.read())


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("silent.wav", np.zeros(16_000)),
        ("quiet.wav", 1e-4 * make_voice(1, 16_000)),
        ("clipped.wav", np.clip(50 * make_voice(1, 16_000), -1, 1)),
        ("one.wav", np.zeros(1)),
    ],
)
def test_silent_quiet_and_clipped_sound_is_read(
    write_sound: Write, name: str, samples: np.ndarray
) -> None:
    sound = open_recording(write_sound(name, samples, 16_000)).read()
    np.testing.assert_allclose(sound, samples, atol=1e-4)


def test_file_without_samples_is_an_error(write_sound: Write) -> None:
    for name in ("voice.wav", "voice.ogg"):
        with pytest.raises(MarotteError, match="holds 0 samples"):
            open_recording(write_sound(name, np.zeros(0)))


def test_low_sample_rate_is_an_error(write_sound: Write) -> None:
    with pytest.raises(MarotteError, match="sample rate of 6000 Hz: speech needs 8000"):
        open_recording(write_sound("voice.wav", rate=6_000))


def test_recording_of_samples_equals_that_of_their_file(write_sound: Write) -> None:
    voice = make_voice(1.5, 44_100)
    stereo = np.stack([voice, voice], axis=1).astype(np.float64)
    path = write_sound("voice.wav", stereo, 44_100, subtype="DOUBLE")
    recording = Recording.from_samples(stereo, 44_100)
    assert recording.path is None
    assert np.array_equal(recording.read(), open_recording(path).read())
    assert np.array_equal(Recording.from_samples(voice, 44_100).read(), recording.read())


def test_length_at_16_khz_is_rounded_up() -> None:
    recording = Recording.from_samples(np.zeros(44_101, np.float32), 44_100)
    assert recording.n_samples == 16_001
    assert len(recording.read()) == 16_001
