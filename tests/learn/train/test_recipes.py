"""The recipes of the repository can be read, and agree with the rows of the paper."""

from pathlib import Path

import pytest

from marotte.config import strict
from marotte.face.rig import ARKIT_52
from marotte.learn.models.factory import build_network
from marotte.learn.models.student import StudentConfig
from marotte.learn.recipes import read_recipe
from marotte.learn.reproduce.meshes import RECIPE, VertexRecipe
from marotte.learn.reproduce.rows import TABLE2, TABLE4
from marotte.learn.train.recipe import read_training_recipe

RECIPES = Path(__file__).parents[3] / "recipes"
TRAINING = sorted(
    path
    for path in RECIPES.rglob("*.toml")
    if "student" in read_recipe(path) and path.stem != "base"
)
ROWS = {  # C, look-ahead, hybrid, velocity, fine-tuned
    "s0": (256, 256, False, 1, True), "s1": (128, 256, False, 1, True),
    "s2": (64, 256, False, 1, True), "s3": (256, 128, False, 1, True),
    "s4": (256, 64, False, 1, True), "s5": (128, 64, False, 1, True),
    "s1-plus": (128, 256, True, 1, False), "s2-plus": (64, 256, True, 1, False),
    "s3-plus": (256, 128, True, 1, False), "s4-plus": (256, 64, True, 9, True),
    "s5-plus": (128, 64, True, 9, True), "s1-plus-window": (128, 256, True, 1, False),
    "s5-plus-window": (128, 64, True, 9, True), "mfcc": (256, 256, False, 1, False),
    "mfcc-kd": (256, 256, False, 1, True), "hubert-cnn": (512, 256, False, 1, False),
    "hubert-cnn-kd": (512, 256, False, 1, True),
}  # fmt: skip


@pytest.mark.parametrize(
    "path", TRAINING, ids=lambda path: path.relative_to(RECIPES).with_suffix("").as_posix()
)
def test_recipes_are_strict_and_name_existing_files_and_sources(path):
    recipe = read_training_recipe(path)
    assert recipe.name == path.stem
    assert (path.parent / recipe.corpus).is_file()
    sources = read_recipe(path.parent / recipe.corpus)["sources"]
    assert recipe.sources <= set(sources)
    if recipe.hybrid.recipe:
        teacher = read_training_recipe(path.parent / recipe.hybrid.recipe)
        assert teacher.train == recipe.train  # the same budget
    StudentConfig(names=ARKIT_52.speech, **vars(recipe.student))


@pytest.mark.parametrize("name", ROWS)
def test_rows_agree_with_the_paper(name):
    recipe = read_training_recipe(RECIPES / "table2" / f"{name}.toml")
    student = recipe.student
    row = (student.channels, student.lookahead_ms, bool(recipe.hybrid.recipe))
    assert (*row, recipe.loss.velocity, recipe.finetune.share > 0) == ROWS[name]
    assert (student.norm == "window") == (name.endswith("window") or student.frontend != "waveform")
    assert (recipe.only.minutes == 50) == (name in ("mfcc", "hubert-cnn"))
    assert recipe.finetune.learning_rate == 1e-6


def test_every_row_of_table_2_has_its_recipe():
    assert {row.recipe for row in TABLE2 if row.recipe} == set(ROWS)


def test_table_4_s_students_are_table_2_s():
    folder = RECIPES / "table4"
    assert strict(VertexRecipe, read_recipe(folder / RECIPE), RECIPE).teacher == "voice2face"
    for row in TABLE4:
        if row.recipe:
            ours = read_training_recipe(folder / f"{row.recipe}.toml")
            theirs = read_training_recipe(RECIPES / "table2" / f"{row.recipe}.toml")
            assert ours.teacher == "imported-head"
            assert (ours.student, ours.train, ours.loss) == (
                theirs.student,
                theirs.train,
                theirs.loss,
            )
            assert ours.finetune.share == 0


@pytest.mark.parametrize(("name", "most"), [("live", 0.5e6), ("offline", 3e6)])
def test_shipped_students_are_small(name, most):
    recipe = read_training_recipe(RECIPES / f"{name}.toml")
    net = build_network(StudentConfig(names=ARKIT_52.speech, **vars(recipe.student)))
    assert sum(p.numel() for p in net.parameters()) <= most
    for path in RECIPES.glob(f"{name}-*.toml"):  # recipes that start from it
        assert read_training_recipe(path).student == recipe.student
    delay_ms = net.config.window.lookahead_ms + net.config.smoothing.delay_ms
    assert delay_ms <= {"live": 81, "offline": 256}[name]
