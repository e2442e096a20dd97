"""Corpus recipes: valid ones, wrong ones, and the fixed names of held-out speech."""

import re
from pathlib import Path

import pytest

from marotte.errors import MarotteError
from marotte.learn.corpora import source_class, source_names
from marotte.learn.corpora.recipe import configure, load_recipe
from marotte.learn.corpora.sources.espeak import Espeak
from marotte.learn.corpora.sources.hibari import Hibari
from marotte.learn.data.splits import LANGUAGE_CORPORA, SYNTHETIC

RECIPES = Path(__file__).parents[3] / "recipes"


def write(path, text):
    path.write_text(text, "utf-8")
    return path


def test_the_shipped_recipe_is_valid():
    recipe = load_recipe(RECIPES / "corpus.toml")
    assert {"asterisk_en", "queen", "hibari", "espeak"} <= set(recipe.sources)


def test_the_large_recipe_is_valid_and_has_every_test_set():
    sources = set(load_recipe(RECIPES / "corpus-large.toml").sources)
    assert {"asterisk_en", "queen", *LANGUAGE_CORPORA, "tuxpaint", *SYNTHETIC} <= sources


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no source: add a table .sources.NAME."),
        ("sources = 1", "sources must be of type dict, got 1"),
        ("seed = 1\n[sources.hibari]", "has no key 'seed': valid are sources"),
        ("[sources.radio]", "no source 'radio': choose one of asterisk_en,"),
        (
            "[sources.hibari]\nspeed = 1",
            "sources.hibari has no key 'speed': valid are speakers, sentences, seed",
        ),
        ("[sources.hibari]\nseed = 'one'", "sources.hibari.seed must be of type int, got 'one'"),
        ("[sources.hibari]\nseed = true", "sources.hibari.seed must be of type int, got True"),
        ("[sources", "not a TOML recipe"),
        ("[sources]\nhibari = 1", r"is 1: write a table \[sources.hibari\]"),
    ],
)
def test_a_wrong_recipe_is_refused(tmp_path, text, message):
    with pytest.raises(MarotteError, match=message):
        load_recipe(write(tmp_path / "r.toml", text))


def test_a_missing_recipe_is_an_error(tmp_path):
    with pytest.raises(MarotteError, match="no recipe at"):
        load_recipe(tmp_path / "none.toml")


def test_sources_are_configured_by_name():
    assert configure("hibari", {"speakers": 2}) == Hibari(speakers=2)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("anna", "radio", "has the kind 'radio': choose one of beat, folder, librispeech, live"),
        ("anna", "asterisk_en", "has the kind 'asterisk_en': choose one of beat, folder"),
        ("anna", 7, "has the kind 7: choose one of beat, folder"),
        ("asterisk_en", "folder", "has the name of another source: choose another name"),
        ("queen", "folder", "has the name of another source"),
        ("Anna Ö", "folder", "can't have the name 'Anna Ö': use small letters"),
        ("../anna", "folder", "can't have the name"),
    ],
)
def test_a_wrong_kind_or_name_is_refused(tmp_path, name, kind, message):
    options = {"kind": kind, "folder": str(tmp_path)}
    with pytest.raises(MarotteError, match=re.escape(message)):
        configure(name, options)


def test_an_unknown_source_suggests_a_kind():
    with pytest.raises(MarotteError, match=r'or give the table a `kind`, e\.g\. kind = "folder"'):
        configure("anna", {"folder": "x"})


def test_a_source_of_a_plug_in_can_be_a_kind(monkeypatch):
    monkeypatch.setattr(Espeak, "many", True)
    assert configure("mine", {"kind": "espeak", "sentences": 1}).name == "mine"
    assert Espeak.name == "espeak"


def test_no_recipe_can_train_on_what_is_held_out():
    """No table in a recipe can give held-out speech another name."""
    held_out = {"asterisk_en", "asterisk_es", "asterisk_it", "queen", "queen_untold", "tuxpaint"}
    held_out |= {"ktuberling"}
    for name in held_out:
        assert not source_class(name).many
        for kind in source_names():
            if kind != name:
                with pytest.raises(MarotteError):
                    configure(name, {"kind": kind})
        for alias in ("mine", *source_names()):
            if alias != name:
                with pytest.raises(MarotteError):
                    configure(alias, {"kind": name})
