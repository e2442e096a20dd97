"""The voice is found in any channels: nothing cancels, and silent channels take nothing away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from synthetic import make_voice

from marotte.audio.channels import LiveMix, parse_channel
from marotte.audio.recording import Recording, open_recording
from marotte.errors import MarotteError

Write = Callable[..., Path]
RATE = 16_000
VOICE = make_voice(2, RATE)
NOTHING = np.zeros_like(VOICE)
HISS = (0.003 * np.random.default_rng(0).standard_normal(len(VOICE))).astype(np.float32)
OTHER = np.roll(make_voice(2, RATE)[::-1] * np.sin(np.arange(len(VOICE)) / 9), 500)
TURNS = np.where(np.arange(len(VOICE)) > RATE, -1, 1).astype(np.float32)

CASES = {
    "equal": ((VOICE, VOICE), VOICE, ""),
    "opposite phases": ((VOICE, -VOICE), VOICE, "cancel each other: only channel 1"),
    "nearly opposite": ((0.5 * VOICE, -VOICE), -VOICE, "cancel each other: only channel 2"),
    "opposite in one half": ((VOICE, VOICE * TURNS), VOICE, "cancel each other"),
    "left only": ((VOICE, NOTHING), VOICE, "silent: only channel 1 is used"),
    "right only": ((NOTHING, VOICE), VOICE, "silent: only channel 2 is used"),
    "hiss on the left": ((HISS, VOICE), VOICE, "silent: only channel 2 is used"),
    "a constant": ((VOICE, NOTHING + 0.3), VOICE, "silent: only channel 1 is used"),
    "two speakers": ((VOICE, OTHER), (VOICE + OTHER) / 2, ""),
    "centre of six": ((NOTHING,) * 2 + (VOICE,) + (NOTHING,) * 3, VOICE, "only channel 3 is used"),
    "three of four": ((VOICE, NOTHING, VOICE, VOICE), VOICE, "the channels 1, 3, 4 are used"),
    "silence": ((NOTHING, NOTHING), NOTHING, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_files_and_arrays_give_the_voice(
    write_sound: Write, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    channels, expected, reason = CASES[case]
    samples = np.stack(channels, axis=1).astype(np.float32)
    recording = Recording.from_samples(samples, RATE)
    np.testing.assert_allclose(recording.read(), expected, atol=1e-6)
    assert reason in recording.note
    assert bool(reason) == bool(recording.note)
    opened = open_recording(write_sound("voice.wav", samples, RATE, subtype="FLOAT"))
    assert np.array_equal(opened.read(), recording.read())
    assert np.array_equal(np.concatenate(list(opened.original_blocks(999))), samples)
    assert [recording.note in message for message in caplog.messages] == [True] * bool(reason)


def test_a_channel_can_be_chosen() -> None:
    samples = np.stack([VOICE, OTHER], axis=1)
    for channel, expected in ((1, VOICE), (2, OTHER), ("mix", (VOICE + OTHER) / 2)):
        recording = Recording.from_samples(samples, RATE, channel)
        np.testing.assert_allclose(recording.read(), expected, atol=1e-6)
        assert not recording.note
    louder = max(VOICE, OTHER, key=np.var)
    assert np.array_equal(Recording.from_samples(samples, RATE, "loudest").read(), louder)
    inverted = np.stack([VOICE, -VOICE], axis=1)
    assert not Recording.from_samples(inverted, RATE, "mix").read().any()


@pytest.mark.parametrize("channel", [0, 3, "left"])
def test_a_channel_that_is_not_there_is_an_error(channel: int | str) -> None:
    with pytest.raises(MarotteError, match=r"has 2 channels, got channel|--channel must be"):
        Recording.from_samples(np.stack([VOICE, OTHER], axis=1), RATE, channel)


def test_choices_are_numbers_or_words() -> None:
    assert [parse_channel(text) for text in ("1", "12", "auto")] == [1, 12, "auto"]
    for text in ("0", "-1", "1.5", "left", ""):
        with pytest.raises(MarotteError, match="--channel must be"):
            parse_channel(text)


@pytest.mark.parametrize("case", CASES.keys() - {"two speakers", "opposite in one half"})
def test_live_mix_finds_the_voice_within_a_moment(case: str) -> None:
    channels, expected, reason = CASES[case]
    samples = np.stack(channels, axis=1)
    mix = LiveMix(samples.shape[1], RATE)
    mono = np.concatenate([mix.push(block) for block in np.array_split(samples, 200)])
    assert reason in mix.reason
    np.testing.assert_allclose(mono[RATE // 2 :], expected[RATE // 2 :], atol=1e-5)


def test_live_mix_takes_a_chosen_channel_from_the_first_sample() -> None:
    samples = np.stack([VOICE, OTHER], axis=1).astype(np.float32)
    assert np.array_equal(LiveMix(2, RATE, 2).push(samples), samples[:, 1])
