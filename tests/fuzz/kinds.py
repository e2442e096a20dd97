"""The kinds of files that Marotte reads: how to write whole ones, and how they are read."""

from __future__ import annotations

import dataclasses
import json
import os
import struct
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from cases import Kind
from mutators import mutate_archive, mutate_bytes, mutate_glb, mutate_json, mutate_text
from synthetic import make_voice, write_tiny

BYTES, TEXT = (mutate_bytes,), (mutate_text, mutate_text, mutate_bytes)
JSON = (mutate_json, mutate_json, mutate_text, mutate_bytes)
ARCHIVE = (mutate_archive, mutate_archive, mutate_bytes)
REPOSITORY = Path(__file__).parents[2]

# Sounds


def _sound(name: str, **options: Any) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        import soundfile

        voice = make_voice(0.5, 24_000)
        soundfile.write(folder / name, np.stack([voice, voice / 2], 1), 24_000, **options)

    return write


def _write_m4a(folder: Path) -> None:
    import av

    with av.open(str(folder / "voice.m4a"), "w") as container:
        stream: Any = container.add_stream("aac", rate=24_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(make_voice(0.5)[None], format="fltp", layout="mono")
        frame.sample_rate = 24_000
        for each in (frame, None):
            container.mux(stream.encode(each))


def _read_sound(folder: Path) -> None:
    from marotte.audio.recording import open_recording

    [path] = folder.iterdir()
    for block in open_recording(path).blocks():
        assert np.isfinite(block).all()


# Faces


def _write_glb(folder: Path) -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], "<f4")
    faces = np.array([0, 1, 2, 0, 2, 3], "<u2")
    arrays = [points, faces, points / 8, points / 4]
    views, data = [], b""
    for array in arrays:
        views.append({"buffer": 0, "byteOffset": len(data), "byteLength": array.nbytes})
        data += array.tobytes()
    accessors = [
        {"bufferView": view, "componentType": 5123 if array is faces else 5126,
         "count": len(array), "type": "SCALAR" if array is faces else "VEC3"}
        for view, array in enumerate(arrays)
    ]  # fmt: skip
    targets = [{"POSITION": 2}, {"POSITION": 3}]
    primitive = {"attributes": {"POSITION": 0}, "indices": 1, "targets": targets}
    tree = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "scale": [0.1, 0.1, 0.1]}],
        "meshes": [
            {"primitives": [primitive], "extras": {"targetNames": ["jawOpen", "mouthPucker"]}}
        ],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(data)}],
    }
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sIIII", b"glTF", 2, 28 + len(text) + len(data), len(text), 0x4E4F534A)
    (folder / "head.glb").write_bytes(head + text + struct.pack("<I4s", len(data), b"BIN\0") + data)


def _read_head(folder: Path) -> None:
    from marotte.face.loading import load_head

    head = load_head(folder / "head.glb")
    assert np.isfinite(head.neutral).all()
    assert np.isfinite(head.deltas).all()
    assert head.faces.max(initial=0) < len(head.neutral)


def _write_rig(folder: Path) -> None:
    controls = [{"name": "jaw", "min": 0, "max": 1.5, "speech": True}, {"name": "brow"}]
    (folder / "rig.json").write_text(json.dumps({"name": "two", "controls": controls}))


def _read_rig(folder: Path) -> None:
    from marotte.face.loading import load_rig

    rig = load_rig(folder / "rig.json")
    assert np.isfinite(rig.clamp(rig.neutral(2))).all()


RETARGET = """gain = 1.5
smoothing_ms = 20
[controls.jawOpen]
name = "Jaw"
gain = 1.2
offset = 0.1
"""


def _read_retarget(folder: Path) -> None:
    from marotte.face.rig import ARKIT_52
    from marotte.postprocess.retarget import load_retarget

    load_retarget(folder / "face.toml", ARKIT_52)


