"""Strips: what is chosen, that real and other faces are shown, and what is written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from captured_takes import make_take, mouth, write_table

from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, ARKIT_NAMES
from marotte.learn.capture.split import held_out_names
from marotte.learn.measure.capture import strips
from marotte.learn.measure.capture.faces import CurvesFace
from marotte.learn.measure.capture.strips import (
    FPS,
    REAL,
    choose_excerpts,
    draw_strips,
    make_strips,
)

image = pytest.importorskip("matplotlib.image", reason="pictures need the extra 'train'")


def half_as_open(folder, *names):
    """Return a face that opens its mouth half as far."""
    for name in names:
        write_table(folder / f"{name}.csv", 0.5 * mouth())
    return CurvesFace("half", folder)


def test_excerpts_are_held_out_and_sets_take_turns() -> None:
    takes = [make_take(f"me_{each}", words=True) for each in range(3)]
    other = replace(make_take("you_1", 3), source="you")
    excerpts = choose_excerpts([*takes, other], 5, 2.0)
    held_out = held_out_names([clip.name for take in takes for clip in take.clips])
    assert [each.take.source for each in excerpts] == ["me", "me", "me", "you", "you"]
    assert {each.clip.name for each in excerpts} == held_out | {"you_1"}, "three clips of eighteen"
    assert {each.last - each.first for each in excerpts} == {round(2.0 * FPS)}
    assert len({each.name for each in excerpts}) == 5
    assert choose_excerpts([*takes, other], 5, 2.0) == excerpts
    chosen = {choose_excerpts([*takes], 1, 0.5, seed)[0].name for seed in range(8)}
    assert len(chosen) > 1


def test_excerpts_without_speech_are_the_last_choice() -> None:
    take = make_take(n_phrases=2)
    excerpts = choose_excerpts([take], 9, 1.0)
    assert [each.first / FPS for each in excerpts] == [1.0, 3.0]
    silent = replace(take, samples=np.zeros_like(take.samples))
    assert len(choose_excerpts([silent], 9, 1.0)) == 5


def test_a_strip_shows_the_same_span_of_each_face(tmp_path) -> None:
    take = make_take()
    face = half_as_open(tmp_path, take.name)
    (excerpt,) = choose_excerpts([take], 1, 1.0, seed=3)
    (strip,) = make_strips([take], [face], [excerpt])
    assert list(strip.faces) == [REAL, "half"]
    first = excerpt.first / FPS
    assert len(strip.samples) == 16_000
    np.testing.assert_array_equal(strip.samples, take.samples[round(16_000 * first) :][:16_000])
    np.testing.assert_allclose(strip.faces["half"], 0.5 * strip.faces[REAL], atol=1e-4)
    jaw = take.controls(FPS)[excerpt.first : excerpt.last, ARKIT_52.index["jawOpen"]]
    np.testing.assert_array_equal(strip.faces[REAL][:, ARKIT_52.index["jawOpen"]], jaw)


def test_raw_scores_are_calibrated_on_the_whole_set() -> None:
    take = replace(make_take(words=True), amplitudes=False)
    excerpts = choose_excerpts([take], 1, 2.0)
    (strip,) = make_strips([take], [], excerpts)
    assert len(strip.words) == 1, "clips of these takes are one word each"
    raw = take.controls(FPS)[excerpts[0].first : excerpts[0].last]
    funnel = ARKIT_52.index["mouthFunnel"]
    assert np.abs(strip.faces[REAL][:, funnel] - raw[:, funnel]).max() > 0.01
    head = load_head()
    shown_mm, captured_mm = (head.lip_gap(each, ARKIT_NAMES) for each in (strip.faces[REAL], raw))
    np.testing.assert_allclose(shown_mm[captured_mm > 3], captured_mm[captured_mm > 3], atol=0.01)


def test_pictures_and_videos_are_written(tmp_path, monkeypatch) -> None:
    av = pytest.importorskip("av", reason="videos need the extra 'video'")
    monkeypatch.setattr("marotte.learn.measure.videos.PIXELS", 64)
    monkeypatch.setattr(strips, "SHARPNESS", 1)
    take, done = make_take(), []
    face = half_as_open(tmp_path, take.name)
    excerpts = choose_excerpts([take], 1, 0.5)
    made = make_strips([take], [face], excerpts, lambda *step: done.append(step))
    picture, video = draw_strips(made, tmp_path / "out", videos=True)
    assert done == [(1, 1)]
    assert picture.suffix == ".png"
    pixels = image.imread(picture)
    assert pixels.shape[1] > 5 * strips.TILE[0]
    assert pixels[..., 0].std() > 0.05
    with av.open(str(video)) as film:
        assert len(list(film.decode(video=0))) == 13
        assert film.streams.audio


@pytest.mark.parametrize(("number", "seconds"), [(0, 3.0), (1, 0.05)])
def test_nothing_to_show_is_refused(number, seconds) -> None:
    with pytest.raises(MarotteError, match="expected one excerpt or more of"):
        choose_excerpts([make_take()], number, seconds)
