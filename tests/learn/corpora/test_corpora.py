import gzip
import multiprocessing
import os
import re
import signal
import time
from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import endless
import numpy as np
import pytest
from layouts import MA, g722, game_file, mp3, put, put_folder, well_formed

from marotte.errors import MarotteError
from marotte.learn.corpora import build as builder
from marotte.learn.corpora import debian, source_class, source_names
from marotte.learn.corpora.recipe import CorpusRecipe, configure, load_recipe
from marotte.learn.corpora.sources.asterisk import AsteriskEn
from marotte.learn.corpora.sources.espeak import Espeak
from marotte.learn.corpora.sources.hibari import Hibari
from marotte.learn.corpora.sources.queen import Queen
from marotte.learn.corpora.sources.queen_game import Game
from marotte.learn.corpora.totals import totals
from marotte.learn.data.splits import QUEEN_HELD_OUT, SYNTHETIC, split_of
from marotte.learn.data.store import Store
from marotte.learn.errors import Skip
from marotte.learn.speech.synthesisers.espeak import espeak
from marotte.learn.speech.synthesisers.hibari import RATE, VirtualSpeaker, hibari_voice
from marotte.learn.speech.synthesisers.texts import sentence

RECIPES = Path(__file__).parents[3] / "recipes"


# Recipes


def write(path, text):
    path.write_text(text, "utf-8")
    return path


def test_the_shipped_recipe_is_valid():
    recipe = load_recipe(RECIPES / "corpus.toml")
    assert {"asterisk_en", "queen", "hibari", "espeak"} <= set(recipe.sources)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no .sources.NAME."),
        ("sources = 1", "no .sources.NAME."),
        ("seed = 1\n[sources.hibari]", "unknown key 'seed'"),
        ("[sources.radio]", "no source 'radio': there are asterisk_en,"),
        ("[sources.hibari]\nspeed = 1", "no option 'speed': it has speakers, sentences, seed"),
        ("[sources.hibari]\nseed = 'one'", "'seed' of the source 'hibari' is 'one'"),
        ("[sources.hibari]\nseed = true", "give a value like its default, 1"),
        ("[sources", "not valid TOML"),
        ("[sources]\nhibari = 1", r"is 1: write a table \[sources.hibari\]"),
    ],
)
def test_a_wrong_recipe_is_refused(tmp_path, text, said):
    with pytest.raises(MarotteError, match=said):
        load_recipe(write(tmp_path / "r.toml", text))


def test_a_missing_recipe_is_said(tmp_path):
    with pytest.raises(MarotteError, match="can't read the recipe"):
        load_recipe(tmp_path / "none.toml")


def test_every_source_is_found_by_its_name():
    assert [source_class(name).name for name in source_names()] == source_names()


def test_a_plug_in_adds_a_source(monkeypatch):
    point = EntryPoint("tapes", "marotte.learn.corpora.sources.espeak:Espeak", "marotte.corpora")
    everything = EntryPoints([point])
    monkeypatch.setattr("marotte.plugins.entry_points", everything.select)
    assert "tapes" in source_names()
    assert source_class("tapes") is Espeak


# Voices


@pytest.mark.parametrize("source", [Hibari(speakers=3, sentences=2), Espeak(sentences=1)])
def test_synthetic_speech_is_well_formed_and_repeatable(source):
    for key in source.items()[:4]:
        once, again = source.utterance(key), source.utterance(key)
        assert well_formed(once)
        assert [phone.ipa for phone in once.phones] == [phone.ipa for phone in again.phones]
        assert (once.text, once.speaker) == (again.text, again.speaker)
        # espeak-ng's voices waver by a few samples.
        assert abs(len(once.samples) - len(again.samples)) < 0.01 * len(once.samples)
        if source.name == "hibari":
            assert np.array_equal(once.samples, again.samples)
        assert once.id.endswith(key)


