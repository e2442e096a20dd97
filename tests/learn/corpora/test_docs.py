"""The Python code in docs/corpus.md runs."""

import re
from pathlib import Path

import numpy as np
from building import build_corpus
from layouts import RATE, noise, put, skip_reason, well_formed

from marotte.learn.corpora.recipe import CorpusRecipe

PAGE = Path(__file__).parents[3] / "docs" / "corpus.md"
READ_PARQUET, TAPES = re.findall(
    r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
)


def test_a_corpus_is_read_as_parquet(tmp_path, monkeypatch):
    sources = {"hibari": {"speakers": 1, "sentences": 1}}
    build_corpus(CorpusRecipe("r", sources), tmp_path)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(READ_PARQUET, names)
    assert names["rate"] == 24_000
    assert np.abs(names["samples"]).max() > 0.1
    assert names["rows"][0]["phones"][0].keys() == {"ipa", "start_s", "end_s", "stress"}


def test_the_example_of_a_source(tmp_path):
    put(tmp_path / "long.wav", noise(1.5))
    put(tmp_path / "short.wav", noise(0.5))
    # The class gets the name of a module, as dataclasses need one.
    names = {"__name__": __name__}
    exec(TAPES, names)
    source = names["Tapes"](folder=str(tmp_path))
    assert source.items() == ["long", "short"]
    utterance = source.utterance("long")
    assert well_formed(utterance)
    assert (utterance.id, utterance.rate) == ("tapes/anna/long", RATE)
    assert skip_reason(source, "short") == "shorter than 1 s"
