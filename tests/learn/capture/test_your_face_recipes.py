"""The recipes of docs/your-face.md fit together."""

from pathlib import Path

from marotte.learn.corpora.recipe import load_recipe
from marotte.learn.teachers.voice2face.recipe import load_teach_recipe
from marotte.learn.train.recipe import read_training_recipe

RECIPES = Path(__file__).parents[3] / "recipes"


def test_the_student_learns_from_the_teacher_that_the_corpus_can_train():
    corpus = load_recipe(RECIPES / "your-face-corpus.toml")
    teacher = load_teach_recipe(RECIPES / "your-face.toml")
    student = read_training_recipe(RECIPES / "your-student.toml")
    assert set(teacher.speech.minutes) == set(teacher.speech.rough) == {"queen", "hibari"}
    assert set(teacher.speech.minutes) | {"takes"} == set(corpus.sources)
    assert teacher.captures.share > 0
    assert student.teacher == teacher.name
    assert student.corpus == "your-face-corpus.toml"
    assert student.start == "live"
    live = read_training_recipe(RECIPES / "live.toml")
    assert student.student == live.student
