"""The contract in the metadata of a student's file: strict, and complete."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from synthetic import TINY

from marotte.errors import MarotteError
from marotte.model.contract import Contract, golden_input


def test_contract_survives_a_round_trip_through_json() -> None:
    assert Contract.from_metadata(TINY.to_json(), "here") == TINY


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda contract: contract.pop("norm"), "lacks the key 'norm'"),
        (lambda contract: contract.update(mood="glad"), "has the key 'mood'"),
        (lambda contract: contract.update(name=3), "'name' in the contract must be str, got 3"),
        (lambda contract: contract.update(past_samples=True), "must be int, got True"),
        (lambda contract: contract.update(names="jawOpen"), "got 'jawOpen'"),
        (lambda contract: contract.update(golden=[0, None]), r"got \[0, None\]"),
    ],
)
def test_contract_is_strict(change: Callable[[dict[str, Any]], Any], message: str) -> None:
    contract = asdict(TINY)
    change(contract)
    with pytest.raises(MarotteError, match=message):
        Contract.from_metadata(json.dumps(contract), "here")


def test_golden_input_never_changes() -> None:
    samples = golden_input(8192)
    assert samples.dtype == np.float32
    assert 0.4 < np.abs(samples).max() <= 0.5
    # The golden outputs of all exported students were computed for exactly this signal.
    assert samples[[0, 1000, 8191]] == pytest.approx([0, 0.230896, 0.005834], abs=1e-5)
