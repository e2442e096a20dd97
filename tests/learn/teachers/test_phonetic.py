"""Tests of the phonetic teacher as a whole; test_phonetic_rules.py tests each rule."""

import numpy as np
import pytest

from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.metrics import CLOSED_MM
from marotte.learn.speech.phones import BILABIALS, INVENTORY, VOWELS
from marotte.learn.teachers import open_teacher
from marotte.learn.teachers.phonetic import articulate, is_vowel
from marotte.learn.teachers.phonetic.prosody import loudness_and_pitch
from marotte.learn.utterance import Phone, Utterance

RATE = 16_000
HEAD = load_head()
TEACHER = open_teacher("phonetic")
LISTS = (
    "b ɑ b ɑ b i b u b",
    "t aɪ m h ɛ l p l aɪ f b ɪ g b ɑ b",
    "w i ʃ u m ɪ m p ə m",
    "s p æ m v eɪ p f ʌ m b l",
    "m b p ɑ p m",
    "dʒ ʌ m p oʊ v ɚ ð ə tʃ ɜ tʃ",
)


def utterance(phones, length_s=0.08, lead_s=0.4, amplitude=0.1):
    """Return noise with the given phonemes; vowels are 1.5 times as long as consonants."""
    timed, clock = [], lead_s
    for ipa in phones.split():
        end = clock + length_s * (1.5 if is_vowel(ipa) else 1)
        timed.append(Phone(ipa, clock, end))
        clock = end
    n = int((clock + lead_s) * RATE)
    sound = np.random.default_rng(0).normal(0, amplitude, n).astype(np.float32)
    return Utterance("u", "made", "one", "en", "MIT", "", sound, RATE, tuple(timed))


def gap_of(speech):
    return HEAD.lip_gap(TEACHER.curves(speech), ARKIT_52.names)


def middle(phone):
    return round(0.5 * (phone.start_s + phone.end_s) * TEACHER.fps)


@pytest.mark.parametrize("phones", LISTS)
@pytest.mark.parametrize("length_s", [0.05, 0.08, 0.12])
def test_bilabials_close_and_vowels_do_not(phones, length_s):
    speech = utterance(phones, length_s)
    gap = gap_of(speech)
    for phone in speech.phones:
        if phone.ipa in BILABIALS:
            assert gap[middle(phone)] < 0.5 * CLOSED_MM, phone
        if phone.ipa in VOWELS:
            assert gap[middle(phone)] > 1.5 * CLOSED_MM, phone


def test_the_lips_close_in_silence():
    gap = gap_of(utterance("h ɑ l oʊ", lead_s=0.6))
    rest, _ = HEAD.lip_gap_weights(ARKIT_52.names)
    assert gap[0] == pytest.approx(rest, abs=0.05)
    assert gap[-1] == pytest.approx(rest, abs=0.05)


def test_repeated_visemes_are_one_articulation():
    names = [a.viseme.name for a in articulate(utterance("ɑ m b ɑ"))]
    assert names == ["silence", "preparation", "aa", "bilabial", "aa", "silence"]


def test_a_loud_vowel_opens_wider():
    speech = utterance("ɑ s ɑ s ɑ")
    loud = speech.samples.copy()
    last = speech.phones[-1]
    loud[int(last.start_s * RATE) : int(last.end_s * RATE)] *= 3
    louder = Utterance(**{**vars(speech), "samples": loud})
    frame = middle(last)
    assert gap_of(louder)[frame] > gap_of(speech)[frame] + 0.8


def test_pitch_is_measured():
    time = np.arange(RATE) / RATE
    for hertz in (90, 150, 300):
        _, pitch = loudness_and_pitch(np.sign(np.sin(2 * np.pi * hertz * time)), RATE)
        assert np.nanmedian(pitch) == pytest.approx(12 * np.log2(hertz), abs=0.3)
    noise = np.random.default_rng(0).normal(size=RATE)
    assert np.isnan(loudness_and_pitch(noise, RATE)[1]).mean() > 0.8


def test_controls_stay_in_range_and_only_the_lower_face_moves():
    curves = TEACHER.curves(utterance(" ".join(sorted(INVENTORY))))
    assert curves.min() >= 0
    assert curves.max() <= 1
    still = [i for n, i in ARKIT_52.index.items() if n.startswith(("eye", "brow", "cheekPuff"))]
    assert not curves[:, still].any()
    close, jaw = ARKIT_52.index["mouthClose"], ARKIT_52.index["jawOpen"]
    assert (curves[:, close] <= curves[:, jaw] + 1e-6).all()


def test_the_face_rests_without_phones():
    assert not TEACHER.curves(utterance("")).any()
