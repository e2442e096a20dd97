"""Alignment of English speech with its text."""

from itertools import pairwise

import numpy as np
import pytest

from marotte.learn.corpora.agreement import measure_agreement
from marotte.learn.corpora.sources.espeak import Espeak
from marotte.learn.errors import Skip
from marotte.learn.speech.align import (
    EnglishAligner,
    english_aligner,
    spoken_words,
    unexplained_share,
)
from marotte.learn.speech.phones import INVENTORY
from marotte.learn.speech.synthesisers.espeak import espeak
from marotte.learn.utterance import Phone


@pytest.fixture(scope="module")
def aligner() -> EnglishAligner:
    return english_aligner()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Press 12, please!", ["press", "twelve", "please"]),
        ("It’s <sneeze> 'me' [a beep]", ["it's", "me"]),
        ("21st", ["twenty", "one", "st"]),
        ("In 1940 1200", ["in", "nineteen", "forty", "one", "thousand", "two", "hundred"]),
        ("...", []),
    ],
)
def test_spoken_words_of_a_text(text, words):
    assert spoken_words(text) == words


def test_phones_have_the_times_of_the_speech(aligner):
    text = "Bob puts a big blue map on the table."
    samples, known = espeak().say(text, "en-us")
    aligned = aligner.align(samples, espeak().rate, text)
    assert "".join(phone.ipa for phone in aligned).startswith("bɑb")
    assert all(phone.ipa in INVENTORY for phone in aligned)
    assert all(a.end_s <= b.start_s + 1e-9 for a, b in pairwise(aligned))
    bilabials = [[p.start_s for p in each if p.ipa in "pbm"] for each in (known, aligned)]
    assert len(bilabials[0]) == len(bilabials[1])
    assert np.median(np.abs(np.subtract(*bilabials))) < 0.03


def test_the_same_sound_gives_the_same_phones():
    # pocketsphinx adapts to the sounds that it aligns: compare aligners with the same history.
    text = "My mother may move."
    samples, _ = espeak().say(text, "en-us")
    aligner, other = EnglishAligner(), EnglishAligner()
    first, second = (aligner.align(samples, espeak().rate, text) for _ in range(2))
    assert other.align(samples, espeak().rate, text) == first
    assert other.align(samples, espeak().rate, text) == second
    assert aligner.align(samples, espeak().rate, text) == second


def test_stress_tells_schwa_from_open_vowel(aligner):
    samples, _ = espeak().say("above the butter", "en-us")
    aligned = aligner.align(samples, espeak().rate, "above the butter")
    vowels = [(p.ipa, p.stress) for p in aligned if p.ipa in ("ə", "ʌ")]
    assert vowels == [("ə", 0), ("ʌ", 1), ("ə", 0), ("ʌ", 1)]


def test_words_outside_the_dictionary_are_pronounced(aligner):
    samples, _ = espeak().say("The blimbopel is marvellous.", "en-us")
    aligned = aligner.align(samples, espeak().rate, "The blimbopel is marvellous.")
    assert "blɪmb" in "".join(phone.ipa for phone in aligned)


@pytest.mark.parametrize(
    ("seconds", "text", "reason"),
    [
        (0.3, "hello", "shorter than"),
        (2.0, "...", "no words"),
        (1.0, "a very long text about many things " * 20, "does not fit"),
    ],
)
def test_speech_that_cannot_be_aligned_is_skipped_with_a_reason(aligner, seconds, text, reason):
    noise = np.random.default_rng(0).normal(0, 0.1, int(16_000 * seconds)).astype(np.float32)
    with pytest.raises(Skip, match=reason):
        aligner.align(noise, 16_000, text)


def test_speech_that_the_text_does_not_explain_is_skipped(aligner):
    text = "My mother may move to the mountains, but my brother can not."
    samples, _ = espeak().say(text, "en-us")
    with pytest.raises(Skip, match="does not"):
        aligner.align(samples, espeak().rate, "My mother.")


@pytest.mark.parametrize(("end_s", "share"), [(1.0, 0.0), (0.5, 0.5), (0.0, 1.0)])
def test_the_unexplained_share_counts_loud_frames(end_s, share):
    loud = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    samples = np.concatenate([loud, loud * 0.01])
    phones = (Phone("m", 0.0, end_s),) if end_s else ()
    assert unexplained_share(phones, samples, 16_000) == share


def test_the_aligner_works_after_a_failure(aligner):
    with pytest.raises(Skip):
        aligner.align(np.zeros(16_000, np.float32), 16_000, "many many words " * 30)
    samples, _ = espeak().say("hello bob", "en-us")
    assert aligner.align(samples, espeak().rate, "hello bob")


def test_aligned_onsets_agree_with_known_ones():
    agreement = measure_agreement(Espeak(voices=("en-us",), sentences=12), 12)
    assert agreement.failed <= 1
    assert agreement.matched > 0.9
    assert agreement.median_ms < 25
    assert agreement.within_50_ms > 0.85
