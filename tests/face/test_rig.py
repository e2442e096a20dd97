import json
from pathlib import Path

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.face.loading import load_rig
from marotte.face.rig import ARKIT_52, Rig


def test_arkit_has_52_controls_in_the_order_everyone_uses() -> None:
    assert len(ARKIT_52.names) == len(set(ARKIT_52.names)) == 52
    assert ARKIT_52.names[0] == "eyeBlinkLeft"
    assert ARKIT_52.names[-1] == "tongueOut"
    assert ARKIT_52.index["jawOpen"] == 17
    assert set(ARKIT_52.speech) < set(ARKIT_52.names)


def test_controls_are_held_to_their_ranges() -> None:
    rig = Rig("two", ("a", "b"), (0.0, -1.0), (1.0, 1.0), ("a",))
    wild = np.float32([[-2, -2], [0.5, 0.5], [2, 2]])
    held = rig.clamp(wild)
    assert held.dtype == np.float32
    assert held.tolist() == [[0, -1], [0.5, 0.5], [1, 1]]


def test_neutral_is_zero() -> None:
    assert ARKIT_52.neutral(3).shape == (3, 52)
    assert not ARKIT_52.neutral(3).any()


@pytest.mark.parametrize(
    ("names", "minimum", "maximum", "speech", "message"),
    [
        ((), (), (), (), "has no controls"),
        (("a", "a"), (0, 0), (1, 1), (), "names 'a' more than once"),
        (("a", "b"), (0,), (1, 1), (), "one minimum and one maximum"),
        (("a",), (1,), (1,), (), "range of 'a' is empty"),
        (("a",), (0,), (float("nan"),), (), "range of 'a' is empty"),
        (("a",), (0,), (1,), ("b",), "no control 'b' for speech"),
    ],
)
def test_a_rig_that_contradicts_itself_is_refused(
    names: tuple[str, ...],
    minimum: tuple[float, ...],
    maximum: tuple[float, ...],
    speech: tuple[str, ...],
    message: str,
) -> None:
    with pytest.raises(MarotteError, match=message):
        Rig("bad", names, minimum, maximum, speech)


def test_a_rig_file_is_read(tmp_path: Path) -> None:
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
        ('{"controls": [{"name": "a", "max": "1"}]}', "'max' of 'a' is not a number"),
        ('{"controls": []}', "has no controls"),
    ],
)
def test_a_bad_rig_file_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(MarotteError, match=message):
        load_rig(path)


def test_a_missing_rig_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="no rig file at"):
        load_rig(tmp_path / "none.json")
