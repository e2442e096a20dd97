"""Tests of the imported teacher, which finds files of curves by name."""

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.export import livelink_csv
from marotte.face.animation import Animation
from marotte.face.rig import ARKIT_52
from marotte.learn.errors import Skip
from marotte.learn.teachers import open_teacher
from marotte.learn.utterance import Utterance


def controls(n_frames):
    return np.random.default_rng(0).random((n_frames, 52)).astype(np.float32)


def animation(values, fps=60.0):
    return Animation(values, fps, ARKIT_52)


def utterance(id, seconds=0.5):
    samples = np.zeros(round(seconds * 16_000), np.float32)
    return Utterance(id, id.split("/")[0], "anna", "en", "CC0-1.0", "", samples, 16_000, ())


def test_the_teacher_finds_curves_by_name(tmp_path):
    first, second = controls(30), controls(30) / 2
    for folder, values in (("anna", first), ("bert", second)):
        (tmp_path / folder).mkdir()
        livelink_csv.write(animation(values), tmp_path / folder / "take.1.csv")
    teacher = open_teacher("imported", [tmp_path])
    assert (teacher.name, teacher.fps, teacher.rig) == ("imported", 60.0, ARKIT_52)
    assert np.allclose(teacher.curves(utterance("livelink/anna/take.1")), first, atol=1e-5)
    assert np.allclose(teacher.curves(utterance("folder/x/bert/take.1")), second, atol=1e-5)
    with pytest.raises(Skip, match="several files of its name"):
        teacher.curves(utterance("folder/clara/take.1"))
    with pytest.raises(Skip, match="no file of its name"):
        teacher.curves(utterance("folder/anna/take.2"))
    one_folder = open_teacher("imported", [tmp_path / "bert"])
    assert np.allclose(one_folder.curves(utterance("livelink/anna/take.1")), second, atol=1e-5)


def test_curves_of_another_duration_are_skipped(tmp_path):
    livelink_csv.write(animation(controls(30)), tmp_path / "a.csv")
    teacher = open_teacher("imported", [tmp_path])
    assert teacher.curves(utterance("folder/a", seconds=0.95)).shape == (57, 52)
    with pytest.raises(Skip, match="duration differs from the sound's"):
        teacher.curves(utterance("folder/a", seconds=1.05))


def test_missing_curves_and_unknown_teachers_are_reported(tmp_path):
    with pytest.raises(
        MarotteError, match=r"no files of curves .* in no folder: give their folder by --curves"
    ):
        open_teacher("imported")
    with pytest.raises(MarotteError, match="no files of curves"):
        open_teacher("imported", [tmp_path])
    with pytest.raises(MarotteError, match="there are 'phonetic', 'imported' and"):
        open_teacher("nobody")
