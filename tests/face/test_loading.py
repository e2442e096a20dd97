"""Heads and rigs are loaded from files; a bad file is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.face.loading import ASSET, load_head, load_rig
from marotte.face.rig import ARKIT_NAMES, Rig


def test_head_asset_is_small_and_complete():
    head = load_head()
    assert ASSET.stat().st_size <= 400_000
    assert head.names == ARKIT_NAMES
    assert head.neutral.dtype == head.deltas.dtype == head.colours.dtype == np.float32
    assert np.unique(head.faces).tolist() == list(range(len(head.neutral)))
    assert len(head.triangles) == 2 * len(head.faces)
    assert (np.abs(head.deltas).max((1, 2)) > 0.5).all(), "every control moves something"


def test_rig_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(
        json.dumps(
            {
                "name": "mine",
                "controls": [
                    {"name": "open", "speech": True},
                    {"name": "tilt", "min": -1, "max": 2.5},
                ],
            }
        )
    )
    assert load_rig(path) == Rig("mine", ("open", "tilt"), (0.0, -1.0), (1.0, 2.5), ("open",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a readable JSON rig file"),
        ("[]", "needs a list 'controls'"),
        ('{"controls": 3}', "needs a list 'controls'"),
        ('{"controls": [{}]}', "every control needs a 'name'"),
        ('{"controls": [{"name": "a", "mx": 1}]}', "unknown key 'mx'"),
        ('{"controls": [{"name": "a", "max": "1"}]}', "'max' of 'a' is not a finite number"),
        ('{"controls": [{"name": "a", "max": ' + "9" * 400 + "}]}", "is not a finite number"),
        ('{"controls": [{"name": "a", "max": ' + "9" * 5000 + "}]}", "is not a finite number"),
        ('{"controls": [{"name": "a", "max": 1e7}]}', "empty or endless"),
        ("[" * 100_000, "nested too deeply"),
        ('{"name": "/../../victim", "controls": [{"name": "a"}]}', "use 1 to 64 letters"),
        ('{"name": "..", "controls": [{"name": "a"}]}', "use 1 to 64 letters"),
        ('{"controls": []}', "has no controls"),
    ],
)
def test_bad_rig_file_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(MarotteError, match=message):
        load_rig(path)


def test_missing_rig_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="no rig file at"):
        load_rig(tmp_path / "none.json")
