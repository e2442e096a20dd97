"""Tests that lips touch and part where the phones say so, whatever the network predicted."""

import numpy as np
import pytest

from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.metrics import closures
from marotte.learn.teachers.phonetic import articulate
from marotte.learn.teachers.voice2face.contacts import hold_contacts
from marotte.learn.utterance import Phone, Utterance

FPS = 60.0
WORD = ("m", "ɑ", "p", "i", "b", "ɛ", "s", "a")


def speech(symbols=WORD, start_s=0.5, length_s=0.1, seconds=2.0):
    phones = tuple(
        Phone(ipa, start_s + length_s * k, start_s + length_s * (k + 1))
        for k, ipa in enumerate(symbols)
    )
    sound = np.zeros(int(seconds * 16_000), np.float32)
    return Utterance("mine/me/1", "mine", "me", "en", "", "", sound, 16_000, phones)


def curves(jaw, n=120, **others):
    result = ARKIT_52.neutral(n)
    result[:, ARKIT_52.index["jawOpen"]] = jaw
    for name, value in others.items():
        result[:, ARKIT_52.index[name]] = value
    return result


def hold(values, utterance):
    return hold_contacts(values, articulate(utterance), FPS)


def gap_of(values):
    return load_head().lip_gap(values, ARKIT_52.names)


@pytest.mark.parametrize("jaw", [0.0, 0.2, 0.5])
def test_lips_touch_for_bilabials_and_part_for_open_vowels(jaw):
    utterance = speech()
    wide = {"mouthLowerDownLeft": 0.2, "mouthUpperUpRight": 0.2} if jaw else {}
    found = closures(gap_of(hold(curves(jaw, **wide), utterance)), FPS, utterance.phones)
    assert found.pbm == 1
    assert np.median(found.bilabial_mm) < -0.8  # students that blur this still press
    assert found.false_closure == 0
    assert found.open_mm.min() > 2.5


def test_the_face_rests_before_and_after_speech():
    held = hold(curves(0.3, mouthPucker=0.1), speech())
    assert np.abs(held[: round(0.06 * FPS)]).max() == 0
    end = round((0.5 + 0.8 + 0.15) * FPS) + 1
    assert np.abs(held[end:]).max() < 0.005


def test_open_lips_elsewhere_stay_as_they_are():
    utterance = speech(("ɑ", "s", "ɑ", "t", "ɑ"))
    values = curves(0.3, mouthStretchLeft=0.2)
    held = hold(values, utterance)
    middle = slice(round(0.6 * FPS), round(0.9 * FPS))
    assert np.allclose(held[middle], values[middle], atol=1e-6)


def test_curves_stay_within_the_rig():
    random = np.random.default_rng(0)
    held = hold(random.random((120, 52)).astype(np.float32), speech())
    assert held.min() >= 0
    assert held.max() <= 1
    assert held.dtype == np.float32
