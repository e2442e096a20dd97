"""A retarget file changes gains, ranges and names of controls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic import pose

from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52
from marotte.postprocess.retarget import Retarget, load_retarget

JAW, CLOSE = ARKIT_52.index["jawOpen"], ARKIT_52.index["mouthClose"]


def face(time_s: float = 0.0, **values: float) -> Frame:
    """Return a frame with some controls set."""
    return Frame(time_s, 116.0, pose(**values))


@pytest.fixture
def retarget(tmp_path: Path):
    """Return a function that loads the text of a retarget file."""

    def load(text: str) -> Retarget:
        (tmp_path / "my.toml").write_text(text, encoding="utf-8")
        return load_retarget(tmp_path / "my.toml", ARKIT_52)

    return load


def test_gain_offset_and_range(retarget) -> None:
    changes = retarget(
        "gain = 2\n[controls.jawOpen]\ngain = 1.5\nmaximum = 0.6\n"
        "[controls.mouthClose]\noffset = -0.1\nminimum = -0.5\n"
    )
    frame = changes.apply(face(jawOpen=0.3, mouthClose=0.02, mouthFunnel=0.7))
    assert frame.controls[JAW] == pytest.approx(0.45)
    assert frame.controls[CLOSE] == pytest.approx(2 * 0.02 - 0.1)
    assert frame.controls[ARKIT_52.index["mouthFunnel"]] == 1  # the maximum of the rig
    assert changes.apply(face(0.1, jawOpen=0.9)).controls[JAW] == pytest.approx(0.6)


def test_smoothing_does_not_depend_on_the_frame_rate(retarget) -> None:
    text = "[controls.jawOpen]\nsmoothing_ms = 100\n"
    last_values = []
    for fps in (60, 20):
        changes = retarget(text)
        changes.apply(face(0.0))
        for k in range(1, fps + 1):
            frame = changes.apply(face(k / fps * 0.1, jawOpen=1.0))
        last_values.append(frame.controls[JAW])
    np.testing.assert_allclose(last_values, 1 - np.exp(-1), atol=1e-5)


def test_names_are_those_of_the_outputs(retarget) -> None:
    changes = retarget('[controls.jawOpen]\nname = "v2/JawOpen"\n')
    assert changes.rig.names[JAW] == "v2/JawOpen"
    assert "v2/JawOpen" in changes.rig.speech


def test_vrchat_example_names_all_speech_controls() -> None:
    rig = load_retarget(Path(__file__).parents[2] / "examples" / "vrchat-v2.toml", ARKIT_52).rig
    assert all(name.startswith("v2/") for name in rig.speech)
    assert rig.names[JAW] == "v2/JawOpen"


def test_empty_file_changes_nothing(retarget) -> None:
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
        ("[controls.jawOpen]\nsmoothing_ms = -1", "smoothing_ms of 'jawOpen' must be 0 to 60000"),
        ("smoothing_ms = inf", "smoothing_ms of '.*' must be 0 to 60000, got inf"),
        ("gain = nan", "gain of '.*' must be -1e.06 to 1e.06, got nan"),
        ("gain = 1e39", "gain of '.*' must be -1e.06 to 1e.06, got 1e.39"),
        ("maximum = inf", "maximum of '.*' must be"),
        ("controls = 3", "must be tables"),
        ("controls.jawOpen = 3", r"write \[controls.jawOpen\]"),
        ("[controls", "is not a TOML retarget file"),
    ],
)
def test_retarget_file_is_strict(retarget, text: str, message: str) -> None:
    with pytest.raises(MarotteError, match=message):
        retarget(text)


def test_missing_retarget_file_is_an_error() -> None:
    with pytest.raises(MarotteError, match="no retarget file at"):
        load_retarget("no.toml", ARKIT_52)
