"""Scores with known faults become curves with known amplitudes and lip gaps."""

import numpy as np
import pytest

from marotte import ARKIT_52, MarotteError, load_head
from marotte.learn.capture.calibration import (
    MAX_TAIL,
    REAL_SD,
    WITHIN_SPEAKER,
    calibrate,
    fill_short_gaps,
    fit,
)
from marotte.learn.capture.lip_gap import CONTACT_MM, fit_lip_gap

FPS = 25
N = 1000
SPEECH = np.arange(N) >= 300
I = ARKIT_52.index  # noqa: E741


def smooth(seed, power=1.0):
    """Return slow motion [N] within 0..1, which rests outside speech."""
    noise = np.random.default_rng(seed).normal(size=N + 20)
    moved = np.convolve(noise, np.hanning(9), "same")[:N]
    moved = np.clip(moved / np.abs(moved).max() + 0.3, 0, None) ** power
    return moved * SPEECH


def trembling(seed, size):
    return np.random.default_rng(seed).normal(size=N) * size


def sd_of(curves, name):
    return curves[SPEECH, I[name]].std()


def test_motion_gets_the_sd_of_real_takes_whatever_the_tracker_s_amplitude():
    names = ["mouthPucker", "mouthLowerDownLeft", "eyeBlinkRight", "mouthFunnel"]
    values = np.stack([0.6 * smooth(0), 0.02 * smooth(1), smooth(2), 0.01 + 0.02 * smooth(3)], 1)
    curves, found = calibrate(names, values, FPS, SPEECH)
    for name in names:
        wanted = WITHIN_SPEAKER * REAL_SD[name]
        assert sd_of(curves, name) == pytest.approx(wanted, rel=0.02), name
        assert found.scales[name].by == "speech"
    assert curves.dtype == np.float32
    assert curves.min() == 0
    assert curves.max() <= 1


def test_the_neutral_is_subtracted_and_the_face_at_rest_is_still():
    values = (0.3 + 0.4 * smooth(0) + trembling(9, 0.004))[:, None]
    curves, _ = calibrate(["mouthPressLeft"], values, FPS, SPEECH)
    resting = curves[~SPEECH, I["mouthPressLeft"]]
    assert np.median(resting) == 0
    assert np.percentile(resting, 90) < 0.002
    assert sd_of(curves, "mouthPressLeft") > 0.02


@pytest.mark.parametrize(
    "scores", [np.zeros(N), 1e-5 * smooth(0), 0.3 + trembling(1, 0.1)], ids=["0", "weak", "noise"]
)
def test_a_score_without_motion_is_dead_and_stays_at_0(scores):
    curves, found = calibrate(
        ["noseSneerLeft", "jawOpen"], np.stack([scores, smooth(1)], 1), FPS, SPEECH
    )
    assert found.dead == ("noseSneerLeft",)
    assert not curves[:, I["noseSneerLeft"]].any()
    assert "dead" in found.report().splitlines()[1]


def test_peaks_that_stand_out_are_compressed():
    values = (0.2 * smooth(0, power=6))[:, None]
    curves, found = calibrate(["mouthUpperUpLeft"], values, FPS, SPEECH)
    assert found.scales["mouthUpperUpLeft"].power < 1
    moved = curves[SPEECH, I["mouthUpperUpLeft"]]
    before = np.percentile(values[SPEECH], 99.9) / np.percentile(values[SPEECH], 95)
    after = np.percentile(moved, 99.9) / np.percentile(moved, 95)
    assert MAX_TAIL * 0.9 < after < before


def test_a_recorded_pose_reaches_1_and_gives_the_neutral():
    names = ["mouthPucker", "mouthSmileLeft"]
    values = np.stack([0.2 + 0.1 * smooth(0), 0.1 * smooth(1)], 1)
    poses = {
        "neutral": np.full((30, 2), [0.2, 0.0]),
        "pucker": np.full((30, 2), [0.7, 0.0]),
    }
    curves, found = calibrate(names, values, FPS, SPEECH, poses=poses)
    assert found.scales["mouthPucker"].by == "pucker"
    assert found.scales["mouthSmileLeft"].by == "speech"
    np.testing.assert_allclose(curves[:, I["mouthPucker"]], 0.2 * smooth(0), atol=1e-6)


