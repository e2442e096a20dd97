"""Curves in the names of other avatars."""

from pathlib import Path

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.export.naming import NAMINGS, RPM, VRM, FrameNaming, in_naming
from marotte.face.animation import Animation, Frame
from marotte.face.glb import read_head
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, Rig
from marotte.face.visemes import VISEMES, Visemes, Vowels


def speech() -> Animation:
    controls = ARKIT_52.neutral(4)
    controls[1, ARKIT_52.index["jawOpen"]] = 0.5
    controls[2, ARKIT_52.index["mouthPressLeft"]] = 0.2
    controls[2, ARKIT_52.index["mouthPressRight"]] = 0.2
    controls[3, ARKIT_52.index["eyeBlinkLeft"]] = 0.7
    return Animation(controls, 60.0, ARKIT_52)


def test_visemes_have_the_names_of_oculus_and_of_ready_player_me():
    oculus, rpm = in_naming(speech(), "oculus"), in_naming(speech(), "rpm")
    assert oculus.names == VISEMES
    assert rpm.names == RPM
    assert rpm.names[-5:] == ("viseme_aa", "viseme_E", "viseme_I", "viseme_O", "viseme_U")
    np.testing.assert_array_equal(oculus.controls, rpm.controls)
    np.testing.assert_array_equal(oculus.controls, Visemes(ARKIT_52).of(speech().controls))
    assert [VISEMES[k] for k in oculus.controls.argmax(1)] == ["sil", "aa", "PP", "sil"]


def test_vrm_has_five_vowels_and_two_blinks():
    vrm = in_naming(speech(), "vrm")
    assert vrm.names == VRM
    assert vrm["aa"][1] > 0.5
    assert vrm["blinkLeft"].tolist() == pytest.approx([0, 0, 0, 0.7])
    one_by_one = [Vowels(ARKIT_52).of(frame) for frame in speech().controls]
    np.testing.assert_allclose(vrm.controls, one_by_one, atol=1e-7)


def test_a_table_has_the_visemes_as_columns(tmp_path: Path):
    in_naming(speech(), "rpm").save(tmp_path / "a.csv")
    header, first, *_ = (tmp_path / "a.csv").read_text().splitlines()
    assert header == "Timecode,BlendShapeCount," + ",".join(RPM)
    assert first.startswith("00:00:00:00.000,15,")


@pytest.mark.parametrize("naming", ["oculus", "rpm", "vrm"])
def test_a_glb_file_has_the_typical_mouths_as_morph_targets(tmp_path: Path, naming: str):
    animation = in_naming(speech(), naming)
    animation.save(tmp_path / "a.glb")
    head = read_head(tmp_path / "a.glb")
    assert head.names == animation.names
    aa = next(name for name in head.names if name.endswith("aa"))
    jaw = load_head().deltas[load_head().names.index("jawOpen")]
    largest_mm = np.abs(head.deltas[head.names.index(aa)]).max()
    assert largest_mm == pytest.approx(0.32 * np.abs(jaw).max(), rel=0.3)


def test_arkit_is_the_animation_itself():
    animation = speech()
    assert in_naming(animation, "arkit") is animation


def test_errors():
    with pytest.raises(MarotteError, match=f"no naming 'sims': use {', '.join(NAMINGS)}"):
        in_naming(speech(), "sims")
    rig = Rig("snout", ("snout",), (0.0,), (1.0,), ())
    with pytest.raises(MarotteError, match="no control jawOpen"):
        in_naming(Animation(rig.neutral(1), 60.0, rig), "vrm")


@pytest.mark.parametrize("naming", ["oculus", "rpm", "vrm"])
def test_live_frames_get_the_curves_of_files(naming):
    processor = FrameNaming(ARKIT_52, naming)
    whole = in_naming(speech(), naming)
    assert processor.rig == whole.rig
    for controls, expected in zip(speech().controls, whole.controls, strict=True):
        frame = processor.apply(Frame(0.5, 80.0, controls, (0.1, 0.2, 0.3)))
        np.testing.assert_allclose(frame.controls, expected, atol=1e-7)
        assert (frame.time_s, frame.delay_ms, frame.head) == (0.5, 80.0, (0.1, 0.2, 0.3))
