"""Retargeting, visemes and life: what happens to frames after the student."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic import make_voice

from marotte.audio.recording import Recording
from marotte.errors import MarotteError
from marotte.face.animation import Animation, Frame
from marotte.face.rig import ARKIT_52, Rig
from marotte.face.visemes import VISEMES, Visemes
from marotte.postprocess.idle_motion import IdleMotion
from marotte.postprocess.processors import process
from marotte.postprocess.retarget import Retarget, load_retarget

JAW, CLOSE = ARKIT_52.index["jawOpen"], ARKIT_52.index["mouthClose"]


def face(time_s: float = 0.0, **values: float) -> Frame:
    controls = ARKIT_52.neutral(1)[0]
    for name, value in values.items():
        controls[ARKIT_52.index[name]] = value
    return Frame(time_s, 116.0, controls)


@pytest.fixture
def retarget(tmp_path: Path):
    def write(text: str) -> Retarget:
        (tmp_path / "my.toml").write_text(text, encoding="utf-8")
        return load_retarget(tmp_path / "my.toml", ARKIT_52)

    return write


def test_gain_offset_and_range(retarget) -> None:
    mine = retarget(
        "gain = 2\n[controls.jawOpen]\ngain = 1.5\nmaximum = 0.6\n"
        "[controls.mouthClose]\noffset = -0.1\nminimum = -0.5\n"
    )
    frame = mine.apply(face(jawOpen=0.3, mouthClose=0.02, mouthFunnel=0.7))
    assert frame.controls[JAW] == pytest.approx(0.45)
    assert frame.controls[CLOSE] == pytest.approx(2 * 0.02 - 0.1)
    assert frame.controls[ARKIT_52.index["mouthFunnel"]] == 1  # the rig's own range
    assert mine.apply(face(0.1, jawOpen=0.9)).controls[JAW] == pytest.approx(0.6)


def test_smoothing_does_not_hang_on_the_rate_of_frames(retarget) -> None:
    text = "[controls.jawOpen]\nsmoothing_ms = 100\n"
    ends = []
    for fps in (60, 20):
        mine = retarget(text)
        mine.apply(face(0.0))
        for k in range(1, fps + 1):
            frame = mine.apply(face(k / fps * 0.1, jawOpen=1.0))
        ends.append(frame.controls[JAW])
    np.testing.assert_allclose(ends, 1 - np.exp(-1), atol=1e-5)


def test_names_are_what_the_outputs_call_controls(retarget) -> None:
    mine = retarget('[controls.jawOpen]\nname = "v2/JawOpen"\n')
    assert mine.rig.names[JAW] == "v2/JawOpen"
    assert "v2/JawOpen" in mine.rig.speech


def test_the_example_for_vrchat_names_all_that_speech_drives() -> None:
    rig = load_retarget(Path(__file__).parents[2] / "examples" / "vrchat-v2.toml", ARKIT_52).rig
    assert all(name.startswith("v2/") for name in rig.speech)
    assert rig.names[JAW] == "v2/JawOpen"


def test_an_empty_file_changes_nothing(retarget) -> None:
    frame = face(jawOpen=0.3, eyeBlinkLeft=0.7)
    np.testing.assert_array_equal(retarget("").apply(frame).controls, frame.controls)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gains = 2", "has no key 'gains': valid are gain, offset"),
        ("[controls.jawopen]\ngain = 1", "has no 'jawopen'; nearest is 'jawOpen'"),
        ("[controls.jawOpen]\nfactor = 1", "has no key 'factor': valid are gain, .*name"),
        ('[controls.jawOpen]\ngain = "high"', "must be of type float, got 'high'"),
        ("[controls.jawOpen]\nminimum = 1\nmaximum = 0", "range of 'jawOpen' is empty"),
        ('[controls.jawOpen]\nname = "mouthClose"', "names 'mouthClose' more than once"),
        ("[controls.jawOpen]\nsmoothing_ms = -1", "must be 0 or more"),
        ("gain = nan", "must be finite numbers"),
        ("controls = 3", "must be tables"),
        ("controls.jawOpen = 3", r"write \[controls.jawOpen\]"),
        ("[controls", "is not a TOML retarget file"),
    ],
)
def test_a_retarget_file_is_strict(retarget, text: str, message: str) -> None:
    with pytest.raises(MarotteError, match=message):
        retarget(text)


def test_a_missing_retarget_file_is_said() -> None:
    with pytest.raises(MarotteError, match="no retarget file at"):
        load_retarget("no.toml", ARKIT_52)


@pytest.mark.parametrize(
    ("viseme", "mouth"),
    [
        ("sil", {}),
        ("PP", {"jawOpen": 0.1, "mouthClose": 0.1, "mouthPressLeft": 0.2, "mouthPressRight": 0.2}),
        ("FF", {"jawOpen": 0.05, "mouthRollLower": 0.4}),
        ("CH", {"jawOpen": 0.05, "mouthFunnel": 0.32, "mouthPucker": 0.3}),
        ("aa", {"jawOpen": 0.5}),  # far from all of them, and nearest to this
        ("ou", {"jawOpen": 0.08, "mouthPucker": 0.6, "mouthFunnel": 0.2}),
        ("TH", {"jawOpen": 0.09, "tongueOut": 0.28}),
    ],
)
def test_a_typical_mouth_is_its_own_viseme(viseme: str, mouth: dict[str, float]) -> None:
    weights = Visemes(ARKIT_52).of(face(**mouth).controls)
    assert VISEMES[weights.argmax()] == viseme
    assert weights.sum() == pytest.approx(1, abs=1e-5)


def test_a_rig_without_a_mouth_is_silent() -> None:
    weights = Visemes(Rig("snout", ("snout",), (0.0,), (1.0,), ())).of(np.ones((3, 1), np.float32))
    assert (weights.argmax(axis=-1) == 0).all()


def lively(seconds: float, seed: int = 0, blocks: int = 7) -> list[Frame]:
    life = IdleMotion(ARKIT_52, 16_000, seed)
    voice = make_voice(seconds, 16_000)
    frames, k = [], 0
    heard = 0
    for part in np.array_split(voice, blocks):
        life.push_samples(part)
        heard += len(part)
        while k / 60 + 0.1 < heard / 16_000:
            frames.append(life.apply(face(k / 60)))
            k += 1
    return frames


def test_life_blinks_now_and_then() -> None:
    lids = np.array([f.controls[ARKIT_52.index["eyeBlinkLeft"]] for f in lively(60)])
    begins = np.flatnonzero((lids[1:] > 0) & (lids[:-1] == 0))
    assert 10 < len(begins) < 30  # a minute of it
    assert np.diff(begins).min() > 60
    assert lids.max() > 0.9
    assert (lids > 0).mean() < 0.15
    assert np.abs(np.diff(lids)).max() < 0.6  # no lid jumps


def test_life_moves_head_and_brows_a_little_and_smoothly() -> None:
    frames = lively(20)
    head = np.degrees([f.head for f in frames])
    brows = np.array([f.controls[ARKIT_52.index["browInnerUp"]] for f in frames])
    assert (head.std(axis=0) > 0.2).all()
    assert np.abs(head).max() < 6
    assert np.abs(np.diff(head, axis=0)).max() < 0.5
    assert 0.05 < brows.max() < 0.5
    assert np.abs(np.diff(brows)).max() < 0.05


def test_life_is_the_same_whatever_the_pieces_and_another_for_another_seed() -> None:
    one, same, other = (
        np.array([(*f.head, *f.controls) for f in lively(6, seed, blocks)])
        for seed, blocks in ((0, 1), (0, 400), (1, 1))
    )
    n = min(len(one), len(same))
    np.testing.assert_allclose(one[:n], same[:n], atol=1e-6)
    assert np.abs(one - other).max() > 0.1


def test_life_leaves_the_mouth_alone() -> None:
    frames = lively(5)
    speech = [ARKIT_52.index[name] for name in ARKIT_52.speech]
    assert not np.array([f.controls[speech] for f in frames]).any()


def test_an_animation_is_shaped_as_its_frames_are(retarget) -> None:
    recording = Recording.from_samples(make_voice(2, 16_000), 16_000)
    animation = Animation(ARKIT_52.neutral(120), 60.0, ARKIT_52, recording)
    mine = retarget('[controls.jawOpen]\noffset = 0.25\nname = "Jaw"\n')
    shaped = process(animation, [IdleMotion(ARKIT_52, 16_000), mine])
    assert (shaped["Jaw"] == 0.25).all()
    assert shaped.head is not None
    assert shaped.head.shape == (120, 3)
    assert shaped.head[:, 1].any()
    assert process(animation, []) is animation
