"""Tests that the visemes of the phonetic teacher's curves are those of the phones."""

import numpy as np
import pytest

from marotte.face.rig import ARKIT_52
from marotte.face.visemes import VISEMES, Visemes
from marotte.learn.teachers import open_teacher
from marotte.learn.utterance import Phone, Utterance

TEACHER = open_teacher("phonetic")


@pytest.mark.parametrize(
    ("phone", "viseme"), [("p", "PP"), ("b", "PP"), ("m", "PP"), ("f", "FF"), ("v", "FF")]
)
@pytest.mark.parametrize("vowel", ["ɑ", "i", "u", "ɛ"])
def test_a_consonant_between_vowels_has_its_viseme(phone, viseme, vowel):
    timed, clock = [], 0.3
    for ipa in (vowel, phone) * 3 + (vowel,):
        timed.append(Phone(ipa, clock, clock + 0.1))
        clock += 0.1
    sound = np.random.default_rng(0).normal(0, 0.1, int(16_000 * (clock + 0.3))).astype(np.float32)
    speech = Utterance("u", "made", "one", "en", "MIT", "", sound, 16_000, tuple(timed))
    curves = TEACHER.curves(speech)
    shown = [
        VISEMES[Visemes(ARKIT_52).of(curves[round(60 * (p.start_s + p.end_s) / 2)]).argmax()]
        for p in timed
        if p.ipa == phone
    ]
    assert shown.count(viseme) >= 2, shown
