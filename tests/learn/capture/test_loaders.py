"""Tests of loaders: small folders in every layout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from synthetic import make_voice

from marotte.errors import MarotteError
from marotte.export import livelink_csv, npz
from marotte.face.animation import Animation
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.loaders import load_takes
from marotte.learn.capture.loaders.facegood import NAMES
from marotte.learn.capture.loaders.takes import source_of
from marotte.learn.capture.take import Clip, Word

JAW = ARKIT_52.index["jawOpen"]


def write_voice(path: Path, seconds: float = 1.0, rate: int = 16_000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, make_voice(seconds, rate), rate)


def write_table(path: Path, columns: str = "jawOpen", value: float = 0.25) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = ",".join([f"{value}"] * (columns.count(",") + 1))
    rows = [f"{frame / 25:.2f},{cells}" for frame in range(25)]
    path.write_text("\n".join([f"time,{columns}", *rows]) + "\n")


def test_a_folder_of_takes(tmp_path: Path) -> None:
    write_voice(tmp_path / "me_1" / "audio.flac")
    write_table(tmp_path / "me_1" / "curves.csv", "jawOpen,lipGap")
    clips = [
        {"name": "a", "start": 0.5, "seconds": 0.5, "words": [[0, 0.1, "sil"], [0.1, 0.2, "bin"]]}
    ]
    (tmp_path / "me_1" / "clips.json").write_text(json.dumps(clips))
    write_voice(tmp_path / "me_2" / "audio.wav", rate=44_100)
    write_table(tmp_path / "me_2" / "curves.csv", "jawOpen,lipGapMm", 0.5)
    first, second = load_takes(tmp_path)
    assert (first.name, first.source, first.fps) == ("me_1", "me", 25.0)
    assert first.words == (Word(0.6, 0.7, "bin"),)
    assert first.clips == (Clip("a", 0.5, 1.0),)
    assert not first.amplitudes
    assert second.amplitudes
    assert len(second.samples) == 16_000
    gap_mm = first.measured_gap_mm(60.0), second.measured_gap_mm(60.0)
    assert np.allclose(gap_mm[0], 0.25 * 90)
    assert np.allclose(gap_mm[1], 0.5)
    assert np.allclose(first.controls(60.0)[:, JAW], 0.25)
    assert [take.name for take in load_takes(tmp_path / "me_2")] == ["me_2"]  # a take by itself


def test_sets_are_named_by_the_first_words() -> None:
    names = ("grid_s1_more_0", "grid_s1_0", "facegood_1114_2_01", "anna", "0815")
    assert [source_of(name) for name in names] == [
        "grid_s1", "grid_s1", "facegood", "anna", "takes",
    ]  # fmt: skip


def write_facegood(root: Path) -> None:
    names = np.array(["mouth_funnel_dl", "mouth_funnel_ur", "mouth_stretch_c", "tongue_u",
                      "mouth_press_l", "mouth_dimple_l"])  # fmt: skip
    values = np.tile([0.1, 0.4, 0.3, 0.9, 0.2, 0.0], (30, 1))
    (root / "bs_value").mkdir(parents=True)
    np.save(root / NAMES, names)
    np.save(root / "bs_value" / "bs_value_1114_2_01.npy", values)
    np.save(root / "bs_value" / "bs_value_1114_2_02.npy", values)
    write_voice(root / "wav" / "1114_2_01.wav")  # the other one has no sound


def test_facegood(tmp_path: Path) -> None:
    write_facegood(tmp_path / "code" / "train")
    (take,) = load_takes(tmp_path)
    assert (take.name, take.source, take.fps) == ("facegood_1114_2_01", "facegood", 30.0)
    assert set(take.given) == {"jawOpen", "mouthFunnel", "mouthPressLeft"}
    controls = take.controls(60.0)
    assert controls.shape == (60, 52)
    assert np.allclose(controls[:, ARKIT_52.index["mouthFunnel"]], 0.4)  # the largest shape
    np.save(tmp_path / "code" / "train" / NAMES, np.array(["mouth_stretch_c"]))
    with pytest.raises(MarotteError, match="one column for each of the 1 names"):
        load_takes(tmp_path / "code" / "train")


def test_grid(tmp_path: Path) -> None:
    (tmp_path / "s1" / "align").mkdir(parents=True)
    align = tmp_path / "s1" / "align" / "bbaf2n.align"
    align.write_text("0 12500 sil\n12500 20000 bin\n20000 25000 sil\n")
    (tmp_path / "s1" / "align" / "lwae8n.align").write_text("0 25000 sil\n")
    write_voice(tmp_path / "s1" / "bbaf2n.wav")
    with pytest.raises(MarotteError, match="track their videos first"):
        load_takes(tmp_path)
    write_table(tmp_path / "tracked" / "s1" / "bbaf2n.csv")
    (take,) = load_takes(tmp_path)
    assert (take.name, take.source) == ("grid_s1_bbaf2n", "grid_s1")
    assert take.words == (Word(0.5, 0.8, "bin"),)
    assert take.clips == (Clip("bbaf2n", 0.0, 1.0),)
    align.write_text("0 bin\n")
    with pytest.raises(MarotteError, match="expected lines of start, end and word"):
        load_takes(tmp_path)


def test_sounds_with_curves_of_the_same_name(tmp_path: Path) -> None:
    controls = ARKIT_52.neutral(60)
    controls[:, JAW] = 0.5
    animation = Animation(controls, 60.0, ARKIT_52)
    for name in ("anna/one.wav", "anna/two.wav", "ben/three.wav", "ben/without.wav"):
        write_voice(tmp_path / name)
    livelink_csv.write(animation, tmp_path / "anna" / "one_cal.csv")
    npz.write(animation, tmp_path / "anna" / "two.npz")
    write_table(tmp_path / "ben" / "three.csv", value=0.5)
    takes = load_takes(tmp_path)
    assert [(take.source, take.name) for take in takes] == [
        ("anna", "one"), ("ben", "three"), ("anna", "two"),
    ]  # fmt: skip
    for take in takes:
        assert np.allclose(take.controls(60.0)[:, JAW], 0.5)


def test_bad_folders_give_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="there is no folder"):
        load_takes(tmp_path / "missing")
    with pytest.raises(MarotteError, match="expected one of the layouts NAME/audio"):
        load_takes(tmp_path)
    write_voice(tmp_path / "me" / "audio.wav")
    (tmp_path / "me" / "curves.csv").write_text("a,b\n1,2\n")
    with pytest.raises(MarotteError, match=r"can't use .*curves.csv: curves: a CSV that neither"):
        load_takes(tmp_path)
    write_table(tmp_path / "me" / "curves.csv")
    (tmp_path / "me" / "clips.json").write_text('[{"name": "a"}]')
    with pytest.raises(MarotteError, match="expected a list of clips"):
        load_takes(tmp_path)


def test_curves_of_another_duration_are_refused(tmp_path: Path) -> None:
    write_voice(tmp_path / "me" / "audio.wav", seconds=3.0)
    write_table(tmp_path / "me" / "curves.csv")
    (take,) = load_takes(tmp_path)
    with pytest.raises(MarotteError, match="take me: curves: duration differs from the sound's"):
        take.controls(60.0)
