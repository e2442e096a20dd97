"""Processors change a whole animation as they change its frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from synthetic import make_voice

from marotte.audio.recording import Recording
from marotte.errors import MarotteError
from marotte.face.animation import Animation
from marotte.face.rig import ARKIT_52
from marotte.postprocess.idle_motion import IdleMotion
from marotte.postprocess.motion import AUTO, Motion, parse_effort
from marotte.postprocess.processors import make_processors, process
from marotte.postprocess.retarget import load_retarget


def test_animation_is_processed_frame_by_frame(tmp_path: Path) -> None:
    recording = Recording.from_samples(make_voice(2, 16_000), 16_000)
    animation = Animation(ARKIT_52.neutral(120), 60.0, ARKIT_52, recording)
    path = tmp_path / "jaw.toml"
    path.write_text('[controls.jawOpen]\noffset = 0.25\nname = "Jaw"\n', encoding="utf-8")
    retarget = load_retarget(path, ARKIT_52)
    processed = process(animation, [IdleMotion(ARKIT_52, 16_000), retarget])
    assert (processed["Jaw"] == 0.25).all()
    assert processed.head is not None
    assert processed.head.shape == (120, 3)
    assert processed.head[:, 1].any()
    assert process(animation, []) is animation


def test_processors_come_in_one_order(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("", encoding="utf-8")
    everything = Motion(1.2, AUTO, "happy", 0.5, gaze=True, idle_motion=True, seed=3)
    processors = make_processors(ARKIT_52, 16_000, everything, retarget=path)
    names = [type(each).__name__ for each in processors]
    assert names == ["MouthOpening", "Mood", "IdleMotion", "Gaze", "Retarget"]
    assert make_processors(ARKIT_52, 16_000) == []
    assert make_processors(ARKIT_52, 16_000, Motion(mood="happy", intensity=0.0)) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gain": 3.5}, "gain must be 0 to 3, got 3.5"),
        ({"gain": float("nan")}, "gain must be 0 to 3"),
        ({"effort": 0.4}, "effort must be 0.5 to 2, or 'auto', got 0.4"),
        ({"effort": "loud"}, "effort must be 'auto' or a number, got 'loud'"),
        ({"mood": "merry"}, "there is no mood 'merry': use neutral, happy"),
        ({"intensity": -0.1}, "intensity must be 0 to 1"),
        ({"seed": -1}, "seed must be 0 or more"),
    ],
)
def test_motion_is_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(MarotteError, match=message):
        Motion(**settings)


def test_effort_is_parsed() -> None:
    assert parse_effort("auto") == AUTO
    assert parse_effort("0.8") == 0.8
    with pytest.raises(MarotteError, match=r"effort must be 'auto' or a number, .*got 'x'"):
        parse_effort("x")
