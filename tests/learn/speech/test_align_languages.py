"""Alignment of speech in other languages than English."""

from itertools import pairwise

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.learn.errors import Skip
from marotte.learn.speech.align import aligner, english_aligner, ipa_aligner
from marotte.learn.speech.phones import INVENTORY
from marotte.learn.speech.synthesisers.espeak import espeak

TEXTS = {
    "cs": "Kdo jiný by vytvořil takové množství překážek?",
    "de": "Bitte warten Sie, während ich Sie verbinde.",
    "es": "Por favor espere mientras lo comunico con un agente.",
    "fr": "Le mot de passe que vous avez saisi est incorrect.",
    "it": "Attendere prego mentre trasferisco la chiamata.",
    "ru": "Пожалуйста, подождите, пока я соединяю вас.",
}


@pytest.mark.parametrize(("language", "text"), TEXTS.items())
def test_phones_of_other_languages_have_the_times_of_the_speech(language, text):
    samples, known = espeak().say(text, language)
    aligned = aligner(language).align(samples, espeak().rate, text)
    # The phones are those of the language, not the English phones that they were aligned as.
    assert [phone.ipa for phone in aligned] == [phone.ipa for phone in known]
    assert all(a.end_s <= b.start_s + 1e-9 for a, b in pairwise(aligned))
    errors = np.abs([a.start_s - b.start_s for a, b in zip(aligned, known, strict=True)])
    assert np.median(errors) < 0.025
    assert (errors <= 0.05).mean() > 0.8


def test_an_affricate_that_english_lacks_is_one_phone():
    samples, _ = espeak().say("Pizza, pizza.", "it")
    aligned = aligner("it").align(samples, espeak().rate, "Pizza, pizza.")
    assert [phone.ipa for phone in aligned].count("ts") == 2


def test_words_of_another_language_in_a_text_are_pronounced():
    words = espeak().words("Рис password рис.", "ru")
    assert len(words) == 3
    assert all(ipa in INVENTORY for word in words for ipa, _ in word)


def test_each_language_has_one_aligner():
    assert aligner("en") is english_aligner()
    assert aligner("cs") is aligner("cs")


def test_an_unknown_language_is_an_error():
    with pytest.raises(MarotteError, match="no voice 'xx-none'"):
        aligner("xx-none")


@pytest.mark.parametrize(
    ("seconds", "words", "reason"),
    [
        (0.3, [[("a", 1)]], "shorter than"),
        (2.0, [], "no words"),
        (1.0, [[("m", 0), ("a", 1)]] * 80, "does not fit"),
    ],
)
def test_speech_that_cannot_be_aligned_is_skipped_with_a_reason(seconds, words, reason):
    noise = np.random.default_rng(0).normal(0, 0.1, int(16_000 * seconds)).astype(np.float32)
    with pytest.raises(Skip, match=reason):
        ipa_aligner().align(noise, 16_000, words)
