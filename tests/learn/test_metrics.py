"""Metrics of lip gaps with known values."""

import numpy as np
import pytest

from marotte.learn.metrics import CLOSED_MM, closures, jitter, open_share, pool
from marotte.learn.utterance import Phone

PHONES = (Phone("b", 0.1, 0.2), Phone("ɑ", 0.2, 0.4), Phone("m", 0.4, 0.5), Phone("i", 0.5, 0.6))


def gap(**values):
    """Return a lip gap of 10 mm, with other values in some frames: `gap(f9=0.5)`."""
    gap_mm = np.full(60, 10.0)
    for frame, value in values.items():
        gap_mm[int(frame[1:])] = value
    return gap_mm


def test_a_closure_counts_within_k_frames_of_the_middle():
    measured = closures(
        gap(f11=0.5, f30=0.5), 60, PHONES
    )  # the middle of b is frame 9, of m frame 27
    assert measured.bilabial_mm.tolist() == [0.5, 10]
    assert measured.pbm == 0.5
    assert measured.false_closure == 0


def test_false_closures_are_counted_in_the_middle_of_the_vowel():
    assert closures(gap(f18=CLOSED_MM), 60, PHONES).false_closure == 1
    assert closures(gap(f17=CLOSED_MM), 60, PHONES).false_closure == 0


def test_a_closed_mouth_closes_all_bilabials_and_vowels():
    shut = closures(np.zeros(60), 60, PHONES)
    assert (shut.pbm, shut.false_closure, shut.auc) == (1, 1, 0.5)


def test_auc_is_1_if_bilabials_and_vowels_are_separate():
    assert closures(gap(f9=0, f27=0), 60, PHONES).auc == 1
    assert closures(gap(f18=0), 60, PHONES).auc == 0


def test_pool_concatenates():
    both = pool([closures(gap(), 60, PHONES), closures(gap(f9=0), 60, PHONES)])
    assert len(both.bilabial_mm) == 4
    assert both.pbm == 0.25
    assert np.isnan(pool([]).pbm)


def test_jitter_of_uniform_alternating_and_no_motion():
    assert jitter(np.arange(10.0), 60) == pytest.approx(0)
    assert jitter(np.tile([0.0, 1.0], 20), 60) == pytest.approx(2)
    assert jitter(np.zeros(10), 60) == 0


def test_balanced_needs_closed_bilabials_and_open_vowels():
    assert closures(np.zeros(60), 60, PHONES).balanced == 0.5
    assert closures(gap(f9=0, f27=0), 60, PHONES).balanced == 1


def test_timing_is_where_the_lips_are_nearest():
    # The middle of b is 0.150 s, frame 9; the middle of m is 0.450 s, frame 27.
    measured = closures(gap(f8=0.1, f9=0.15, f10=0.0, f29=0.0), 60, PHONES)
    assert measured.offset_ms == pytest.approx([0, 2000 / 60])
    assert measured.timing_ms == pytest.approx(1000 / 60)


def test_contact_is_the_adjacent_closed_frames():
    closed = {f"f{frame}": 1.0 for frame in (4, 8, 9, 10, 12)}
    measured = closures(gap(**closed), 60, PHONES)
    assert measured.contact_ms == pytest.approx([50, 0])
    assert measured.mean_contact_ms == pytest.approx(25)


def test_contact_is_limited_to_the_search_range():
    assert closures(np.zeros(60), 60, PHONES).contact_ms == pytest.approx([13 / 0.06, 13 / 0.06])


def test_open_share():
    assert open_share(np.array([CLOSED_MM, CLOSED_MM + 0.1])) == 0.5
