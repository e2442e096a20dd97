"""Tests of the rules in docs/phonetic.md, one by one, by the lip gap and the controls."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.metrics import CLOSED_MM, jitter
from marotte.learn.speech.phones import OPEN_VOWELS
from marotte.learn.teachers import open_teacher
from marotte.learn.teachers.phonetic import is_vowel
from marotte.learn.utterance import Phone, Utterance

RATE = 16_000
HEAD = load_head()
TEACHER = open_teacher("phonetic")
CLOSERS = ("p", "b", "m")


def utterance(phones, length_s=0.08, lead_s=0.4, stress=()):
    """Return noise with the given phonemes; vowels are 1.5 times as long as consonants."""
    timed, clock = [], lead_s
    for i, ipa in enumerate(phones.split()):
        end = clock + length_s * (1.5 if is_vowel(ipa) else 1)
        timed.append(Phone(ipa, clock, end, stress[i] if stress else 0))
        clock = end
    n = int((clock + lead_s) * RATE)
    sound = np.random.default_rng(0).normal(0, 0.1, n).astype(np.float32)
    return Utterance("u", "made", "one", "en", "MIT", "", sound, RATE, tuple(timed))


def gap_of(speech):
    return HEAD.lip_gap(TEACHER.curves(speech), ARKIT_52.names)


def curve(speech, name):
    return TEACHER.curves(speech)[:, ARKIT_52.index[name]]


def at(phone, share=0.5):
    return round((phone.start_s + share * (phone.end_s - phone.start_s)) * TEACHER.fps)


def closed_frames(gap, phones):
    """Return the frames with closed lips in a run of phones, or up to two frames beside it."""
    near = slice(at(phones[0], 0) - 2, at(phones[-1], 1) + 3)
    return np.flatnonzero(gap[near] <= CLOSED_MM) + near.start


# Lip closure


@pytest.mark.parametrize("ipa", CLOSERS)
@pytest.mark.parametrize("where", ["{} ɑ t", "t ɑ {}", "ɑ {} ɑ", "s {} i", "ɛ l {}", "{} ɹ aɪ"])
def test_lips_close_at_the_start_in_the_middle_and_at_the_end(ipa, where):
    speech = utterance(where.format(ipa))
    phone = next(p for p in speech.phones if p.ipa == ipa)
    gap = gap_of(speech)
    assert gap[at(phone)] < 0.5 * CLOSED_MM
    assert len(closed_frames(gap, [phone])) >= 3  # 50 ms


@pytest.mark.parametrize("pair", list(itertools.product(CLOSERS, CLOSERS)))
def test_lips_stay_closed_in_clusters_and_geminates(pair):
    speech = utterance("ɑ {} {} ɑ".format(*pair))
    _, first, second, _ = speech.phones
    gap = gap_of(speech)
    assert gap[at(first) : at(second, 0.5) + 1].max() < 0.5 * CLOSED_MM
    assert gap[[at(speech.phones[0]), at(speech.phones[-1])]].min() > 2 * CLOSED_MM


@pytest.mark.parametrize("length_s", [0.03, 0.04, 0.05])
@pytest.mark.parametrize("ipa", CLOSERS)
def test_fast_speech_still_closes_for_two_frames(ipa, length_s):
    speech = utterance(f"t ɑ {ipa} ɑ s ɛ {ipa} l", length_s)
    gap = gap_of(speech)
    for phone in speech.phones:
        if phone.ipa == ipa:
            assert len(closed_frames(gap, [phone])) >= 2


@pytest.mark.parametrize("vowel", sorted(OPEN_VOWELS))
@pytest.mark.parametrize("length_s", [0.04, 0.08])
def test_an_open_vowel_between_two_closures_opens(vowel, length_s):
    speech = utterance(f"p {vowel} p", length_s)
    assert gap_of(speech)[at(speech.phones[1])] > 1.5 * CLOSED_MM


def test_the_shortest_vowel_of_aligners_opens():
    phones = (Phone("l", 0.4, 0.46), Phone("a", 0.46, 0.49), Phone("p", 0.49, 0.56))
    sound = np.ones(RATE, np.float32)
    speech = Utterance("u", "made", "one", "en", "MIT", "", sound, RATE, phones)
    gap = gap_of(speech)
    assert gap[at(phones[1])] > CLOSED_MM
    assert len(closed_frames(gap, phones[2:])) >= 2


def test_a_closure_is_centred_on_its_phoneme():
    speech = utterance("ɑ m ɑ")
    closed = closed_frames(gap_of(speech), speech.phones[1:2])
    assert abs(closed.mean() - 0.5 * (at(speech.phones[1], 0) + at(speech.phones[1], 1))) <= 1
    assert len(closed) <= 0.08 * 60 + 4


def test_the_lips_part_before_the_end_of_a_plosive():
    frames_to_part = {
        ipa: np.argmax(gap_of(utterance(f"ɑ {ipa} ɑ", 0.12))[at(Phone(ipa, 0.58, 0.70)) :] > 2)
        for ipa in CLOSERS
    }
    assert frames_to_part["p"] == frames_to_part["b"] < frames_to_part["m"]


@pytest.mark.parametrize("ipa", ["β", "ɸ"])
def test_bilabial_fricatives_come_near_without_touching(ipa):
    speech = utterance(f"ɑ {ipa} ɑ")
    assert CLOSED_MM < gap_of(speech)[at(speech.phones[1])] < 3


# Lips and teeth


@pytest.mark.parametrize("ipa", ["f", "v"])
@pytest.mark.parametrize("around", ["ɑ", "i", "u", "s", "ʃ"])
def test_the_lower_lip_touches_the_upper_teeth(ipa, around):
    speech = utterance(f"{around} {ipa} {around}")
    middle = at(speech.phones[1])
    assert curve(speech, "mouthRollLower")[middle] > 0.35
    assert curve(speech, "mouthUpperUpLeft")[middle] > 0.15
    assert gap_of(speech)[middle] < 4.0  # the lip is at the teeth, below the upper lip


def test_v_is_rounded_next_to_u():
    round_, spread = (utterance(f"{vowel} v {vowel}") for vowel in "ui")
    middle = at(round_.phones[1])
    assert curve(round_, "mouthPucker")[middle] > 0.1
    assert curve(spread, "mouthPucker")[middle] < 0.02


@pytest.mark.parametrize("ipa", ["s", "z", "ts", "ʃ", "ʒ", "tʃ", "dʒ", "ɕ", "ʑ", "tɕ", "dʑ"])
def test_the_teeth_nearly_meet_for_sibilants(ipa):
    speech = utterance(f"ɑ {ipa} ɑ")
    assert curve(speech, "jawOpen")[at(speech.phones[1])] < 0.17


def test_hard_sibilants_are_rounded_and_soft_ones_are_not():
    funnel = {}
    for ipa in ("s", "ʃ", "ɕ"):
        speech = utterance(f"i {ipa} i")
        funnel[ipa] = curve(speech, "mouthFunnel")[at(speech.phones[1])]
    assert funnel["ʃ"] > 0.25
    assert max(funnel["s"], funnel["ɕ"]) < 0.05


# Rounding, diphthongs and tongue sounds


@pytest.mark.parametrize("ipa", ["w", "u", "y", "o"])
def test_rounding_starts_early_and_ends_late(ipa):
    speech = utterance(f"t {ipa} t")
    pucker = curve(speech, "mouthPucker")
    assert pucker[at(speech.phones[0])] > 0.4 * pucker.max()
    assert pucker[at(speech.phones[2])] > 0.4 * pucker.max()


def test_w_is_a_small_opening_between_open_vowels():
    speech = utterance("ɑ w ɑ")
    middle = at(speech.phones[1])
    assert CLOSED_MM < gap_of(speech)[middle] < 5
    assert curve(speech, "mouthPucker")[middle] > 0.15


def test_rounded_vowels_pucker_and_spread_vowels_stretch():
    for ipa in ("o", "ø", "u", "y", "ʊ"):
        speech = utterance(f"t {ipa} t")
        middle = at(speech.phones[1])
        rounding = curve(speech, "mouthPucker") + curve(speech, "mouthFunnel")
        assert rounding[middle] > 0.25
        assert curve(speech, "mouthPucker")[middle] > 0.04
        assert curve(speech, "mouthStretchLeft")[middle] < 0.05
    speech = utterance("t i t")
    assert curve(speech, "mouthStretchLeft")[at(speech.phones[1])] > 0.1
    assert curve(speech, "mouthPucker")[at(speech.phones[1])] == 0


@pytest.mark.parametrize(
    ("ipa", "control", "grows"),
    [
        ("aɪ", "jawOpen", False),
        ("aɪ", "mouthStretchLeft", True),
        ("aʊ", "mouthPucker", True),
        ("oʊ", "mouthPucker", True),
        ("ɔɪ", "mouthPucker", False),
        ("eɪ", "jawOpen", False),
    ],
)
def test_diphthongs_move(ipa, control, grows):
    speech = utterance(f"h {ipa} h", 0.12)
    values = curve(speech, control)
    first, last = (values[at(speech.phones[1], share)] for share in (0.3, 0.95))
    assert last > 1.2 * first if grows else last < 0.9 * first


@pytest.mark.parametrize("ipa", ["t", "d", "n", "l", "k", "g", "ŋ", "x", "h", "ʔ"])
def test_tongue_sounds_keep_the_lips_of_their_neighbours(ipa):
    for vowel, control in (("u", "mouthPucker"), ("i", "mouthStretchLeft")):
        speech = utterance(f"{vowel} {ipa} {vowel}")
        values = curve(speech, control)
        assert values[at(speech.phones[1])] > 0.8 * values[at(speech.phones[0])]


# Pauses, stress and loudness


@pytest.mark.parametrize(("pause_s", "closes"), [(0.10, False), (0.14, False), (0.35, True)])
def test_the_lips_close_in_a_long_pause_only(pause_s, closes):
    first = Phone("ɑ", 0.3, 0.45)
    second = Phone("ɑ", first.end_s + pause_s, first.end_s + pause_s + 0.15)
    sound = np.zeros(2 * RATE, np.float32)
    gap = gap_of(Utterance("u", "made", "one", "en", "MIT", "", sound, RATE, (first, second)))
    smallest = gap[at(first) : at(second)].min()
    assert (smallest <= CLOSED_MM) == closes


def test_a_stressed_vowel_opens_wider():
    words = "t ɛ t ɛ t ɛ t ɛ"
    plain = gap_of(utterance(words))
    speech = utterance(words, stress=(0, 0, 0, 1, 0, 0, 0, 2))
    gap = gap_of(speech)
    sizes = [gap[at(p)] for p in speech.phones if is_vowel(p.ipa)]
    assert sizes[1] > 1.1 * sizes[0]
    assert sizes[1] > sizes[3]
    assert sizes[0] < plain[at(speech.phones[1])] < sizes[1]


def test_vowels_have_full_size_without_stress_marks():
    one, none = utterance("t ɛ t ɛ"), utterance("t ɛ t ɛ", stress=(0, 0, 0, 0))
    assert np.array_equal(TEACHER.curves(one), TEACHER.curves(none))


@pytest.mark.parametrize("level", [0.001, 0.05, 1.0, 9.0])
def test_loudness_is_relative_to_the_speaker(level):
    speech = utterance("h ɛ l p ɑ m i")
    other = replace(speech, samples=level * speech.samples)
    assert np.allclose(TEACHER.curves(other), TEACHER.curves(speech), atol=5e-3)


def test_a_whisper_and_a_shout_have_plausible_sizes():
    speech = utterance("h ɛ l p ɑ m i b ɑ b")
    time = np.arange(len(speech.samples)) / RATE
    spoken = replace(speech, samples=(0.1 * (2 * (120 * time % 1) - 1)).astype(np.float32))
    shouted = spoken.samples.copy()
    half = int(speech.phones[7].start_s * RATE)
    shouted[half:] = (0.9 * (2 * (240 * time[half:] % 1) - 1)).astype(np.float32)
    vowel, closer = speech.phones[-2:]
    whisper, voice, shout = (
        gap_of(each) for each in (speech, spoken, replace(spoken, samples=shouted))
    )
    assert whisper[at(vowel)] == pytest.approx(voice[at(vowel)], rel=0.25)
    assert 1.15 * voice[at(vowel)] < shout[at(vowel)] < 1.6 * voice[at(vowel)]
    for gap in (whisper, voice, shout):
        assert gap[at(closer)] < 0.5 * CLOSED_MM


# Jitter


@pytest.mark.parametrize(
    ("length_s", "max_speed", "max_acceleration", "max_jitter"),
    [(0.12, 5.0, 3.0, 0.8), (0.08, 7.0, 6.0, 1.0), (0.06, 7.5, 9.0, 1.2)],
)
def test_the_lips_move_at_natural_speeds(length_s, max_speed, max_acceleration, max_jitter):
    speech = utterance("b ɑ b ɑ s p æ m v eɪ p f ʌ m b l ə m ɛ m oʊ b aɪ s ɪ k l", length_s)
    gap = gap_of(speech)
    assert np.abs(np.diff(gap)).max() < max_speed  # mm per frame: 5 are 0.3 m/s; real lips reach 10
    assert np.abs(np.diff(gap, 2)).max() < max_acceleration
    assert jitter(gap, 60.0) < max_jitter


def test_a_sustained_vowel_is_still():
    speech = replace(utterance("ɑ", 0.6))
    gap = gap_of(speech)[at(speech.phones[0], 0.3) : at(speech.phones[0], 0.7)]
    assert np.ptp(gap) < 0.1
