"""A rig: the order and ranges of its controls."""

from __future__ import annotations

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52, Rig


def test_arkit_has_52_controls_in_the_usual_order() -> None:
    assert len(ARKIT_52.names) == len(set(ARKIT_52.names)) == 52
    assert ARKIT_52.names[0] == "eyeBlinkLeft"
    assert ARKIT_52.names[-1] == "tongueOut"
    assert ARKIT_52.index["jawOpen"] == 17
    assert set(ARKIT_52.speech) < set(ARKIT_52.names)


def test_controls_are_clamped_to_their_ranges() -> None:
    rig = Rig("two", ("a", "b"), (0.0, -1.0), (1.0, 1.0), ("a",))
    controls = np.float32([[-2, -2], [0.5, 0.5], [2, 2]])
    clamped = rig.clamp(controls)
    assert clamped.dtype == np.float32
    assert clamped.tolist() == [[0, -1], [0.5, 0.5], [1, 1]]


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
def test_rig_that_contradicts_itself_is_an_error(
    names: tuple[str, ...],
    minimum: tuple[float, ...],
    maximum: tuple[float, ...],
    speech: tuple[str, ...],
    message: str,
) -> None:
    with pytest.raises(MarotteError, match=message):
        Rig("bad", names, minimum, maximum, speech)
