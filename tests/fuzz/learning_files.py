"""Files that the learning path reads: how to write whole ones, and how they are read."""

from __future__ import annotations

import dataclasses
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from synthetic import make_voice

REPOSITORY = Path(__file__).parents[2]


@cache
def _student_config() -> dict[str, Any]:
    from marotte.learn.models.student import StudentConfig

    config = dataclasses.asdict(StudentConfig(8, 64, ("jawOpen",), "mel", norm="step"))
    return {key: value for key, value in config.items() if key != "names"}


def write_checkpoint(folder: Path) -> None:
    import torch

    from marotte.learn.models.factory import build_network
    from marotte.learn.models.student import StudentConfig

    torch.set_num_threads(1)
    net = build_network(StudentConfig(names=("jawOpen",), **_student_config()))
    recipe = {"name": "two", "teacher": "phonetic", "student": _student_config()}
    stored = {"recipe": recipe, "names": ["jawOpen"], "rig": "arkit52"}
    torch.save({**stored, "net": net.state_dict()}, folder / "checkpoint.pt")


def read_checkpoint(folder: Path) -> None:
    from marotte.learn.train.checkpoint import load_net

    load_net(folder / "checkpoint.pt")


# Recipes


def write_recipe(name: str, folder: Path) -> None:
    file = "recipe.toml"
    while name:  # and what it is based on
        text = (REPOSITORY / "recipes" / name).read_text("utf-8")
        (folder / file).write_text(text, "utf-8")
        bases = [line.split('"')[1] for line in text.splitlines() if line.startswith("base = ")]
        name = file = bases[0] if bases else ""


def read_training_recipe(folder: Path) -> None:
    from marotte.learn.train.recipe import read_training_recipe

    read_training_recipe(folder / "recipe.toml")


def read_teach_recipe(folder: Path) -> None:
    from marotte.learn.teachers.voice2face.recipe import load_teach_recipe

    load_teach_recipe(folder / "recipe.toml")


CORPUS_RECIPE = """[sources.espeak]
voices = ["en-us", "en-us+f1"]
sentences = 3
seed = 4
[sources.anna]
kind = "folder"
folder = "speech"
language = "en"
"""


def read_corpus_recipe(folder: Path) -> None:
    from marotte.learn.corpora.build import plan_build
    from marotte.learn.corpora.recipe import load_recipe

    plan_build(load_recipe(folder / "recipe.toml"), folder / "corpus")


# Curves and times


def table(n_frames: int = 30) -> str:
    rows = [f"{frame / 30:.4f},0.5,0.25" for frame in range(n_frames)]
    return "\n".join(["time,jawOpen,mouthSmileLeft", *rows]) + "\n"


def write_live_link(folder: Path) -> None:
    from layouts import take

    (folder / "curves.csv").write_text(take(0.5))


def write_beat_json(folder: Path) -> None:
    from layouts import beat_json

    (folder / "curves.json").write_text(json.dumps(beat_json(0.5)))


def write_animation(folder: Path) -> None:
    controls = np.linspace(0, 1, 60, dtype=np.float32).reshape(30, 2)
    np.savez(folder / "curves.npz", names=["jawOpen", "mouthPucker"], controls=controls, fps=30)


def read_curves(folder: Path) -> None:
    from marotte.learn.data.captured import read_controls

    [path] = folder.iterdir()
    controls = read_controls(path, 0.5, 60)
    assert controls.shape == (30, 52)
    assert np.isfinite(controls).all()


def write_grid(folder: Path) -> None:
    from layouts import grid

    (folder / "one.TextGrid").write_text(grid(1.0, ("M", "AH1", "M", "AH0"), ("mama", "ma")))


def read_grid(folder: Path) -> None:
    from marotte.learn.corpora.folders import read_grid

    read_grid(folder / "one.TextGrid")


def write_take(folder: Path) -> None:
    from captured_takes import write_take

    write_take(folder / "me_1", 1)


def read_takes(folder: Path) -> None:
    from marotte.learn.capture.loaders import load_takes

    load_takes(folder)


# Corpora


def write_corpus(folder: Path) -> None:
    from label_files import write_labels

    from marotte.learn.data.store import Store
    from marotte.learn.utterance import Phone, Utterance

    sound, phones = make_voice(0.2, 16_000), (Phone("m", 0.05, 0.1), Phone("ɑ", 0.1, 0.2, 1))
    speech = [
        Utterance(f"queen/joe/{k}", "queen", "joe", "en", "MIT", "", sound, 16_000, phones)
        for k in range(2)
    ]
    store = Store(folder)
    store.write_part("queen-00000", speech)
    curves = {each.id: np.full((12, 1), 0.5, np.float32) for each in speech}
    write_labels(store, "phonetic", "queen-00000", curves, 60, ["jawOpen"], {"version": "5"})
    (folder / "corpus.json").write_text(json.dumps({"sources": {"queen": {"options": {}}}}))


def read_corpus(folder: Path) -> None:
    from marotte.learn.corpora.build import plan_build, skip_reasons
    from marotte.learn.corpora.recipe import CorpusRecipe
    from marotte.learn.corpora.totals import totals
    from marotte.learn.data.store import Store

    plan_build(CorpusRecipe("r", {}), folder)
    skip_reasons(folder)
    store = Store.open(folder)
    totals(store.manifest(), folder)
    for utterance in store.utterances():
        assert np.isfinite(utterance.samples).all()
    for teacher in store.teachers():
        for part in store.labelled_parts(teacher):
            store.label_status(teacher, part)
            for curves in store.labels(teacher, part).curves.values():
                assert np.isfinite(curves).all()


def write_source(name: str, folder: Path) -> None:
    import layouts

    getattr(layouts, f"put_{name}")(folder)


SOURCES = "marotte.learn.corpora.sources."


def read_source(name: str, options: dict[str, Any], folder: Path) -> None:
    from marotte.learn.corpora.recipe import configure
    from marotte.learn.corpora.sources import fillets, klettres, librispeech
    from marotte.learn.errors import reason_of

    for cached in (fillets.game_sentences, librispeech, klettres):
        for value in (cached, *vars(cached).values()):
            # What a source imports, such as the aligner, stays.
            if hasattr(value, "cache_clear") and value.__module__.startswith(SOURCES):
                value.cache_clear()
    given = {key: str(folder / value) for key, value in options.items()}
    os.environ["MAROTTE_DEBROOT"] = str(folder)
    source = configure(name, given)
    for key in source.items():
        try:
            utterance = source.utterance(key)
        except Exception as error:  # a build leaves this item out, whatever its reader raised
            reason_of(error)
            continue
        assert np.isfinite(utterance.samples).all()