def test_hibari_speaks_when_it_says_so():
    samples, phones = hibari_voice().say("Papa, mama.", VirtualSpeaker(), 0)
    assert [phone.ipa for phone in phones if phone.ipa in "pm"] == list("ppmm")
    level = np.convolve(samples**2, np.ones(240) / 240, "same")
    for phone in phones:
        if phone.stress:
            middle = round((phone.start_s + phone.end_s) / 2 * RATE)
            assert level[middle] > 0.05 * level.max()


def test_hibari_wants_one_sentence():
    with pytest.raises(MarotteError, match="not one sentence"):
        hibari_voice().say("One. Two. Three.", VirtualSpeaker(), 0)


def test_virtual_speakers_differ():
    pitches = {Hibari().utterance(f"{speaker:04d}/0000").samples.std() for speaker in range(4)}
    assert len(pitches) == 4


def test_espeak_closes_before_it_bursts():
    samples, phones = espeak().say("a pub, a cup, a tape", "en-us")
    level = np.convolve(samples**2, np.ones(110) / 110, "same")
    stops = [phone for phone in phones if phone.ipa == "p"]
    assert len(stops) == 3
    for stop in stops:
        first, last = (round(s * espeak().rate) for s in (stop.start_s, stop.start_s + 0.04))
        assert level[first + 110 : last].min() < 0.05 * level.max()
        assert stop.end_s - stop.start_s > 0.05


def test_espeak_says_which_voice_is_unknown():
    with pytest.raises(MarotteError, match="no voice 'xx-none'"):
        espeak().say("hello", "xx-none")


def test_sentences_follow_their_seed():
    one, same, other = (
        [sentence(np.random.default_rng([seed, n])) for n in range(30)] for seed in (1, 1, 2)
    )
    assert one == same != other
    assert len(set(one)) > 25
    assert not any("{" in each or "_" in each for each in one)


# Amazon Queen


def test_the_games_lines_name_their_clips(tmp_path):
    put(tmp_path / "queen.1c", game_file({}))
    lines = Game(tmp_path / "queen.1c").lines()
    said = {name: (line.text, line.character) for name, line in lines.items()}
    assert said["JOE00011"] == ("No way.", "joe")
    assert said["JOE00411"] == ("It is a", "joe")
    assert said["JOE00412"] == ("map", "joe")
    assert said["510000J1"] == said["51SSSSJ1"] == ("Hi, Sparky!", "joe")
    assert said["51001AJ2"] == ("Look.", "joe")
    assert said["51001AJ4"] == ("Bye.", "joe")
    assert said["51001AP1"] == ("Bob put my map away.", "sparky")
    assert said["51XXXXP1"] == ("Back again?", "sparky")
    assert said["51XXXXJ1"] == ("Yes.", "joe")
    assert said["C9A__021"] == ("Wow!", "joe")
    assert said["C9A__032"] == ("Oh dear.", "Trader Bob")
    assert said["C9A__041"] == ("Meanwhile", None)


def test_queen_gives_aligned_clips_and_says_why_it_skips(debroot):
    clips = {
        "51001AP1": mp3("Bob put my map away."),
        "51XXXXJ1": b"not an MP3",
        "C9A__041": mp3("Meanwhile"),
        "UNTITLED": b"",
    }
    put(debroot / debian.QUEEN.probe, game_file(clips))
    source = Queen()
    assert list(source.items()) == sorted(clips)
    utterance = source.utterance("51001AP1")
    assert well_formed(utterance)
    assert (utterance.id, utterance.speaker) == ("queen/sparky/51001AP1", "sparky")
    assert [p.ipa for p in utterance.phones if p.ipa in "pbm"] == list("bbpmmp")
    for key, reason in (
        ("51XXXXJ1", "not a readable MP3"),
        ("C9A__041", "does not tell who speaks"),
        ("UNTITLED", "no text"),
    ):
        with pytest.raises(Skip, match=reason):
            source.utterance(key)


