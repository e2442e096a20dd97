"""A small corpus of synthetic speech, a recipe that trains in a moment, and the command line."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from marotte.cli import app
from marotte.learn.data.store import Store
from marotte.learn.utterance import Phone, Utterance

RECIPE = """
name = "tiny"
corpus = "corpus.toml"
teacher = "phonetic"
[student]
channels = 8
lookahead_ms = 128
frontend = "mel"
norm = "step"
batch_norm = true
[train]
minutes = 1
steps = 2
batch = 2
frames = 3
validate_crops = 2
"""
HYBRID = """
base = "s0.toml"
[student]
lookahead_ms = 64
[hybrid]
recipe = "s0.toml"
[loss]
feature = 1.0
"""
TEXT, PHONES = "Time for a big one.", ["t", "aɪ", "m", "p", "ɑ", "b", "ɪ", "g", "m", "ɔ"]
QUIET = "mpbtg"


def run(*arguments):
    """Run a command; return its output and exit code."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def speak(source, speaker, number, language="en"):
    """Return a hum of two seconds whose level follows its phonemes, then silence with an /s/."""
    phones = tuple(Phone(s, 0.2 + 0.2 * i, 0.4 + 0.2 * i) for i, s in enumerate(PHONES))
    time = np.arange(3 * 16_000) / 16_000
    sound = 0.2 * np.sin(2 * np.pi * (120 + 10 * number) * time) * (time < 2.2)
    for phone in phones:
        if phone.ipa in QUIET:
            sound[int(phone.start_s * 16_000) : int(phone.end_s * 16_000)] *= 0.1
    phones += (Phone("s", 2.8, 3.0),)
    id = f"{source}/{speaker}/{number}"
    samples = sound.astype(np.float32)
    return Utterance(id, source, speaker, language, "MIT", TEXT, samples, 16_000, phones)


def write_corpus(folder: Path) -> Store:
    """Write speech of all splits (training, validation and three test sets), without labels."""
    store = Store(folder)
    for source, speakers, language in (
        ("queen", ("joe", "jim", "naomi"), "en"),  # train, valid, test_other
        ("asterisk_en", ("allison",), "en"),
        ("asterisk_es", ("allison",), "es"),
    ):
        utterances = [speak(source, speaker, n, language) for speaker in speakers for n in range(2)]
        store.write_part(f"{source}-00000", utterances)
    return store


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """The folder of a small corpus, labelled by the command that a person would use."""
    store = write_corpus(tmp_path_factory.mktemp("corpus"))
    result = run("label", store.folder, "--workers", 1)
    assert result.exit_code == 0, result.output
    assert "labelled 3 parts" in result.output
    return store.folder


def make_table(target, home, corpus, recipes, *words):
    """Make a table of the paper from tiny recipes, in a folder that also holds the cache.

    Returns:
        The words of the command.
    """
    folder = home / "recipes"
    folder.mkdir()
    for name, text in recipes.items():
        (folder / f"{name}.toml").write_text(text)
    (home / "page.md").write_text(
        f"# Here\n<!-- {target}: written by `marotte reproduce {target}` -->\n"
        f"<!-- end of {target} -->\nEnd"
    )
    words = ["reproduce", target, corpus, "--recipes", folder, *words]
    words += ["--output", home / "out", "--workers", 1, "--threads", 1, "--page", home / "page.md"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAROTTE_CACHE", str(home / "cache"))
        patch.setattr("marotte.learn.reproduce.run_costs.milliseconds_per_frame", lambda path: 0.1)
        result = run(*words, "--no-videos")
        assert result.exit_code == 0, result.output
    return words
