"""Training recipes are strict, and keep reading the names that keys once had."""

import dataclasses

import pytest
from tiny_training import RECIPE

from marotte.errors import MarotteError
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.recipe import HybridConfig, read_training_recipe

TEXT = """
name = "a"
teacher = "phonetic"
[student]
channels = 16
lookahead_ms = 64
[train]
minutes = 2
"""


def test_a_recipe_changes_its_base(tmp_path):
    (tmp_path / "base.toml").write_text(TEXT)
    (tmp_path / "child.toml").write_text('base = "base.toml"\nname = "b"\n[train]\nbatch = 2\n')
    recipe = read_training_recipe(tmp_path / "child.toml")
    assert (recipe.name, recipe.train.batch, recipe.train.minutes) == ("b", 2, 2.0)
    assert recipe.student.channels == 16


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("minutes = 2", "minuets = 2", "minuets.*valid are minutes"),
        ("minutes = 2", "minutes = 'two'", "must be of type float"),
        ("channels = 16", "channels = true", "must be of type int"),
        ("channels = 16", "", "lacks the key 'channels'"),
        ("minutes = 2", "minutes = 0", "minutes must be above 0, got 0"),
        ("minutes = 2", "minutes = 2\nwarmup = 3", "warmup must be from 0 to 1, got 3"),
        ("minutes = 2", "minutes = 2\nframe_ms = 15", "must divide 20"),
        ("minutes = 2", "minutes = 2\nframe_ms = 10\nframes = 3", "multiple of 2"),
        ("minutes = 2", "minutes = 2\nprecision = 'half'", "bf16-mixed"),
        ("minutes = 2", "minutes = 2\nema_decay = 1.5", "ema_decay must be .* below 1"),
        ("minutes = 2", "minutes = 2\naverage = 1.5", "ema_decay must be .* below 1"),
        ("minutes = 2", "minutes = 2\nbatch = 0", "at least 1"),
        ("minutes = 2", "minutes = 2\ntotal_frames = -1", "total_frames must be 0 or more"),
        ("minutes = 2", "minutes = 2\nrest_ms = -1", "rest_ms must be 0 or more, got -1"),
        ("minutes = 2", "minutes = 2\nparting_ms = -1", "parting_ms must be 0 or more, got -1"),
        ("minutes = 2", "minutes = 2\nsteps = 5\ntotal_frames = 9", "both set, to 5 and 9"),
        ("name =", "name ==", "not a TOML recipe"),
        ("name =", 'base = "a.toml"\nname =', "its own base"),
        ("name =", 'base = "x/../a.toml"\nname =', "its own base"),
        ("name =", "base = 5\nname =", "base in the recipe .* must be a path, got 5"),
        ('name = "a"', 'name = "../../victim"', "use 1 to 64 letters a to z"),
        ('name = "a"', 'name = ""', "use 1 to 64 letters a to z"),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, words):
    (tmp_path / "a.toml").write_text(TEXT.replace(old, new))
    with pytest.raises(MarotteError, match=words):
        read_training_recipe(tmp_path / "a.toml")


def test_a_former_name_of_a_key_is_read(tmp_path):
    for name, key in (("old", "average"), ("new", "ema_decay")):
        (tmp_path / f"{name}.toml").write_text(f"{TEXT}{key} = 0.998\n")
    old, new = (read_training_recipe(tmp_path / f"{name}.toml") for name in ("old", "new"))
    assert old == new
    assert old.train.ema_decay == 0.998


def test_the_corpus_is_optional_and_read(tmp_path):
    (tmp_path / "a.toml").write_text(TEXT)
    assert read_training_recipe(tmp_path / "a.toml").corpus == ""
    (tmp_path / "a.toml").write_text(f'corpus = "c.toml"\n{TEXT}')
    assert read_training_recipe(tmp_path / "a.toml").corpus == "c.toml"


def test_features_without_an_intermediate_teacher_are_refused():
    with pytest.raises(MarotteError, match=r"hybrid\.recipe"):
        dataclasses.replace(RECIPE, loss=LossWeights(feature=1.0))
    with pytest.raises(MarotteError, match="no loss uses"):
        dataclasses.replace(RECIPE, hybrid=HybridConfig("first.toml"))


def test_sub_tables_may_be_written_in_one_line(tmp_path):
    (tmp_path / "a.toml").write_text(f"{TEXT}[finetune]\nshare = 0.5\nonly.minutes = 3\n")
    recipe = read_training_recipe(tmp_path / "a.toml")
    assert recipe.finetune.only.minutes == 3
    assert recipe.finetune.augment.noise == 0


def test_minutes_replace_a_budget_in_steps(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(f"{TEXT}steps = 9\n")
    assert read_training_recipe(path).train.steps == 9
    config = read_training_recipe(path, 2.5).train
    assert (config.minutes, config.steps) == (2.5, 0)
    path.write_text(f"{TEXT}total_frames = 3_000_000\n")
    assert read_training_recipe(path).train.total_steps == 5860  # of 64 crops of 8 frames
    assert read_training_recipe(path, 2.5).train.total_steps == 0
