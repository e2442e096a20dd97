"""Tests of scores: a face that is the captured one, or half of it, or late."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from captured_takes import make_take

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.capture import words as capture_words
from marotte.learn.capture.split import held_out_names
from marotte.learn.data.csv_io import read_csv, write_csv
from marotte.learn.errors import Skip
from marotte.learn.measure.capture import faces as capture_faces
from marotte.learn.measure.capture.faces import CurvesFace, TeacherFace, open_faces
from marotte.learn.measure.capture.plot import plot_set
from marotte.learn.measure.capture.report import Row, markdown, pooled_statistics, rows
from marotte.learn.measure.capture.score import LOUDNESS, score_sets
from marotte.learn.teachers import Teacher
from marotte.learn.utterance import Phone


@dataclass(frozen=True)
class Copy:
    """The captured face, scaled and delayed."""

    name: str
    scale: float = 1.0
    late_frames: int = 0

    def controls(self, take, fps, clips):
        return np.roll(self.scale * take.controls(fps), self.late_frames, 0).astype(np.float32)


@dataclass(frozen=True)
class Refusing:
    """A face that can't move."""

    name: str = "refusing"

    def controls(self, take, fps, clips):
        raise Skip("it has no phones")


def scores(*faces: Any, takes: Any = None, **options: Any) -> Any:
    (each,) = score_sets(takes or [make_take()], faces, 60.0, **options)
    return {face.name: face.figures for face in each.faces}, each


def test_a_copy_of_the_captured_face_is_perfect() -> None:
    figures, _ = scores(Copy("copy"))
    copy = figures["copy"]
    for metric in ("gap r", "gap best r", "gap sd ratio", "r jawOpen", "sd ratio mouthFunnel"):
        assert copy[metric].ours == pytest.approx(1), metric
    assert copy["gap late ms"].ours == 0
    assert copy["closures F1"].ours == 1
    for metric, figure in copy.items():
        if not np.isnan(figure.real):
            assert figure.ours == pytest.approx(figure.real), metric
    assert copy["effort loudness"].ours > 1.5
    assert copy["at rest"].ours == 0
    assert copy["pair mouthSmile/mouthStretch"].ours != copy["pair mouthSmile/mouthStretch"].ours


def test_half_of_it_and_late() -> None:
    figures, _ = scores(Copy("half", 0.5, 5))
    half = figures["half"]
    assert half["gap best r"].ours == pytest.approx(1, abs=1e-3)
    assert half["gap late ms"].ours == pytest.approx(1000 * 5 / 60)
    assert half["gap r"].ours < 0.95
    assert half["gap sd ratio"].ours == pytest.approx(0.5, abs=0.01)
    assert half["gap p95 mm"].ours < 0.6 * half["gap p95 mm"].real
    assert half["parting ms"].ours > half["parting ms"].real + 60
    assert half["shutting ms"].ours >= half["shutting ms"].real


def test_loudness_alone_is_a_row() -> None:
    figures, _ = scores(Copy("copy"))
    assert list(figures) == [LOUDNESS, "copy"]
    assert 0.3 < figures[LOUDNESS]["gap r"].ours < 1


def test_words_are_scored_where_their_times_are_known() -> None:
    figures, _ = scores(Copy("copy"), takes=[make_take(words=True)])
    assert figures["copy"]["words closed"].ours == 1  # `bin` begins with closed lips
    assert figures["copy"]["wide words mm"].ours > 5
    assert "words closed" not in scores(Copy("copy"))[0]["copy"]


def test_held_out_scores_a_fifth() -> None:
    takes = [make_take(f"me_{number}", words=True) for number in range(2)]
    _, each = scores(Copy("copy"), takes=takes, held_out=True)
    names = held_out_names([clip.name for take in takes for clip in take.clips])
    assert len(each.scene.events.utterances) == len(names) == 2
    assert each.scene.minutes == pytest.approx(2 * len(names) / 60)


def test_faces_that_cannot_move_are_skipped_with_a_reason() -> None:
    seen: list[tuple[int, int]] = []
    takes = [make_take("me_1", 2), make_take("me_2", 2)]
    _, each = scores(Refusing(), Copy("copy"), takes=takes, progress=lambda *at: seen.append(at))
    assert each.skipped == {"refusing": "it has no phones"}
    assert seen[-1] == (4, 4)
    assert "refusing was skipped: it has no phones" in markdown([each])


def test_a_silent_set_is_refused() -> None:
    take = make_take()
    silent = replace(take, samples=np.zeros_like(take.samples))
    with pytest.raises(MarotteError, match="no speech"):
        scores(Copy("copy"), takes=[silent])


