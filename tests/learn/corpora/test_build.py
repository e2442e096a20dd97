"""Builds of a corpus: resumed, killed, extended, and with items that can't be used."""

import multiprocessing
import os
import signal
import time

import endless
import pytest
from building import build_corpus
from layouts import MA, grid, noise, put, put_folder

from marotte.errors import MarotteError
from marotte.learn.corpora import build as builder
from marotte.learn.corpora import debian
from marotte.learn.corpora.recipe import CorpusRecipe, load_recipe
from marotte.learn.data.splits import split_of
from marotte.learn.data.store import Store

TINY = CorpusRecipe("tiny", {"espeak": {"voices": ["en-us", "en-us+f3"], "sentences": 6}})


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(builder, "PART_ITEMS", 3)


def contents(folder):
    """Return what two builds must have in common: all of every utterance."""
    return [
        (each.id, each.text, each.phones, each.samples.tobytes())
        for each in Store(folder).utterances()
    ]


def test_a_resumed_build_gives_the_same_corpus(tmp_path, small_parts):
    plan, done = build_corpus(TINY, tmp_path / "whole", workers=2)
    assert len(plan.missing) == len(done) == plan.n_parts == 4
    assert sum(each.utterances for each in done) == 12
    before = contents(tmp_path / "whole")
    for part in ("espeak-00001", "espeak-00003"):
        (tmp_path / "whole" / "audio" / f"{part}.parquet").unlink()
    plan, done = build_corpus(TINY, tmp_path / "whole")
    assert sorted(each.name for each in done) == ["espeak-00001", "espeak-00003"]
    assert contents(tmp_path / "whole") == before
    build_corpus(TINY, tmp_path / "other")
    assert contents(tmp_path / "other") == before


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")
def test_a_killed_build_leaves_complete_parts_and_no_processes(tmp_path, monkeypatch):
    process = multiprocessing.get_context("spawn").Process(target=endless.build, args=(tmp_path,))
    process.start()
    while len(Store(tmp_path).parts()) < 5:
        assert process.is_alive()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    time.sleep(1.0)  # workers notice that their parent is gone
    parts = Store(tmp_path).parts()
    assert 5 <= len(parts) < 60
    assert len(contents(tmp_path)) == len(parts)
    time.sleep(0.2)
    assert Store(tmp_path).parts() == parts
    monkeypatch.setattr(builder, "PART_ITEMS", 1)
    recipe = CorpusRecipe("big", {"espeak": {"voices": ["en-us"], "sentences": 60}})
    _, done = build_corpus(recipe, tmp_path)
    assert len(done) == 60 - len(parts)
    assert len({id for id, *_ in contents(tmp_path)}) == 60
    assert not list(tmp_path.glob("*/.*"))


def test_a_build_into_a_project_leaves_its_files(tmp_path):
    names = [".pre-commit-config.yaml", ".python-version", ".clang-format", ".corpus-3f8a9bc2.json"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".corpus.marotte-0123456789abcdef.json").touch()  # of a build that was killed
    build_corpus(CorpusRecipe("r", {"espeak": {"voices": ["en-us"], "sentences": 1}}), tmp_path)
    assert {path.name for path in tmp_path.glob(".*")} == set(names)


def test_other_options_of_a_source_are_refused(tmp_path, small_parts):
    build_corpus(TINY, tmp_path)
    other = CorpusRecipe("tiny", {"espeak": {**TINY.sources["espeak"], "seed": 2}})
    with pytest.raises(MarotteError, match="build into another folder"):
        builder.plan_build(other, tmp_path)


def test_a_source_can_be_added(tmp_path, small_parts):
    build_corpus(TINY, tmp_path)
    more = CorpusRecipe("tiny", {**TINY.sources, "hibari": {"speakers": 1, "sentences": 2}})
    plan, done = build_corpus(more, tmp_path)
    assert [each.name for each in done] == ["hibari-00000"]
    assert plan.n_parts == 5


