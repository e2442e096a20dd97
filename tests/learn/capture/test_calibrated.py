"""Calibrated takes: one calibration per set, the same at any frame rate, lips as captured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from captured_takes import make_take

from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, ARKIT_NAMES
from marotte.learn.capture.calibrated import calibrate_takes


def test_a_set_gets_one_calibration_at_any_frame_rate() -> None:
    takes = [make_take("me_1"), make_take("me_2", 3)]
    at_30, known = calibrate_takes(takes)
    at_60, _ = calibrate_takes(takes, 60.0)
    assert [len(each) for each in at_30] == [390, 210]
    for slow, fast in zip(at_30, at_60, strict=True):
        np.testing.assert_allclose(fast[::2], slow, atol=1e-6)
    # The first phrases of both takes are the same, and so are their calibrated curves.
    np.testing.assert_allclose(at_30[1][:150], at_30[0][:150], atol=1e-6)
    assert {ARKIT_NAMES[each] for each in np.flatnonzero(known)} == {"jawOpen", "mouthFunnel"}


def test_other_controls_are_unknown_and_the_lips_stay_as_far_apart_as_captured() -> None:
    take = make_take()
    captured_mm = load_head().lip_gap(take.controls(30.0), ARKIT_NAMES)
    (curves,), known = calibrate_takes([take], names=["jawOpen"])
    assert np.flatnonzero(known).tolist() == [ARKIT_52.index["jawOpen"]]
    assert not curves[:, ARKIT_52.index["mouthFunnel"]].any()
    wide = captured_mm > 3
    shown_mm = load_head().lip_gap(curves, ARKIT_NAMES)
    np.testing.assert_allclose(shown_mm[wide], captured_mm[wide], atol=0.01)


def test_a_set_without_speech_is_refused() -> None:
    take = make_take()
    silent = replace(take, samples=np.zeros_like(take.samples))
    with pytest.raises(MarotteError, match="only 0 frames show a face that speaks"):
        calibrate_takes([silent])
