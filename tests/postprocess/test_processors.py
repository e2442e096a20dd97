"""Processors change a whole animation as they change its frames."""

from __future__ import annotations

from pathlib import Path

from synthetic import make_voice

from marotte.audio.recording import Recording
from marotte.face.animation import Animation
from marotte.face.rig import ARKIT_52
from marotte.postprocess.idle_motion import IdleMotion
from marotte.postprocess.processors import process
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