def _write_mesh(folder: Path) -> None:
    from marotte.face.mesh import Mesh

    components = np.zeros((2, 12), np.float32)
    components[0, 0] = components[1, 4] = 1
    Mesh(
        "two", np.arange(12, dtype=np.float32), components, 30.0, 0.9, 1.0, (0, 1), (0, 1, 2)
    ).save(folder / "mesh.npz")


def _read_mesh(folder: Path) -> None:
    from marotte.face.mesh import load_mesh

    mesh = load_mesh(folder / "mesh.npz")
    assert np.isfinite(mesh.rest).all()
    assert np.isfinite(mesh.components).all()


# Networks


def _read_student(folder: Path) -> None:
    from marotte.model.session import load_student

    student = load_student(folder / "student.onnx", rig=None)
    windows = np.zeros((1, student.window.n_samples), np.float32)
    assert np.isfinite(student.predict(windows)).all()


@cache
def _student_config() -> dict[str, Any]:
    from marotte.learn.models.student import StudentConfig

    config = dataclasses.asdict(StudentConfig(8, 64, ("jawOpen",), "mel", norm="step"))
    return {key: value for key, value in config.items() if key != "names"}


def _write_checkpoint(folder: Path) -> None:
    import torch

    from marotte.learn.models.factory import build_network
    from marotte.learn.models.student import StudentConfig

    torch.set_num_threads(1)
    net = build_network(StudentConfig(names=("jawOpen",), **_student_config()))
    recipe = {"name": "two", "teacher": "phonetic", "student": _student_config()}
    stored = {"recipe": recipe, "names": ["jawOpen"], "rig": "arkit52"}
    torch.save({**stored, "net": net.state_dict()}, folder / "checkpoint.pt")


def _read_checkpoint(folder: Path) -> None:
    from marotte.learn.train.checkpoint import load_net

    load_net(folder / "checkpoint.pt")


# Recipes


def _write_recipe(name: str, folder: Path) -> None:
    file = "recipe.toml"
    while name:  # and what it is based on
        text = (REPOSITORY / "recipes" / name).read_text("utf-8")
        (folder / file).write_text(text, "utf-8")
        bases = [line.split('"')[1] for line in text.splitlines() if line.startswith("base = ")]
        name = file = bases[0] if bases else ""


def _read_training_recipe(folder: Path) -> None:
    from marotte.learn.train.recipe import read_training_recipe

    read_training_recipe(folder / "recipe.toml")


def _read_teach_recipe(folder: Path) -> None:
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


def _read_corpus_recipe(folder: Path) -> None:
    from marotte.learn.corpora.build import plan_build
    from marotte.learn.corpora.recipe import load_recipe

    plan_build(load_recipe(folder / "recipe.toml"), folder / "corpus")


# Curves and times


def _table(n_frames: int = 30) -> str:
    rows = [f"{frame / 30:.4f},0.5,0.25" for frame in range(n_frames)]
    return "\n".join(["time,jawOpen,mouthSmileLeft", *rows]) + "\n"


def _write_live_link(folder: Path) -> None:
    from layouts import take

    (folder / "curves.csv").write_text(take(0.5))


def _write_beat_json(folder: Path) -> None:
    from layouts import beat_json

    (folder / "curves.json").write_text(json.dumps(beat_json(0.5)))


def _write_animation(folder: Path) -> None:
    controls = np.linspace(0, 1, 60, dtype=np.float32).reshape(30, 2)
    np.savez(folder / "curves.npz", names=["jawOpen", "mouthPucker"], controls=controls, fps=30)


def _read_curves(folder: Path) -> None:
    from marotte.learn.data.captured import read_controls

    [path] = folder.iterdir()
    controls = read_controls(path, 0.5, 60)
    assert controls.shape == (30, 52)
    assert np.isfinite(controls).all()


def _write_grid(folder: Path) -> None:
    from layouts import grid

    (folder / "one.TextGrid").write_text(grid(1.0, ("M", "AH1", "M", "AH0"), ("mama", "ma")))


