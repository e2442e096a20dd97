"""Tests of effort, of when lips part and close, and of the face at rest."""

from __future__ import annotations

import numpy as np
import pytest

from marotte.face.rig import ARKIT_52
from marotte.learn.capture import expression
from marotte.learn.capture.controls import GROUPS, IPHONE, PAIRS, group_values


def utterances(sizes: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return a gap that swings by each size in turn for 40 frames, and the spans."""
    swing = np.sin(np.arange(40) * np.pi / 4)
    gap = np.concatenate([size * swing for size in sizes])
    return gap, np.array([[40 * i, 40 * i + 40] for i in range(len(sizes))])


def test_effort_compares_the_loudest_third_with_the_softest() -> None:
    gap, spans = utterances([3, 1, 2, 1, 3, 2])
    loudness = np.array([-10.0, -30, -20, -31, -11, -21])
    assert expression.effort(gap, spans, loudness) == pytest.approx(3)
    assert expression.effort(gap, spans, -loudness) == pytest.approx(1 / 3)
    assert expression.effort(5 * gap, spans, loudness) == pytest.approx(3)


def test_effort_needs_six_utterances_with_a_known_level() -> None:
    gap, spans = utterances([1, 1, 1, 2, 2, 2])
    level = np.arange(6.0)
    assert expression.effort(gap, spans, level) == pytest.approx(2)
    level[0] = np.nan
    assert np.isnan(expression.effort(gap, spans, level))
    assert np.isnan(expression.effort(0 * gap, spans, np.arange(6.0)))


def test_lips_part_before_or_after_the_first_sound() -> None:
    gap = np.full(300, 0.4)
    gap[91:120] = gap[206:240] = gap[200:202] = 6.0  # 9 frames before 100; at 200 as well
    windows = np.array([[0, 150], [150, 300]])
    assert expression.parting_ms(gap, np.array([100]), windows[:1], 60.0) == pytest.approx(-150)
    both = expression.parting_ms(gap, np.array([100, 200]), windows, 60.0)
    assert both == pytest.approx(-75)
    assert np.isnan(expression.parting_ms(0 * gap, np.array([100, 200]), windows, 60.0))
    # Frames outside the window belong to another utterance.
    assert expression.parting_ms(
        gap, np.array([100]), np.array([[96, 150]]), 60.0
    ) == pytest.approx(1000 * -4 / 60)


def test_the_mouth_shuts_after_speech() -> None:
    gap = np.concatenate([np.linspace(5.95, 0.35, 57), np.full(43, 0.4)])  # near at frame 51
    assert expression.shutting_ms(gap, np.array([[0, 100]]), 0.4, 60.0) == pytest.approx(850)
    assert expression.shutting_ms(gap, np.array([[60, 100]]), 0.4, 60.0) == 0
    assert expression.shutting_ms(gap + 9, np.array([[0, 60]]), 0.4, 60.0) == pytest.approx(1000)
    assert np.isnan(expression.shutting_ms(gap, np.zeros((0, 2), int), 0.4, 60.0))


def test_the_largest_control_in_silence() -> None:
    controls = ARKIT_52.neutral(100)
    controls[:, ARKIT_52.index["eyeBlinkLeft"]] = 0.9  # not of the mouth
    controls[50:, ARKIT_52.index["jawOpen"]] = 0.5  # in speech
    controls[:50, ARKIT_52.index["mouthPucker"]] = 0.04
    controls[0, ARKIT_52.index["mouthFunnel"]] = 1  # one frame only
    name, value = expression.largest_at_rest(controls, np.arange(100) < 50)
    assert (name, value) == ("mouthPucker", pytest.approx(0.04))
    assert expression.largest_at_rest(controls, np.zeros(100, bool))[0] == ""


def test_groups_average_what_was_captured() -> None:
    rng = np.random.default_rng(0)
    controls = rng.random((50, 52)).astype(np.float32)
    groups = group_values(controls)
    left, right = (controls[:, ARKIT_52.index[f"mouthPress{side}"]] for side in ("Left", "Right"))
    assert np.allclose(groups["mouthPress"], (left + right) / 2)
    assert np.allclose(group_values(controls, {"mouthPressRight"})["mouthPress"], right)
    assert not group_values(controls, {"jawOpen"})["mouthPress"].any()
    assert set(IPHONE) == set(GROUPS)
    assert {name for pair in PAIRS for name in pair} <= set(GROUPS)


def test_pairs() -> None:
    controls = ARKIT_52.neutral(50)
    for name in ("mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper"):
        controls[:, ARKIT_52.index[name]] = np.linspace(0, 1, 50)
    found = expression.pair_correlations(group_values(controls), np.ones(50, bool))
    assert found["mouthPress", "mouthRoll"] == pytest.approx(1)
    assert np.isnan(found["mouthPucker", "mouthFunnel"])


def test_words_that_begin_or_end_with_closed_lips() -> None:
    gap = np.full(200, 6.0)
    gap[48], gap[150] = 1.4, 1.4
    frames = np.array([50, 100]), np.array([149])
    assert expression.closed_share(gap, *frames, 60.0, 1.5) == pytest.approx(2 / 3)
    none = np.zeros(0, int)
    assert np.isnan(expression.closed_share(gap, none, none, 60.0, 1.5))
