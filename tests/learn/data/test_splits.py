"""Splits: held-out speech is held out by whole corpora and whole speakers."""

from dataclasses import replace

import numpy as np
import pytest
from building import build_corpus

from marotte.learn.corpora import source_class, source_names
from marotte.learn.corpora.recipe import CorpusRecipe
from marotte.learn.data.splits import QUEEN_HELD_OUT, SYNTHETIC, split_of
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