def _read_grid(folder: Path) -> None:
    from marotte.learn.corpora.folders import read_grid

    read_grid(folder / "one.TextGrid")


def _write_take(folder: Path) -> None:
    from captured_takes import write_take

    write_take(folder / "me_1", 1)


def _read_takes(folder: Path) -> None:
    from marotte.learn.capture.loaders import load_takes

    load_takes(folder)


# Corpora


def _write_corpus(folder: Path) -> None:
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


def _read_corpus(folder: Path) -> None:
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


def _write_source(name: str, folder: Path) -> None:
    import layouts

    getattr(layouts, f"put_{name}")(folder)


SOURCES = "marotte.learn.corpora.sources."


def _read_source(name: str, options: dict[str, Any], folder: Path) -> None:
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


def _source(
    name: str, target: str = "*", layout: str = "", slow: bool = True, **options: str
) -> Kind:
    reading = partial(_read_source, name, options)
    mutators = (mutate_bytes, mutate_bytes, mutate_text)
    return Kind(name, partial(_write_source, layout or name), reading, mutators, target, slow)


def _write_text(name: str, text: str, folder: Path) -> None:
    (folder / name).write_text(text, "utf-8")


def _write_student(folder: Path) -> None:
    write_tiny(folder / "student.onnx")


KINDS = (
    Kind("wav", _sound("voice.wav"), _read_sound, BYTES),
    Kind("wav of floats", _sound("voice.wav", subtype="FLOAT"), _read_sound, BYTES),
    Kind("aiff", _sound("voice.aiff"), _read_sound, BYTES),
    Kind("flac", _sound("voice.flac"), _read_sound, BYTES),
    Kind("mp3", _sound("voice.mp3"), _read_sound, BYTES),
    Kind("ogg", _sound("voice.ogg"), _read_sound, BYTES),
    Kind("m4a", _write_m4a, _read_sound, BYTES),
    Kind("glb", _write_glb, _read_head, (mutate_glb, mutate_glb, mutate_bytes)),
    Kind("rig", _write_rig, _read_rig, JSON),
    Kind("retarget", partial(_write_text, "face.toml", RETARGET), _read_retarget, TEXT),
    Kind("mesh", _write_mesh, _read_mesh, ARCHIVE),
    Kind("student", _write_student, _read_student, BYTES),
    Kind("checkpoint", _write_checkpoint, _read_checkpoint, ARCHIVE),
    Kind("training recipe", partial(_write_recipe, "tiny.toml"), _read_training_recipe, TEXT),
    Kind("teaching recipe", partial(_write_recipe, "voice2face-mfcc.toml"), _read_teach_recipe,
         TEXT),
    Kind("corpus recipe", partial(_write_text, "recipe.toml", CORPUS_RECIPE), _read_corpus_recipe,
         TEXT),
    Kind("csv", partial(_write_text, "curves.csv", _table()), _read_curves, TEXT),
    Kind("live link csv", _write_live_link, _read_curves, TEXT),
    Kind("json curves", _write_beat_json, _read_curves, JSON),
    Kind("npz curves", _write_animation, _read_curves, ARCHIVE),
    Kind("textgrid", _write_grid, _read_grid, TEXT),
    Kind("take", _write_take, _read_takes, TEXT, slow=True),
    Kind("parquet", _write_corpus, _read_corpus, BYTES, "*.parquet"),
    Kind("corpus.json", _write_corpus, _read_corpus, JSON, "*.json"),
    _source("queen"),
    _source("drascula", "*.dat"),
    _source("asterisk_en", layout="asterisk"),
    _source("klettres", "*.xml"),
    _source("beat", folder=""),
    _source("librispeech", folder="", textgrids="grids"),
    _source("vocaset", "*.pkl", slow=False, folder=""),
)  # fmt: skip
"""All kinds; reading any must succeed or raise `MarotteError`, quickly and in little memory."""
