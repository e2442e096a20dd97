"""Probes predict phonemes and visemes from a student's layers."""

import numpy as np
import pytest
import torch

from marotte.errors import MarotteError
from marotte.learn.data.store import Store
from marotte.learn.measure.probe import layers as probes
from marotte.learn.measure.probe.layers import layer_outputs
from marotte.learn.measure.probe.phoneme_maps import (
    BOZKURT,
    JEFFERS,
    MAPS,
    VISEMENET,
    phone_classes,
)
from marotte.learn.measure.probe.sampling import Sizes, draw_windows
from marotte.learn.models.student import StudentConfig, StudentNet
from marotte.learn.speech.phones import ARPABET, INVENTORY
from marotte.learn.utterance import Phone, Utterance

HERTZ = {"m": 200, "ɑ": 800, "s": 3200, "i": 1600}  # the frequency of the sine for each sound


def speak(number, seconds=3.0):
    random = np.random.default_rng(number)
    sounds = random.permutation(list(HERTZ) * 4)
    phones = tuple(Phone(str(s), 0.3 + 0.15 * i, 0.45 + 0.15 * i) for i, s in enumerate(sounds))
    time = np.arange(round(seconds * 16_000)) / 16_000
    sound = 0.001 * random.normal(size=len(time))
    for phone in phones:
        here = (time >= phone.start_s) & (time < phone.end_s)
        sound[here] += 0.2 * np.sin(2 * np.pi * HERTZ[phone.ipa] * time[here])
    id = f"asterisk_en/allison/{number}"
    samples = sound.astype(np.float32)
    return Utterance(id, "asterisk_en", "allison", "en", "MIT", "", samples, 16_000, phones)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("corpus"))
    store.write_part("a", [speak(number) for number in range(20)])
    return store


def network(frontend="mel", norm="step"):
    torch.manual_seed(0)
    return StudentNet(StudentConfig(8, 256, ("a", "b"), frontend, norm)).eval()


@pytest.mark.parametrize(
    ("frontend", "norm", "front"),
    [
        ("mel", "step", ["mel", "mel 1", "mel 2"]),
        ("waveform", "step", [str(n) for n in range(1, 8)]),
        ("waveform", "window", [str(n) for n in range(1, 8)]),
    ],
)
def test_the_last_layer_is_the_network_s_output(frontend, norm, front):
    net = network(frontend, norm)
    samples = torch.randn(2, 8192)
    with torch.no_grad():
        layers = layer_outputs(net, samples)
        torch.testing.assert_close(layers["16"], net(samples).controls)
    assert list(layers) == [*front, *(str(n) for n in range(8, 17))]


def test_probes_separate_sounds_better_than_the_most_frequent_class(store, tmp_path, monkeypatch):
    def two_layers(net, samples):
        return {name: x for name, x in layer_outputs(net, samples).items() if name in ("mel", "16")}

    monkeypatch.setattr(probes, "layer_outputs", two_layers)
    reports = []
    results = probes.probe_layers(
        network(), store, Sizes(800, 200), progress=lambda *each: reports.append(each)
    )
    by = {(each.layer, each.of): each for each in results}
    mel = by["mel", "phonemes"]
    assert mel.f1 > 0.8
    assert mel.guessed < 0.4
    assert len(results) == 2 * (1 + len(MAPS)) == reports[-1][1]
    probes.plot(results, "layers", tmp_path / "layers.png")
    assert (tmp_path / "layers.png").stat().st_size > 10_000


def test_windows_are_stratified_and_no_utterance_is_in_both_sets(store):
    windows = draw_windows(network().config.window, store, Sizes(600, 100), seed=1)
    train, test = (set(windows.utterance[windows.is_test == side]) for side in (False, True))
    assert not train & test
    assert windows.is_test.sum() == 100
    shares = {name: (windows.labels["phonemes"] == name).mean() for name in ("M", "AA", "S", "IY")}
    assert max(shares.values()) - min(shares.values()) < 0.02


def test_too_little_speech_is_refused(store):
    with pytest.raises(MarotteError, match="use a larger corpus, or --quick"):
        probes.probe_layers(network(), store, Sizes())


def test_maps_have_a_class_for_every_phone():
    for classes, count in ((JEFFERS, 11), (BOZKURT, 15), (VISEMENET, 19)):
        assert len(set(classes.values())) == count
        assert set(ARPABET) - set(classes) <= {"HH"}
    for ipa in INVENTORY:
        phones = [Phone("h", 0, 1), Phone(ipa, 1, 2)]
        assert set(phone_classes(phones, 1)) == {"phonemes", *MAPS}
        assert phone_classes(phones, None)["Bozkurt"] == "sil"
    assert (
        phone_classes([Phone("h", 0, 1), Phone("u", 1, 2)], 0)["Jeffers & Barley"] == JEFFERS["UW"]
    )
    assert phone_classes([Phone("h", 0, 1)], 0)["Jeffers & Barley"] == JEFFERS["AH"]
