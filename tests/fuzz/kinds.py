"""The kinds of files that Marotte reads, and how each is damaged."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cases import Kind
from learning_files import (
    CORPUS_RECIPE,
    read_checkpoint,
    read_corpus,
    read_corpus_recipe,
    read_curves,
    read_grid,
    read_source,
    read_takes,
    read_teach_recipe,
    read_training_recipe,
    table,
    write_animation,
    write_beat_json,
    write_checkpoint,
    write_corpus,
    write_grid,
    write_live_link,
    write_recipe,
    write_source,
    write_take,
)
from live_files import (
    RETARGET,
    read_head,
    read_mesh,
    read_retarget,
    read_rig,
    read_sound,
    read_student,
    sound,
    write_glb,
    write_m4a,
    write_mesh,
    write_rig,
    write_student,
)
from mutators import mutate_archive, mutate_bytes, mutate_glb, mutate_json, mutate_text

BYTES, TEXT = (mutate_bytes,), (mutate_text, mutate_text, mutate_bytes)
JSON = (mutate_json, mutate_json, mutate_text, mutate_bytes)
ARCHIVE = (mutate_archive, mutate_archive, mutate_bytes)


def _source(
    name: str, target: str = "*", layout: str = "", slow: bool = True, **options: str
) -> Kind:
    reading = partial(read_source, name, options)
    mutators = (mutate_bytes, mutate_bytes, mutate_text)
    return Kind(name, partial(write_source, layout or name), reading, mutators, target, slow)


def _write_text(name: str, text: str, folder: Path) -> None:
    (folder / name).write_text(text, "utf-8")


KINDS = (
    Kind("wav", sound("voice.wav"), read_sound, BYTES),
    Kind("wav of floats", sound("voice.wav", subtype="FLOAT"), read_sound, BYTES),
    Kind("aiff", sound("voice.aiff"), read_sound, BYTES),
    Kind("flac", sound("voice.flac"), read_sound, BYTES),
    Kind("mp3", sound("voice.mp3"), read_sound, BYTES),
    Kind("ogg", sound("voice.ogg"), read_sound, BYTES),
    Kind("m4a", write_m4a, read_sound, BYTES),
    Kind("glb", write_glb, read_head, (mutate_glb, mutate_glb, mutate_bytes)),
    Kind("rig", write_rig, read_rig, JSON),
    Kind("retarget", partial(_write_text, "face.toml", RETARGET), read_retarget, TEXT),
    Kind("mesh", write_mesh, read_mesh, ARCHIVE),
    Kind("student", write_student, read_student, BYTES),
    Kind("checkpoint", write_checkpoint, read_checkpoint, ARCHIVE),
    Kind("training recipe", partial(write_recipe, "tiny.toml"), read_training_recipe, TEXT),
    Kind("teaching recipe", partial(write_recipe, "voice2face-mfcc.toml"), read_teach_recipe,
         TEXT),
    Kind("corpus recipe", partial(_write_text, "recipe.toml", CORPUS_RECIPE), read_corpus_recipe,
         TEXT),
    Kind("csv", partial(_write_text, "curves.csv", table()), read_curves, TEXT),
    Kind("live link csv", write_live_link, read_curves, TEXT),
    Kind("json curves", write_beat_json, read_curves, JSON),
    Kind("npz curves", write_animation, read_curves, ARCHIVE),
    Kind("textgrid", write_grid, read_grid, TEXT),
    Kind("take", write_take, read_takes, TEXT, slow=True),
    Kind("parquet", write_corpus, read_corpus, BYTES, "*.parquet"),
    Kind("corpus.json", write_corpus, read_corpus, JSON, "*.json"),
    _source("queen"),
    _source("drascula", "*.dat"),
    _source("asterisk_en", layout="asterisk"),
    _source("klettres", "*.xml"),
    _source("beat", folder=""),
    _source("librispeech", folder="", textgrids="grids"),
    _source("vocaset", "*.pkl", slow=False, folder=""),
)  # fmt: skip
"""All kinds; reading any must succeed or raise `MarotteError`, quickly and in little memory."""
