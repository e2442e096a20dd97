"""Totals of real, synthetic and unknown speech."""

from dataclasses import replace

import pytest
from building import build_corpus
from layouts import put_folder

from marotte.learn.corpora.recipe import CorpusRecipe
from marotte.learn.corpora.totals import totals
from marotte.learn.data.store import Store


def test_totals_of_real_synthetic_and_unknown_speech(tmp_path):
    put_folder(tmp_path / "in")
    _ = build_corpus(
        CorpusRecipe("r", {"me": {"kind": "folder", "folder": str(tmp_path / "in")}}), tmp_path
    )
    store = Store(tmp_path)
    [one, *_] = store.utterances()
    others = [("queen", f"who{n}") for n in range(12)] + [("flite", "slt"), ("tapes", "x")]
    utterances = [
        replace(one, id=f"{source}/{speaker}", source=source, speaker=speaker)
        for source, speaker in others
    ]
    store.write_part("all-00000", utterances)
    by_kind = totals(store.manifest(), tmp_path)
    assert {kind: (each.speakers, each.people) for kind, each in by_kind.items()} == {
        "real": (14, 11),  # twelve characters by nine actors, and two people in the folder
        "synthetic": (1, 0),
        "unknown": (1, 0),
    }
    assert by_kind["synthetic"].hours == pytest.approx(one.seconds / 3600)
    assert by_kind["real"].languages == ("en",)
