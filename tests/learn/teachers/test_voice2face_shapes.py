"""Tests that a captured teacher has the network's lip gap and the phonetic teacher's shapes."""

from itertools import pairwise

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.lip_gap import with_lip_gap
from marotte.learn.errors import Skip
from marotte.learn.teachers.phonetic import PhoneticTeacher
from marotte.learn.teachers.voice2face import shapes
from marotte.learn.teachers.voice2face.recipe import OutputConfig
from marotte.learn.utterance import Phone, Utterance

FPS = 60.0


def speech(symbols=("ɑ", "s", "u", "t", "ɛ"), seconds=2.0):
    phones = tuple(Phone(ipa, 0.5 + 0.15 * k, 0.65 + 0.15 * k) for k, ipa in enumerate(symbols))
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    loud = (time_s > 0.5) & (time_s < 0.5 + 0.15 * max(1, len(symbols)))
    sound = (0.1 * np.sin(2 * np.pi * 150 * time_s) * loud).astype(np.float32)
    return Utterance("mine/me/1", "mine", "me", "en", "", "", sound, 16_000, phones)


def predicted(n=120):
    result = ARKIT_52.neutral(n)
    result[:, ARKIT_52.index["jawOpen"]] = 0.1 + 0.1 * np.sin(np.arange(n) / 5)
    return result


def gap_of(curves):
    return load_head().lip_gap(curves, ARKIT_52.names)


def test_the_gap_is_the_networks_and_the_shape_the_phonetic_teachers():
    utterance = speech()
    spoken_word = shapes.Articulated.of(utterance)
    assert spoken_word is not None
    assert not spoken_word.recognised
    curves = shapes.shape(spoken_word, predicted())
    assert curves.dtype == np.float32
    spoken = slice(round(0.5 * FPS), round(1.2 * FPS))
    assert np.abs(gap_of(curves) - gap_of(predicted()))[spoken].max() < 0.02
    assert curves[: round(0.05 * FPS)].max() < 1e-5  # long before the first phone
    rules = PhoneticTeacher().curves(utterance)
    for name in ("mouthPucker", "mouthStretchLeft", "mouthFunnel", "mouthSmileRight"):
        column = ARKIT_52.index[name]
        assert (curves[:, column] == rules[:, column]).all()


def test_phones_are_recognised_where_there_are_none(monkeypatch):
    class Fake:
        def recognise(self, samples, rate):
            return speech().phones

    monkeypatch.setattr(shapes, "recogniser", Fake)
    spoken = shapes.Articulated.of(speech(()))
    assert spoken is not None
    assert spoken.recognised
    curves = shapes.shape(spoken, predicted())
    assert curves[:, ARKIT_52.index["mouthPucker"]].max() > 0.05
    assert curves[round(1.7 * FPS) :].max() < 0.005  # the sound ends at 0.5 s, whatever was heard


@pytest.mark.parametrize("error", [MarotteError("not installed"), Skip("hardly any speech")])
def test_without_a_recogniser_or_speech_there_are_no_articulations(monkeypatch, error):
    class Fake:
        def recognise(self, samples, rate):
            raise error

    monkeypatch.setattr(shapes, "recogniser", Fake)
    assert shapes.Articulated.of(speech(())) is None


def test_long_sounds_are_cut_in_pauses():
    words = np.zeros(60 * 16_000, np.float32)
    for start in range(0, 60, 7):
        words[start * 16_000 : (start + 5) * 16_000] = 0.1
    pieces = list(shapes._pieces(words))
    assert pieces[0][0] == 0
    assert pieces[-1][1] == len(words)
    assert all(end == start for (_, end), (start, _) in pairwise(pieces))
    assert max(end - start for start, end in pieces) <= 20 * 16_000
    for _, end in pieces[:-1]:
        assert words[end] == 0


def test_a_given_gap_is_reached_by_the_controls_that_may_change():
    random = np.random.default_rng(0)
    curves = ARKIT_52.neutral(50).astype(np.float64)
    curves[:, ARKIT_52.index["mouthPucker"]] = random.random(50)
    wanted = random.uniform(2, 15, 50)
    found = with_lip_gap(curves, wanted, {"jawOpen": 0.1, "mouthUpperUpLeft": 0.1})
    assert np.allclose(gap_of(found.astype(np.float32)), wanted, atol=1e-3)
    changed = np.flatnonzero((found != curves).any(axis=0))
    assert {ARKIT_52.names[c] for c in changed} == {"jawOpen", "mouthUpperUpLeft"}


def test_shapes_need_60_frames_per_second():
    with pytest.raises(MarotteError, match=r"output\.shapes needs output\.fps = 60, got 30"):
        OutputConfig(shapes=True)
