"""Tests of agreement between curves: known values, and the plain definitions."""

from __future__ import annotations

import numpy as np
import pytest

from marotte.learn.capture import agreement

ALL = np.ones(400, bool)


def noise(n: int = 400, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def test_correlation_is_pearsons_in_the_chosen_frames() -> None:
    first, second = noise(), noise(seed=1)
    where = np.arange(400) % 3 == 0
    expected = np.corrcoef(first[where], second[where])[0, 1]
    assert agreement.correlation(first, second, where) == pytest.approx(expected)
    assert np.isnan(agreement.correlation(first, np.zeros(400), where))
    assert np.isnan(agreement.correlation(first, second, ~ALL))


@pytest.mark.parametrize("late", [-18, -3, 0, 7, 18])
def test_the_best_lag_is_found_within_300_ms(late: int) -> None:
    curve = np.convolve(noise(500), np.ones(5), "same")
    first, second = curve[50:450], curve[50 - late : 450 - late]
    assert agreement.best_lag(first, second, ALL, 60.0) == (pytest.approx(1.0), late)


def test_the_mask_moves_with_the_first_curve() -> None:
    first = noise()
    second, where = np.roll(first, 4), np.arange(400) < 300
    second[350:] = 0  # outside the mask
    assert agreement.best_lag(first, second, where, 60.0).frames == 4


def test_a_still_face_has_no_lag() -> None:
    correlation, frames = agreement.best_lag(noise(), np.zeros(400), ALL, 60.0)
    assert np.isnan(correlation)
    assert frames == 0


def test_sd_ratio() -> None:
    first = noise()
    assert agreement.sd_ratio(first, 3 - 2 * first, ALL) == pytest.approx(2)
    assert np.isnan(agreement.sd_ratio(np.zeros(400), first, ALL))


def test_effective_dimensions_count_independent_movements() -> None:
    values = np.stack([noise(20_000, seed) for seed in range(5)], 1)
    where = np.ones(20_000, bool)
    assert agreement.effective_dimensions(values, where) == pytest.approx(5, abs=0.05)
    tied = np.concatenate([values[:, :2], 0.1 * values[:, :2], 0.001 * values[:, 2:]], 1)
    assert agreement.effective_dimensions(tied, where) == pytest.approx(2, abs=0.05)  # 3 are still
    assert agreement.effective_dimensions(values[:, :1], where) == 1
    assert np.isnan(agreement.effective_dimensions(0 * values, where))


def slow_closures(gap: np.ndarray) -> list[int]:
    """Find closures by the definition, frame by frame."""
    low, high = np.percentile(gap, [2, 95])
    n = (gap - low) / (high - low)
    found = []
    for i in range(1, len(n) - 1):
        if not (n[i - 1] > n[i] < n[i + 1] and n[i] < 0.35):
            continue
        sides = []
        for step in (-1, 1):
            j, highest = i, n[i]
            while 0 <= j < len(n) and n[j] >= n[i]:
                highest, j = max(highest, n[j]), j + step
            sides.append(highest - n[i])
        if min(sides) >= 0.25:
            found.append(i)
    return found


def test_closures_are_deep_minima() -> None:
    gap = np.convolve(noise(3_000), np.ones(4), "same")
    found = agreement.closure_frames(gap)
    assert found.tolist() == slow_closures(gap)
    assert len(found) > 50
    assert agreement.closure_frames(10 * gap + 3).tolist() == found.tolist()  # any unit
    assert not len(agreement.closure_frames(np.zeros(50)))
    assert not len(agreement.closure_frames(np.zeros(1)))


def test_closures_match_one_to_one_within_67_ms() -> None:
    real = np.array([10, 100, 200, 300])
    assert agreement.closure_f1(real, real + 4, 60.0) == 1
    assert agreement.closure_f1(real, real + 5, 60.0) == 0
    assert agreement.closure_f1(real, real + 9, 60.0, late_frames=9) == 1
    assert agreement.closure_f1(real, np.array([9, 11, 12]), 60.0) == pytest.approx(2 / 7)
    assert agreement.closure_f1(real, np.zeros(0, int), 60.0) == 0
    assert np.isnan(agreement.closure_f1(np.zeros(0, int), np.zeros(0, int), 60.0))


def test_chance_is_what_shifted_closures_reach() -> None:
    rng = np.random.default_rng(0)
    real, ours = (np.cumsum(rng.integers(8, 60, 2_000)) for _ in range(2))
    n_frames = int(max(real[-1], ours[-1])) + 1
    by_chance = agreement.chance_f1(real, real, n_frames, 60.0)
    assert by_chance == pytest.approx(agreement.closure_f1(real, ours, 60.0), abs=0.05)