def test_another_file_is_not_the_game(tmp_path):
    put(tmp_path / "queen.1c", b"something else")
    with pytest.raises(MarotteError, match="not the game's data file"):
        Game(tmp_path / "queen.1c")


# Asterisk


def test_asterisk_gives_aligned_prompts(debroot):
    import soxr

    text = "Please press the pound key."
    samples, _ = espeak().say(text, "en-us+f3")
    folder = (debroot / debian.ASTERISK_EN[0].probe).parent
    put(folder / "activated.g722", b"")
    put(folder / "pound.g722", g722(soxr.resample(samples, espeak().rate, 16_000)))
    index = f"; a comment\nactivated: Activated.\npound: {text}\nabsent: Not there.\n"
    put(debroot / debian.ASTERISK_EN[1].probe, gzip.compress(index.encode()))
    source = AsteriskEn()
    assert source.items() == ["activated", "pound"]
    utterance = source.utterance("pound")
    assert well_formed(utterance)
    assert utterance.text == text
    assert split_of(utterance) == "test_clean"
    with pytest.raises(Skip):
        source.utterance("activated")


@pytest.mark.parametrize("source", [Queen(), AsteriskEn()])
def test_a_missing_package_is_said(source, debroot, monkeypatch):
    monkeypatch.setattr(debian, "roots", lambda: [debroot])
    with pytest.raises(MarotteError, match="marotte corpus fetch"):
        source.items()


