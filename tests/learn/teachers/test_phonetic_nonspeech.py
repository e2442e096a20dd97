"""Tests of the phonetic teacher with sounds between the phonemes."""

import numpy as np
import pytest

from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.metrics import CLOSED_MM
from marotte.learn.teachers import open_teacher
from marotte.learn.teachers.phonetic import articulate
from marotte.learn.utterance import Phone, Utterance

RATE = 16_000
HEAD = load_head()
TEACHER = open_teacher("phonetic")
PAUSE_START_S, PAUSE_END_S = 0.7, 2.9


def voice(seconds, hertz=120.0):
    """Return a sawtooth with all harmonics, like a voice."""
    time = np.arange(int(seconds * RATE)) / RATE
    return 0.2 * (2 * (hertz * time % 1) - 1)


def noise(seconds):
    return np.random.default_rng(1).normal(0, 0.2 / np.sqrt(3), int(seconds * RATE))


def faded(sound, seconds=0.02):
    ramp = np.minimum(1, np.arange(len(sound)) / (seconds * RATE))
    return sound * ramp * ramp[::-1]


def with_pause(sound, at_s=1.2, background=0.0):
    """Return two words with a sound in a long pause; `background` is added everywhere."""
    samples = np.zeros(int(3.6 * RATE))
    vowels = Phone("ɑ", 0.4, 0.7), Phone("ɑ", 2.9, 3.2)
    for vowel in vowels:
        first = int(vowel.start_s * RATE)
        spoken = faded(voice(vowel.end_s - vowel.start_s))
        samples[first : first + len(spoken)] = spoken
    first = int(at_s * RATE)
    samples[first : first + len(sound)] += sound
    samples = (samples + background).astype(np.float32)
    return Utterance("u", "made", "one", "en", "MIT", "", samples, RATE, vowels)


def in_pause(utterance):
    """Return controls and lip gap in the pause, without its ends: the mouth opens before speech."""
    controls = TEACHER.curves(utterance)[
        int((PAUSE_START_S + 0.3) * 60) : int((PAUSE_END_S - 0.45) * 60)
    ]
    return controls, HEAD.lip_gap(controls, ARKIT_52.names)


def names_in(utterance):
    return {a.viseme.name for a in articulate(utterance)}


def laughter(bursts=6, period_s=0.2, burst_s=0.1):
    sound = np.zeros(int(bursts * period_s * RATE))
    for each in range(bursts):
        first = int(each * period_s * RATE)
        burst = faded(voice(burst_s, 220.0))
        sound[first : first + len(burst)] = burst
    return sound


CLOSED = {
    "silence": with_pause(np.zeros(0)),
    "steady noise": with_pause(np.zeros(0), background=0.1 * noise(3.6)),
    "loud steady noise": with_pause(np.zeros(0), background=0.5 * noise(3.6)),
    "a click": with_pause(noise(0.01)),
    "clicks": with_pause(np.tile(np.concatenate([noise(0.01), np.zeros(3000)]), 6)),
    "a slam": with_pause(2 * faded(noise(0.3))),
    "a hum": with_pause(faded(0.2 * np.sin(2 * np.pi * 120 * np.arange(RATE) / RATE))),
    "quiet music": with_pause(0.1 * faded(voice(1.2, 220) + voice(1.2, 330))),
}


@pytest.mark.parametrize("name", CLOSED)
def test_the_lips_stay_closed_for_other_sounds(name):
    _, gap = in_pause(CLOSED[name])
    assert gap.max() < CLOSED_MM


def test_laughter_opens_the_mouth_with_each_burst_and_smiles():
    controls, gap = in_pause(with_pause(laughter()))
    inside = slice(int(0.25 * 60), int(1.3 * 60))
    smile = controls[inside, ARKIT_52.index["mouthSmileLeft"]]
    assert smile.min() > 0.3
    peaks = (gap[1:-1] > gap[:-2]) & (gap[1:-1] >= gap[2:]) & (gap[1:-1] > 4)
    assert peaks.sum() == 6


def test_irregular_bursts_are_not_laughter():
    sound = np.zeros(int(1.5 * RATE))
    for start_s, length_s in ((0, 0.1), (0.16, 0.15), (0.55, 0.1), (0.72, 0.3), (1.3, 0.1)):
        first = int(start_s * RATE)
        burst = faded(voice(length_s))
        sound[first : first + len(burst)] = burst
    assert "laughter" not in names_in(with_pause(sound))
    assert "laughter" not in names_in(with_pause(laughter(bursts=3)))


def test_a_breath_parts_the_lips_a_little():
    _, gap = in_pause(with_pause(0.06 * faded(noise(0.5), 0.1)))
    assert CLOSED_MM < gap.max() < 4


def test_a_cry_opens_the_mouth_by_its_loudness():
    _, gap = in_pause(with_pause(faded(voice(0.6, 300))))
    assert gap.max() > 5
    _, louder = in_pause(with_pause(2 * faded(voice(0.6, 300))))
    assert louder.max() > gap.max() + 1


def test_the_level_of_the_recording_does_not_matter():
    speech = with_pause(laughter())
    quiet = Utterance(**{**vars(speech), "samples": 0.05 * speech.samples})
    assert np.allclose(TEACHER.curves(quiet), TEACHER.curves(speech), atol=5e-3)


def test_a_short_gap_is_not_a_pause():
    samples = np.concatenate([voice(1.0), np.zeros(RATE // 2)]).astype(np.float32)
    phones = (Phone("n", 0.2, 0.4), Phone("n", 0.5, 0.7))
    speech = Utterance("u", "made", "one", "en", "MIT", "", samples, RATE, phones)
    assert "voice" not in names_in(speech)
