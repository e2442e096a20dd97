"""Each viseme is recognised from a typical mouth."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic import pose

from marotte.face.rig import ARKIT_52, Rig
from marotte.face.visemes import VISEMES, Visemes, typical_mouth


@pytest.mark.parametrize(
    ("viseme", "mouth"),
    [
        ("sil", {}),
        ("sil", {"jawOpen": 0.05}),
        ("PP", {"jawOpen": 0.1, "mouthClose": 0.1, "mouthPressLeft": 0.2, "mouthPressRight": 0.2}),
        ("FF", {"jawOpen": 0.05, "mouthRollLower": 0.4}),
        ("CH", {"jawOpen": 0.08, "mouthClose": 0.1, "mouthFunnel": 0.4}),
        ("aa", {"jawOpen": 0.5}),  # far from every viseme, and nearest to this one
        ("ih", {"jawOpen": 0.2, "mouthStretchLeft": 0.3, "mouthStretchRight": 0.3}),
        ("oh", {"jawOpen": 0.4, "mouthClose": 0.15, "mouthPucker": 0.1, "mouthFunnel": 0.5}),
        ("ou", {"jawOpen": 0.15, "mouthClose": 0.1, "mouthPucker": 0.5, "mouthFunnel": 0.3}),
        ("TH", {"jawOpen": 0.09, "tongueOut": 0.28}),
    ],
)
def test_typical_mouth_gets_its_viseme(viseme: str, mouth: dict[str, float]) -> None:
    weights = Visemes(ARKIT_52).of(pose(**mouth))
    assert VISEMES[weights.argmax()] == viseme
    assert weights.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("viseme", VISEMES)
def test_the_typical_mouth_is_the_nearest_to_itself(viseme: str) -> None:
    weights = Visemes(ARKIT_52).of(pose(**typical_mouth(viseme)))
    assert VISEMES[weights.argmax()] == viseme


def test_rig_without_a_mouth_gives_silence() -> None:
    weights = Visemes(Rig("snout", ("snout",), (0.0,), (1.0,), ())).of(np.ones((3, 1), np.float32))
    assert (weights.argmax(axis=-1) == 0).all()