def test_unknown_poses_and_poses_without_a_face_are_errors():
    values = smooth(0)[:, None]
    with pytest.raises(MarotteError, match="no pose 'grin': use neutral, open"):
        fit(["jawOpen"], values, SPEECH, poses={"grin": values})
    with pytest.raises(MarotteError, match="no face was found in the pose 'smile'"):
        fit(["jawOpen"], values, SPEECH, poses={"smile": values * np.nan})


def test_the_head_shows_the_measured_lip_gap():
    gap_mm = 0.3 + 14 * smooth(4)
    names = ["jawOpen", "mouthLowerDownLeft", "mouthFunnel", "mouthClose"]
    values = np.stack(
        [0.3 * smooth(4) + 0.05 * smooth(0), 0.02 * smooth(4), 0.01 * smooth(5), 0.02 * smooth(6)],
        1,
    )
    curves, found = calibrate(names, values, FPS, SPEECH, gap_mm)
    shown = load_head().lip_gap(curves, ARKIT_52.names)
    rest = load_head().lip_gap(ARKIT_52.neutral(1), ARKIT_52.names)[0]
    opened = SPEECH & (gap_mm > 2 * CONTACT_MM + 0.3)
    np.testing.assert_allclose(shown[opened] - rest, gap_mm[opened] - 0.3, atol=0.02)
    assert np.corrcoef(shown[SPEECH], gap_mm[SPEECH])[0, 1] > 0.99
    assert shown[SPEECH].std() == pytest.approx(gap_mm[SPEECH].std(), rel=0.1)
    pressed = SPEECH & found.lip_gap.touching(gap_mm)
    assert pressed.any()
    assert shown[pressed].max() < rest
    assert curves[~SPEECH].max() < 1e-6


def test_adjusting_the_lip_gap_changes_the_controls_as_little_as_possible():
    # A gap that the jaw shows already stays with the jaw.
    head = load_head()
    curves = np.zeros((2, 52))
    curves[:, I["jawOpen"]] = 0.2
    gap_mm = head.lip_gap(curves, ARKIT_52.names).astype(float)
    lips = fit_lip_gap(gap_mm * 0 + head.lip_gap_weights(ARKIT_52.names)[0], np.zeros(9))
    same = lips.impose(curves, gap_mm, np.ones(2, bool))
    np.testing.assert_allclose(same, curves, atol=1e-6)
    wider = lips.impose(curves, gap_mm + 3, np.ones(2, bool))
    assert wider[0, I["jawOpen"]] > 0.2
    assert wider[0, I["mouthUpperUpLeft"]] > 0
    assert wider[0, I["mouthClose"]] == 0
    untouched = [
        n for n in ARKIT_52.names if not n.startswith(("jawOpen", "mouthUpper", "mouthLower"))
    ]
    assert not wider[:, [I[n] for n in untouched]].any()


def test_a_person_who_rests_with_an_open_mouth_rests_on_the_head():
    gap_mm = 3.0 + 10 * smooth(4) - 2.8 * (smooth(5) > 0.6)
    curves, found = calibrate(["jawOpen"], 0.3 * smooth(4)[:, None], FPS, SPEECH, gap_mm)
    assert found.lip_gap.rest_mm == 3.0
    assert found.lip_gap.closed_mm < 1
    assert curves[~SPEECH].max() < 1e-6


def test_short_gaps_are_interpolated_and_long_ones_stay_marked():
    values = np.arange(20.0)[:, None].repeat(2, 1)
    values[3:5, 0] = np.nan  # 80 ms
    values[8:11] = np.nan  # 120 ms
    values[19] = np.nan  # no face after it
    filled = fill_short_gaps(values, FPS)
    np.testing.assert_allclose(filled[3:5, 0], [3, 4])
    assert np.isnan(filled[8:11]).all()
    assert np.isnan(filled[19]).all()
    assert np.isnan(values[3, 0])


def test_frames_without_a_face_have_no_curves():
    values = 0.3 * smooth(0)[:, None]
    values[400:450] = np.nan
    curves, _ = calibrate(["jawOpen"], values, FPS, SPEECH)
    assert np.isnan(curves[400:450]).all()
    assert np.isfinite(np.delete(curves, np.s_[400:450], 0)).all()


def test_too_little_speech_or_rest_is_an_error():
    values = smooth(0)[:, None]
    with pytest.raises(MarotteError, match="only 0 frames show a face that speaks"):
        fit(["jawOpen"], values, np.zeros(N, bool))
    with pytest.raises(MarotteError, match="only 0 frames show the face at rest"):
        fit(["jawOpen"], values, np.ones(N, bool))
