"""Tests that the phonetic teacher moves as people do: effort, timing and slow variation."""

from dataclasses import replace

import numpy as np
import pytest

from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.agreement import effective_dimensions
from marotte.learn.metrics import CLOSED_MM
from marotte.learn.speech.phones import INVENTORY, VOWELS
from marotte.learn.teachers import open_teacher
from marotte.learn.teachers.phonetic import is_vowel
from marotte.learn.teachers.phonetic.effort import LARGEST_EFFORT, SMALLEST_EFFORT, effort
from marotte.learn.teachers.phonetic.prosody import Prosody
from marotte.learn.teachers.phonetic.variation import Variation
from marotte.learn.teachers.phonetic.visemes import (
    JAW_MM,
    LIP_MM,
    REST_GAP_MM,
    VISEMES,
    close_share,
)
from marotte.learn.utterance import Phone, Utterance

RATE = 16_000
HEAD = load_head()
TEACHER = open_teacher("phonetic")
REST_MM, WEIGHTS = HEAD.lip_gap_weights(ARKIT_52.names)


def voice(seconds, hertz=120.0, falls_by=1.0):
    """Return harmonics of a pitch whose amplitudes fall by a power of their number."""
    time = np.arange(int(seconds * RATE)) / RATE
    numbers = np.arange(1, int(5_000 / hertz))
    waves = np.sin(2 * np.pi * hertz * numbers[:, None] * time) / numbers[:, None] ** falls_by
    return (0.1 * waves.sum(0)).astype(np.float32)


def timed(phones, start_s=0.8, length_s=0.09):
    result, clock = [], start_s
    for ipa in phones.split():
        end = clock + length_s * (1.5 if is_vowel(ipa) else 1)
        result.append(Phone(ipa, clock, end))
        clock = end
    return tuple(result)


def utterance(phones, id="made/one/1", sound=None, after_s=0.8):
    spoken = timed(phones) if isinstance(phones, str) else phones
    n = int((spoken[-1].end_s + after_s) * RATE)
    sound = np.random.default_rng(0).normal(0, 0.1, n) if sound is None else sound
    return Utterance(id, "made", "one", "en", "MIT", "", sound.astype(np.float32), RATE, spoken)


SENTENCE = utterance(
    "ʃ i w ɛ n t t u s ɛ l b ɹ aʊ n f ɔ ʃ m æ p s tʃ ɪ p v oʊ l u m j ɑ θ i ŋ " * 4
)


def gap_of(speech):
    return HEAD.lip_gap(TEACHER.curves(speech), ARKIT_52.names)


def curve(curves, name):
    return curves[:, ARKIT_52.index[name]]


# Visemes


def test_the_lip_gaps_of_controls_are_those_of_the_packaged_head():
    mm = dict(zip(ARKIT_52.names, WEIGHTS, strict=True))
    assert pytest.approx(REST_GAP_MM, abs=0.05) == REST_MM
    assert mm["jawOpen"] == pytest.approx(JAW_MM, abs=0.1)
    for name, value in LIP_MM.items():
        both = sum(mm.get(side, 0) for side in (name, f"{name}Left", f"{name}Right"))
        assert both == pytest.approx(value, abs=0.25), name


def test_mouth_close_makes_up_the_difference_between_jaw_and_lip_gap():
    share = close_share(0.3, 8.0, {"mouthLowerDown": 0.2})
    assert REST_GAP_MM + 0.3 * JAW_MM * (1 - share) + 0.2 * 3.8 == pytest.approx(8.0)
    assert close_share(0.1, 30.0, {}) == 0
    assert close_share(0.1, 0.0, {"mouthFunnel": 0.5}) == 1


def test_every_phone_has_a_viseme():
    assert set(VISEMES) | {"aɪ", "aʊ", "eɪ", "oʊ", "ɔɪ"} == INVENTORY
    assert all(VISEMES[ipa].vowel == (ipa in VOWELS) for ipa in VISEMES)


# Timing


@pytest.mark.parametrize(("phones", "by_s"), [("l eɪ", 0.15), ("s ɛ t", 0.15), ("ɑ t", 0.15)])
def test_the_lips_part_before_the_first_sound(phones, by_s):
    speech = utterance(phones)
    parted = np.argmax(gap_of(speech) > 2.5) / TEACHER.fps
    assert by_s < speech.phones[0].start_s - parted <= 0.32


@pytest.mark.parametrize("start_s", [0.0, 0.05, 0.15])
def test_a_recording_that_begins_with_speech_begins_with_parted_lips(start_s):
    whole, cut = utterance("s ɛ t"), utterance(timed("s ɛ t", start_s))
    first = round((0.8 - start_s) * TEACHER.fps)  # the frame of the whole at which the other begins
    n = round(0.2 * TEACHER.fps)
    assert gap_of(cut)[0] > 2.5
    assert gap_of(cut)[:n] == pytest.approx(gap_of(whole)[first : first + n], abs=0.7)