def test_fetching_needs_its_programs(debroot, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(MarotteError, match="needs the program apt-get"):
        debian.fetch(debian.QUEEN)


# Building

TINY = CorpusRecipe("tiny", {"espeak": {"voices": ["en-us", "en-us+f3"], "sentences": 6}})


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(builder, "PART_ITEMS", 3)


def contents(folder):
    """All that two builds must have in common; espeak-ng's sound wavers a little."""
    return [
        (each.id, each.text, [phone.ipa for phone in each.phones])
        for each in Store(folder).utterances()
    ]


def run(recipe, folder, workers=1):
    plan = builder.plan_build(recipe, folder)
    done = []
    builder.build(plan, folder, workers, done.append)
    return plan, done


def test_a_build_is_resumed_and_gives_the_same(tmp_path, small_parts):
    plan, done = run(TINY, tmp_path / "whole", workers=2)
    assert len(plan.missing) == len(done) == plan.n_parts == 4
    assert sum(each.utterances for each in done) == 12
    for part in ("espeak-00001", "espeak-00003"):
        (tmp_path / "whole" / "audio" / f"{part}.parquet").unlink()
    before = contents(tmp_path / "whole")
    plan, done = run(TINY, tmp_path / "whole")
    assert sorted(each.part for each in done) == ["espeak-00001", "espeak-00003"]
    run(TINY, tmp_path / "other")
    assert contents(tmp_path / "whole") == contents(tmp_path / "other") != before


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")
def test_a_killed_build_leaves_whole_parts_and_no_processes(tmp_path, monkeypatch):
    process = multiprocessing.get_context("spawn").Process(target=endless.build, args=(tmp_path,))
    process.start()
    while len(Store(tmp_path).parts()) < 5:
        assert process.is_alive()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    time.sleep(1.0)  # workers see that their parent is gone
    parts = Store(tmp_path).parts()
    assert 5 <= len(parts) < 60
    assert len(contents(tmp_path)) == len(parts)
    time.sleep(0.2)
    assert Store(tmp_path).parts() == parts
    monkeypatch.setattr(builder, "PART_ITEMS", 1)
    recipe = CorpusRecipe("big", {"espeak": {"voices": ["en-us"], "sentences": 60}})
    _, done = run(recipe, tmp_path)
    assert len(done) == 60 - len(parts)
    assert len({id for id, _, _ in contents(tmp_path)}) == 60
    assert not list(tmp_path.glob("*/.*"))


def test_other_options_of_a_source_are_refused(tmp_path, small_parts):
    run(TINY, tmp_path)
    other = CorpusRecipe("tiny", {"espeak": {**TINY.sources["espeak"], "seed": 2}})
    with pytest.raises(MarotteError, match="build into another folder"):
        builder.plan_build(other, tmp_path)


def test_a_source_can_be_added(tmp_path, small_parts):
    run(TINY, tmp_path)
    more = CorpusRecipe("tiny", {**TINY.sources, "hibari": {"speakers": 1, "sentences": 2}})
    plan, done = run(more, tmp_path)
    assert [each.part for each in done] == ["hibari-00000"]
    assert plan.n_parts == 5


def test_a_source_that_cant_be_used_is_left_out(tmp_path, small_parts, debroot, monkeypatch):
    monkeypatch.setattr(debian, "roots", lambda: [debroot])
    plan = builder.plan_build(CorpusRecipe("r", {"queen": {}, **TINY.sources}), tmp_path)
    assert "flight-of-the-amazon-queen is not here" in plan.unusable["queen"]
    assert {each.source for each in plan.missing} == {"espeak"}
    assert "queen" not in plan.origin["sources"]


def test_items_that_cant_be_used_are_counted(tmp_path):
    options = {"voices": ["en-us", "xx-none"], "sentences": 2}
    _, [done] = run(CorpusRecipe("r", {"espeak": options}), tmp_path)
    assert (done.utterances, done.skipped) == (2, 2)
    [(reason, count)] = builder.skip_reasons(tmp_path)["espeak"].items()
    assert "no voice 'xx-none'" in reason
    assert count == 2


# Splits


class Somebody:
    def __init__(self, source, speaker):
        self.source, self.speaker = source, speaker


def test_about_two_percent_of_synthetic_speakers_validate():
    speakers = [Somebody("hibari", f"s1-{n:04d}") for n in range(5000)]
    share = np.mean([split_of(each) == "valid" for each in speakers])
    assert 0.015 < share < 0.025
    assert {split_of(each) for each in speakers} == {"train", "valid"}


def test_actors_are_held_out_with_all_their_characters():
    def split(speaker):
        return split_of(Somebody("queen", speaker))

    assert {split(each) for each in ("naomi", "chief", "ian", "eddy", "klunk")} == {"test_other"}
    assert split("oracle") == split("guardian") == "valid"
    assert {split(each) for each in ("joe", "sparky", "somebody new")} == {"train"}


def test_no_speaker_is_in_two_splits(tmp_path):
    store = Store(tmp_path)
    run(CorpusRecipe("r", {"hibari": {"speakers": 1, "sentences": 1}}), tmp_path)
    [one] = store.utterances()
    speakers = [("asterisk_en", "allison"), *(("queen", each) for each in QUEEN_HELD_OUT)]
    speakers += [("queen", "joe"), *(("hibari", f"s1-{n:04d}") for n in range(60))]
    everybody = [
        replace(one, id=f"{source}/{who}/{n}", source=source, speaker=who)
        for source, who in speakers
        for n in range(2)
    ]
    store.write_part("all-00000", everybody)
    splits = {}
    for row in store.manifest():
        splits.setdefault((row.source, row.speaker), set()).add(row.split)
    assert all(len(each) == 1 for each in splits.values())
    held_out = {key for key, each in splits.items() if each != {"train"}}
    assert held_out >= {("asterisk_en", "allison"), *(("queen", each) for each in QUEEN_HELD_OUT)}


def test_sources_are_configured_by_name():
    assert configure("hibari", {"speakers": 2}) == Hibari(speakers=2)


# Sources of one's own, by kind


def test_a_recipe_may_have_several_folders(tmp_path, small_parts):
    for who in ("anna", "bert"):
        put_folder(tmp_path / who)
    recipe = load_recipe(
        write(
            tmp_path / "r.toml",
            f"[sources.anna]\nkind = 'folder'\nfolder = '{(tmp_path / 'anna').as_posix()}'\n"
            f"[sources.bert_2]\nkind = 'folder'\nfolder = '{(tmp_path / 'bert').as_posix()}'\n"
            "language = 'de'\n",
        )
    )
    plan, done = run(recipe, tmp_path / "out")
    assert sorted(each.part for each in done) == ["anna-00000", "bert_2-00000"]
    found = {each.id: each for each in Store(tmp_path / "out").utterances()}
    assert {each.source for each in found.values()} == {"anna", "bert_2"}
    assert found["anna/anna/one"].phones == found["bert_2/anna/one"].phones == MA
    assert {split_of(each) for each in found.values()} == {"train"}
    assert plan.origin["sources"]["anna"]["options"]["kind"] == "folder"
    assert run(recipe, tmp_path / "out")[1] == []
    other = CorpusRecipe("r", {"anna": {"folder": str(tmp_path / "anna"), "kind": "librispeech"}})
    assert "finds no LibriSpeech" in builder.plan_build(other, tmp_path / "out").unusable["anna"]


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("anna", "radio", "of the kind 'radio': a kind is one of beat, folder, librispeech, live"),
        ("anna", "asterisk_en", "of the kind 'asterisk_en': a kind is one of beat, folder"),
        ("anna", 7, "a kind is one of"),
        ("asterisk_en", "folder", "has the name of another source: give it a name of its own"),
        ("queen", "folder", "has the name of another source"),
        ("Anna Ö", "folder", "can't be called 'Anna Ö': use small letters"),
        ("../anna", "folder", "can't be called"),
    ],
)
def test_a_wrong_kind_or_name_is_refused(tmp_path, name, kind, said):
    options = {"kind": kind, "folder": str(tmp_path)}
    with pytest.raises(MarotteError, match=re.escape(said)):
        configure(name, options)


