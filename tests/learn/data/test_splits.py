"""Splits: held-out speech is held out by whole corpora and whole speakers."""

from dataclasses import replace

import numpy as np
import pytest
from building import build_corpus

from marotte.learn.corpora import source_class, source_names
from marotte.learn.corpora.recipe import CorpusRecipe
from marotte.learn.data.schema import Entry
from marotte.learn.data.splits import QUEEN_HELD_OUT, SYNTHETIC, CorpusSplits, held_out, split_of
from marotte.learn.data.store import Store


class Speech:
    """Speech of a speaker of a source."""

    def __init__(self, source, speaker):
        self.source, self.speaker = source, speaker


def test_about_two_percent_of_the_synthetic_speakers_are_for_validation():
    speakers = [Speech("hibari", f"s1-{n:04d}") for n in range(5000)]
    share = np.mean([split_of(each) == "valid" for each in speakers])
    assert 0.015 < share < 0.025
    assert {split_of(each) for each in speakers} == {"train", "valid"}


def test_actors_are_held_out_with_all_their_characters():
    def split(speaker):
        return split_of(Speech("queen", speaker))

    assert {split(each) for each in ("naomi", "chief", "ian", "eddy", "klunk")} == {"test_other"}
    assert split("oracle") == split("guardian") == "valid"
    assert {split(each) for each in ("joe", "sparky", "somebody new")} == {"train"}


@pytest.mark.parametrize("source", ["queen", "queen_untold"])
def test_actors_are_held_out_in_both_sources_of_the_game(source):
    for speaker, split in QUEEN_HELD_OUT.items():
        assert split_of(Speech(source, speaker)) == split


def test_no_speaker_is_in_two_splits(tmp_path):
    store = Store(tmp_path)
    build_corpus(CorpusRecipe("r", {"hibari": {"speakers": 1, "sentences": 1}}), tmp_path)
    [one] = store.utterances()
    speakers = [("asterisk_en", "allison"), *(("queen", each) for each in QUEEN_HELD_OUT)]
    speakers += [("queen", "joe"), *(("hibari", f"s1-{n:04d}") for n in range(60))]
    utterances = [
        replace(one, id=f"{source}/{speaker}/{n}", source=source, speaker=speaker)
        for source, speaker in speakers
        for n in range(2)
    ]
    store.write_part("all-00000", utterances)
    splits = {}
    for row in store.manifest():
        splits.setdefault((row.source, row.speaker), set()).add(row.split)
    assert all(len(each) == 1 for each in splits.values())
    held_out = {key for key, each in splits.items() if each != {"train"}}
    assert held_out >= {("asterisk_en", "allison"), *(("queen", each) for each in QUEEN_HELD_OUT)}


def test_languages_are_held_out_by_corpus_or_speaker():
    def split(source, speaker):
        return split_of(Speech(source, speaker))

    # The speaker of the clean test set also speaks Spanish: never train on her voice.
    assert split("asterisk_es", "allison") == split("asterisk_it", "carlo") == "test_languages"
    assert split("tuxpaint", "el") == "test_languages"
    assert split("asterisk_en", "allison") == "test_clean"
    assert split("queen", "naomi") == "test_other"
    trained = [("tuxpaint", "fr"), ("asterisk_ru", "ivrvoice"), ("fillets", "small")]
    assert {split(*each) for each in trained} == {"train"}


def test_synthetic_sources_are_those_that_are_not_real():
    assert {name for name in source_names() if not source_class(name).real} == SYNTHETIC


def mine(*speakers: str, source: str = "folder", n: int = 10) -> list[Entry]:
    return [
        Entry(f"{source}/{speaker}/{k}", source, speaker, "en", "", "", 16_000, 2.0)
        for speaker in speakers
        for k in range(n)
    ]


def test_a_tenth_of_ones_own_recordings_validates(caplog):
    ids = held_out(mine("me"), announce=True)
    assert len(ids) == 1
    assert caplog.messages == [
        "the corpus has no `valid` speech: 1 of 10 utterances validate and are not trained on"
    ]
    assert held_out(reversed(mine("me"))) == ids
    assert len(held_out(mine("me", "you", n=100))) == 20
    assert len(caplog.messages) == 1
    entries = mine("me")
    splits = CorpusSplits(entries)
    assert {entry.id for entry in entries if splits.of(entry) == "valid"} == ids
    assert {splits.of(entry) for entry in entries if entry.id not in ids} == {"train"}


def test_of_several_speakers_whole_ones_validate(caplog):
    entries = mine(*"abcdefghijkl")
    ids = held_out(entries, announce=True)
    assert "2 of 12 speakers" in caplog.text
    assert len({entry.speaker for entry in entries if entry.id in ids}) == 2
    assert len(ids) == 20


def test_a_corpus_with_valid_speech_and_a_single_recording_hold_nothing_out():
    assert not held_out([*mine("me"), *mine("jim", source="queen")])
    assert not held_out(mine("me", n=1))
