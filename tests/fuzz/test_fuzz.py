"""Damaged files of every kind are read or refused: no other error, no crash, no endless work."""

import os

import pytest
from cases import damaged_files, run, whole_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kinds import KINDS

FAST = [kind for kind in KINDS if not kind.slow]


@pytest.fixture(autouse=True)
def restored_environment(monkeypatch):
    monkeypatch.setenv("MAROTTE_DEBROOT", os.environ.get("MAROTTE_DEBROOT", ""))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_whole_files_are_read(kind):
    outcome = run(kind, whole_files(kind))
    assert (outcome.message, outcome.fault) == ("", "")


@pytest.mark.parametrize("kind", FAST, ids=lambda kind: kind.name)
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(random=st.randoms(use_true_random=False))
def test_damaged_files_are_read_or_refused(kind, random):
    assert run(kind, damaged_files(kind, random)).fault == ""