def test_an_unknown_source_hints_at_kinds():
    with pytest.raises(MarotteError, match=r'or say of what `kind` it is, e\.g\. kind = "folder"'):
        configure("anna", {"folder": "x"})


def test_a_plug_in_may_be_of_many(monkeypatch):
    monkeypatch.setattr(Espeak, "many", True)
    assert configure("mine", {"kind": "espeak", "sentences": 1}).name == "mine"
    assert Espeak.name == "espeak"


# What cannot be trained on


def test_no_recipe_can_train_on_what_is_held_out():
    """Whatever table a recipe holds, held-out speech keeps the names that hold it out."""
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


@pytest.mark.parametrize("source", ["queen", "queen_untold"])
def test_actors_are_held_out_in_both_sources_of_the_game(source):
    for speaker, split in QUEEN_HELD_OUT.items():
        assert split_of(Somebody(source, speaker)) == split


def test_sources_know_whether_they_are_real():
    assert {name for name in source_names() if not source_class(name).real} == SYNTHETIC


def test_real_and_synthetic_speech_is_totalled(tmp_path):
    put_folder(tmp_path / "in")
    _ = run(CorpusRecipe("r", {"me": {"kind": "folder", "folder": str(tmp_path / "in")}}), tmp_path)
    store = Store(tmp_path)
    [one, *_] = store.utterances()
    others = [("queen", f"who{n}") for n in range(12)] + [("flite", "slt"), ("tapes", "x")]
    everybody = [
        replace(one, id=f"{source}/{who}", source=source, speaker=who) for source, who in others
    ]
    store.write_part("all-00000", everybody)
    found = totals(store.manifest(), tmp_path)
    assert {kind: (each.speakers, each.people) for kind, each in found.items()} == {
        "real": (14, 11),  # twelve characters of nine actors, and two people of one's own
        "synthetic": (1, 0),
        "unknown": (1, 0),
    }
    assert found["synthetic"].hours == pytest.approx(one.seconds / 3600)
    assert found["real"].languages == ("en",)
