"""Tests of the held-out fifth of captured speech."""

from __future__ import annotations

import hashlib

import pytest

from marotte.learn.capture.split import held_out, held_out_names

CLIPS = [f"clip{number}" for number in range(2_000)]


def test_a_fifth_is_held_out() -> None:
    assert sum(map(held_out, CLIPS)) / len(CLIPS) == pytest.approx(0.2, abs=0.02)


def test_the_rule_is_the_documented_one() -> None:
    for name in ("bbaf2n", "srah6p", "ünnep"):
        first_64_bits = hashlib.sha256(name.encode("utf-8")).hexdigest()[:16]
        assert held_out(name) == (int(first_64_bits, 16) < 2**64 / 5)


def test_large_sets_follow_the_rule_of_single_names() -> None:
    chosen = held_out_names(CLIPS)
    assert chosen == {name for name in CLIPS if held_out(name)}
    assert chosen >= held_out_names(CLIPS[:500])  # more clips change nothing for the others


def test_small_sets_hold_out_their_lowest_hashes() -> None:
    takes = [f"take{number}" for number in range(11)]
    by_hash = sorted(takes, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    assert held_out_names(takes) == set(by_hash[:2])
    assert held_out_names(takes[:5]) == {min(takes[:5], key=by_hash.index)}
    assert held_out_names(["alone"]) == {"alone"}
    assert held_out_names([]) == frozenset()