@pytest.mark.parametrize("ipa", ["p", "b", "m"])
def test_the_lips_part_and_meet_again_before_an_initial_closure(ipa):
    speech = utterance(f"{ipa} ɑ")
    gap, start = gap_of(speech), round(0.8 * TEACHER.fps)
    assert gap[start - 15 : start].max() > 2.5
    assert gap[start + 2 : start + 4].max() < CLOSED_MM


@pytest.mark.parametrize("phones", ["ɑ", "t ɑ n", "h ɑ s", "b u", "m ɑ m"])
def test_the_mouth_closes_within_150_ms_and_rests_after_300(phones):
    speech = utterance(phones)
    curves, end_s = TEACHER.curves(speech), speech.phones[-1].end_s
    gap = HEAD.lip_gap(curves, ARKIT_52.names)
    assert gap[int((end_s + 0.15) * 60) :].max() < CLOSED_MM
    assert curves[int((end_s + 0.3) * 60) :].max() <= 0.005
    assert curves[: int(0.3 * 60)].max() <= 0.005


def test_a_long_vowel_stays_open_to_its_end():
    speech = utterance((Phone("ɑ", 0.8, 2.4),))
    gap = gap_of(speech)
    assert gap[int(0.95 * 60) : int(2.3 * 60)].min() > 8


# Effort


def test_a_raised_voice_has_more_effort_at_any_level():
    phones = timed("b ɑ b ɛ b ɑ b i b ɑ")
    vowels = [is_vowel(p.ipa) for p in phones]
    seconds = phones[-1].end_s + 0.5

    def of(sound):
        return effort(phones, vowels, Prosody.of(sound, RATE))

    soft, raised = voice(seconds, falls_by=1.6), voice(seconds, falls_by=0.4)
    assert SMALLEST_EFFORT <= of(soft) < of(raised) <= LARGEST_EFFORT
    assert of(0.01 * raised) == pytest.approx(of(raised), abs=1e-3)


def test_effort_is_unknown_without_voice():
    phones = timed("b ɑ b ɛ b ɑ b i b ɑ")
    whisper = np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32)
    assert effort(phones, [is_vowel(p.ipa) for p in phones], Prosody.of(whisper, RATE)) == 1.0


def test_effort_opens_the_mouth_further_and_still_closes_it():
    phones = timed("b ɑ b ɛ b ɑ b i b ɑ")
    seconds = phones[-1].end_s + 0.5
    soft = gap_of(utterance(phones, sound=voice(seconds, falls_by=1.6)))
    raised = gap_of(utterance(phones, sound=voice(seconds, falls_by=0.4)))
    assert np.percentile(raised, 95) > 1.05 * np.percentile(soft, 95)
    for phone in phones[::2]:
        middle = round(30 * (phone.start_s + phone.end_s))
        assert max(soft[middle], raised[middle]) < CLOSED_MM


# Variation


def test_the_id_alone_seeds_the_variation():
    again = replace(SENTENCE, source="other", speaker="two")
    other = replace(SENTENCE, id="made/one/2")
    assert np.array_equal(TEACHER.curves(again), TEACHER.curves(SENTENCE))
    assert np.abs(TEACHER.curves(other) - TEACHER.curves(SENTENCE)).max() > 0.05


def test_the_variation_does_not_move_the_lip_gap_of_open_sounds():
    other = replace(SENTENCE, id="made/one/2")
    assert np.abs(gap_of(other) - gap_of(SENTENCE)).mean() < 0.3


def test_the_variation_is_slow():
    speaking, prosody = np.ones(6_000), Prosody.of(np.zeros(100 * RATE, np.float32), RATE)
    smile = Variation("made/one/1", prosody, speaking, 60.0).added()["mouthSmile"]
    power = np.abs(np.fft.rfft(smile - smile.mean())) ** 2
    above_3_hz = np.fft.rfftfreq(len(smile), 1 / 60) > 3
    assert power[above_3_hz].sum() < 0.01 * power.sum()


def test_the_mouth_moves_in_many_dimensions():
    curves = TEACHER.curves(SENTENCE)
    mouth = [i for n, i in ARKIT_52.index.items() if n.startswith(("jaw", "mouth"))]
    moving = curves[:, [i for i in mouth if curves[:, i].std() > 0.004]]
    assert effective_dimensions(moving, np.ones(len(curves), bool)) >= 7


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("mouthSmileLeft", "mouthStretchLeft"),
        ("mouthPressLeft", "mouthRollUpper"),
        ("mouthLowerDownLeft", "mouthUpperUpLeft"),
        ("mouthPucker", "mouthFunnel"),
    ],
)
def test_pairs_of_controls_come_apart(first, second):
    curves = TEACHER.curves(SENTENCE)
    assert abs(np.corrcoef(curve(curves, first), curve(curves, second))[0, 1]) <= 0.8


def test_the_sides_differ_slightly():
    curves = TEACHER.curves(SENTENCE)
    left, right = curve(curves, "mouthSmileLeft"), curve(curves, "mouthSmileRight")
    assert 0 < np.abs(left - right).mean() < 0.15 * left.mean()
    assert curve(curves, "mouthLeft").max() > 0.01
    assert not (curve(curves, "mouthLeft") * curve(curves, "mouthRight")).any()