def test_an_unusable_source_is_left_out(tmp_path, small_parts, debroot, monkeypatch):
    monkeypatch.setattr(debian, "roots", lambda: [debroot])
    plan = builder.plan_build(CorpusRecipe("r", {"queen": {}, **TINY.sources}), tmp_path)
    assert "flight-of-the-amazon-queen is not found" in plan.unusable["queen"]
    assert {each.source for each in plan.missing} == {"espeak"}
    assert "queen" not in plan.origin["sources"]


def test_unusable_items_are_counted(tmp_path):
    options = {"voices": ["en-us", "xx-none"], "sentences": 2}
    _, [done] = build_corpus(CorpusRecipe("r", {"espeak": options}), tmp_path)
    assert (done.utterances, done.skipped) == (2, 2)
    [(reason, count)] = builder.skip_reasons(tmp_path)["espeak"].items()
    assert "no voice 'xx-none'" in reason
    assert count == 2


def test_a_recipe_can_have_several_folders(tmp_path, small_parts):
    for who in ("anna", "bert"):
        put_folder(tmp_path / who)
    path = tmp_path / "r.toml"
    path.write_text(
        f"[sources.anna]\nkind = 'folder'\nfolder = '{(tmp_path / 'anna').as_posix()}'\n"
        f"[sources.bert_2]\nkind = 'folder'\nfolder = '{(tmp_path / 'bert').as_posix()}'\n"
        "language = 'de'\n",
        "utf-8",
    )
    recipe = load_recipe(path)
    plan, done = build_corpus(recipe, tmp_path / "out")
    assert sorted(each.name for each in done) == ["anna-00000", "bert_2-00000"]
    utterances = {each.id: each for each in Store(tmp_path / "out").utterances()}
    assert {each.source for each in utterances.values()} == {"anna", "bert_2"}
    assert utterances["anna/anna/one"].phones == utterances["bert_2/anna/one"].phones == MA
    assert {split_of(each) for each in utterances.values()} == {"train"}
    assert plan.origin["sources"]["anna"]["options"]["kind"] == "folder"
    assert build_corpus(recipe, tmp_path / "out")[1] == []
    other = CorpusRecipe("r", {"anna": {"folder": str(tmp_path / "anna"), "kind": "librispeech"}})
    assert "finds no LibriSpeech" in builder.plan_build(other, tmp_path / "out").unusable["anna"]


def test_a_build_skips_and_counts_broken_files(tmp_path):
    put(tmp_path / "in" / "anna" / "good.wav", noise())
    put(tmp_path / "in" / "anna" / "good.TextGrid", grid())
    put(tmp_path / "in" / "bert" / "bad.wav", b"RIFF")
    recipe = CorpusRecipe(
        "mine", {"folder": {"folder": str(tmp_path / "in")}, "beat": {"folder": "/no"}}
    )
    plan = builder.plan_build(recipe, tmp_path / "out")
    assert list(plan.unusable) == ["beat"]
    (tmp_path / "out").mkdir()
    for work in plan.missing:
        builder.make_part(work)
    assert [each.phones for each in Store(tmp_path / "out").utterances()] == [MA]
    assert builder.skip_reasons(tmp_path / "out") == {
        "folder": {"a sound file that can't be read": 1}
    }


@pytest.mark.parametrize(
    "origin",
    [
        "[]",
        "5",
        '{"sources": []}',
        '{"sources": {"espeak": "x"}}',
        '{"sources": {"espeak": {"options": 3}}}',
        '{"sources": {"espeak": {}}}',
    ],
)
def test_a_damaged_origin_is_refused(tmp_path, origin):
    (tmp_path / "corpus.json").write_text(origin)
    recipe = CorpusRecipe("r", {"espeak": {"voices": ["en-us"], "sentences": 1}})
    with pytest.raises(MarotteError, match=r"is damaged|was built with other options"):
        builder.plan_build(recipe, tmp_path)
