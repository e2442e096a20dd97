import numpy as np
import pytest

from marotte.learn.metrics import CLOSED_MM, closures, jitter, open_share, pool
from marotte.learn.utterance import Phone

PHONES = (Phone("b", 0.1, 0.2), Phone("ɑ", 0.2, 0.4), Phone("m", 0.4, 0.5), Phone("i", 0.5, 0.6))


def gap(**at):
    result = np.full(60, 10.0)
    for frame, value in at.items():
        result[int(frame[1:])] = value
    return result


def test_a_closure_counts_within_k_frames_of_the_middle():
    found = closures(gap(f11=0.5, f30=0.5), 60, PHONES)  # b's middle is 9, m's is 27
    assert found.bilabial_mm.tolist() == [0.5, 10]
    assert found.pbm == 0.5
    assert found.false_closure == 0


def test_false_closure_is_the_vowel_at_its_middle():
    assert closures(gap(f18=CLOSED_MM), 60, PHONES).false_closure == 1
    assert closures(gap(f17=CLOSED_MM), 60, PHONES).false_closure == 0


def test_a_mouth_that_never_opens_closes_every_p():
    shut = closures(np.zeros(60), 60, PHONES)
    assert (shut.pbm, shut.false_closure, shut.auc) == (1, 1, 0.5)


def test_auc_is_the_chance_to_tell_them_apart():
    assert closures(gap(f9=0, f27=0), 60, PHONES).auc == 1
    assert closures(gap(f18=0), 60, PHONES).auc == 0


def test_pool_adds_up():
    both = pool([closures(gap(), 60, PHONES), closures(gap(f9=0), 60, PHONES)])
    assert len(both.bilabial_mm) == 4
    assert both.pbm == 0.25
    assert np.isnan(pool([]).pbm)


def test_jitter():
    assert jitter(np.arange(10.0), 60) == pytest.approx(0)
    assert jitter(np.tile([0.0, 1.0], 20), 60) == pytest.approx(2)
    assert jitter(np.zeros(10), 60) == 0


def test_balanced_is_between_closing_and_opening():
    assert closures(np.zeros(60), 60, PHONES).balanced == 0.5
    assert closures(gap(f9=0, f27=0), 60, PHONES).balanced == 1


def test_timing_is_where_lips_are_nearest():
    # b's middle is 0.150 s, frame 9; m's is 0.450 s, frame 27.
    found = closures(gap(f8=0.1, f9=0.15, f10=0.0, f29=0.0), 60, PHONES)
    assert found.offset_ms == pytest.approx([0, 2000 / 60])
    assert found.timing_ms == pytest.approx(1000 / 60)


def test_contact_is_one_piece_about_the_closure():
    closed = {f"f{frame}": 1.0 for frame in (4, 8, 9, 10, 12)}
    found = closures(gap(**closed), 60, PHONES)
    assert found.contact_ms == pytest.approx([50, 0])
    assert found.mean_contact_ms == pytest.approx(25)


def test_contact_is_not_the_silence_around():
    assert closures(np.zeros(60), 60, PHONES).contact_ms == pytest.approx([13 / 0.06, 13 / 0.06])


def test_open_share():
    assert open_share(np.array([CLOSED_MM, CLOSED_MM + 0.1])) == 0.5