def test_the_report_has_every_figure(tmp_path) -> None:
    _, each = scores(Copy("copy"), Copy("half", 0.5))
    text = markdown([each])
    assert "## me" in text
    assert "| loudness alone |" in text
    assert "| half | 1.00 | 1.00 (+0 ms) | 0.50 |" in text
    assert "| jawOpen | 0.176, 0.095 |" in text
    table = rows([each])
    write_csv(tmp_path / "score.csv", table, Row)
    stored = read_csv(tmp_path / "score.csv", Row)
    assert len(stored) == len(table)
    found = next(row for row in stored if (row.face, row.metric) == ("half", "gap sd ratio"))
    assert found.value == pytest.approx(0.5, abs=1e-3)
    plot_set(each, tmp_path / "me.png")
    assert (tmp_path / "me.png").stat().st_size > 10_000


def test_statistics_are_pooled_over_sets_by_their_time() -> None:
    faces = [Copy("copy")]
    first, second = make_take("a_1", 1), make_take("b_1", 6)
    sets = score_sets([replace(first, source="a"), replace(second, source="b")], faces, 60.0)
    together = np.concatenate([each.faces[1].motion.controls for each in sets])
    jaw = together[:, ARKIT_52.index["jawOpen"]]
    pooled = pooled_statistics(sets)
    assert pooled["copy"]["jawOpen"] == pytest.approx((jaw.mean(), jaw.std()), rel=1e-3)
    assert pooled["real"]["jawOpen"] == pooled["copy"]["jawOpen"]


class PhonesTeacher(Teacher):
    """A teacher that opens the mouth by how many phones there are."""

    name, version, fps, rig = "counting", "1", 30.0, ARKIT_52

    def curves(self, utterance):
        controls = ARKIT_52.neutral(round(utterance.seconds * 30))
        controls[:, 0] = len(utterance.phones) / 10
        return controls


def test_teachers_that_need_phones_move_clip_by_clip(monkeypatch) -> None:
    class Aligner:
        def align(self, samples, rate, text):
            assert text in {"lay", "bin", "again"}
            return (Phone("a", 0.0, 1.0),) * len(text)

    monkeypatch.setattr(capture_words, "aligner", lambda language: Aligner())
    take, face = make_take(words=True), TeacherFace("counting", PhonesTeacher())
    controls = face.controls(take, 60.0, take.clips[1:3])
    assert controls.shape == (780, 52)
    assert not controls[:149].any()
    assert np.allclose(controls[152:268, 0], 0.3)
    assert np.allclose(controls[272:388, 0], 0.5)
    assert not controls[392:].any()
    with pytest.raises(Skip, match="the take has no words"):
        face.controls(make_take(), 60.0, ())


def test_words_that_can_not_be_aligned_share_their_time_equally(monkeypatch) -> None:
    class NoFit:
        def align(self, samples, rate, text):
            assert len(samples) == round(1.2 * rate)  # the word, and 0.1 s on both sides
            raise Skip("the text does not fit the sound")

    class Speller:
        def pronunciation(self, text):
            return tuple((letter, 0) for letter in text)

    monkeypatch.setattr(capture_words, "aligner", lambda language: NoFit())
    monkeypatch.setattr(capture_words, "espeak", Speller)
    take = make_take(words=True)
    spoken = capture_faces.spoken_clip(take, take.clips[1])
    assert spoken.text == "bin"
    assert [phone.ipa for phone in spoken.phones] == ["b", "i", "n"]
    edges = [spoken.phones[0].start_s, *(phone.end_s for phone in spoken.phones)]
    assert np.allclose(edges, [0.5, 0.8333, 1.1667, 1.5], atol=1e-3)


def test_faces_are_opened_by_name(tmp_path, tiny_student) -> None:
    faces = open_faces([str(tiny_student)], ["phonetic"], {"other": tmp_path})
    assert [face.name for face in faces] == ["tiny", "phonetic", "other"]
    take = make_take(n_phrases=1)
    assert faces[0].controls(take, 60.0, ()).shape == (180, 52)
    assert faces[0].controls(take, 25.0, ()).shape == (75, 52)
    with pytest.raises(MarotteError, match="there are no curves of the take me_1"):
        faces[2].controls(take, 60.0, ())
    with pytest.raises(MarotteError, match="names of their own"):
        open_faces([], ["phonetic", "phonetic"], {})
    with pytest.raises(MarotteError, match="there is no folder"):
        open_faces([], [], {"other": tmp_path / "missing"})


def test_curves_of_the_wrong_length_name_the_file(tmp_path) -> None:
    (tmp_path / "me_1.csv").write_text("time,jawOpen\n0.0,0.1\n0.1,0.1\n")
    with pytest.raises(MarotteError, match=r"me_1.csv: curves: duration differs"):
        CurvesFace("other", tmp_path).controls(make_take(), 60.0, ())
