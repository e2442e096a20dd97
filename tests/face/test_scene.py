"""Sizes and backgrounds of videos, as they are given on the command line."""

import pytest

from marotte.errors import MarotteError
from marotte.face.scene import BACKGROUND, parse_background, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("640x640", (640, 640)), (" 1920 X 1080", (1920, 1080)), ("64×4096", (64, 4096))],
)
def test_sizes(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("640", "give width and height, such as 1280x720"),
        ("-640x640", "give width and height"),
        ("640x641", "videos have even sides: use 640x642"),
        ("62x640", "give sides of 64 to 4096 pixels"),
        ("640x8000", "give sides of 64 to 4096 pixels"),
        ("9" * 5000 + "x640", "give width and height"),
    ],
)
def test_bad_sizes(text: str, message: str) -> None:
    with pytest.raises(MarotteError, match=message):
        parse_size(text)


def test_backgrounds() -> None:
    assert parse_background("#FF8000") == pytest.approx((1.0, 128 / 255, 0.0))
    assert parse_background("0f0") == parse_background("green") == (0.0, 1.0, 0.0)
    assert parse_background("Transparent") is None
    red, green, blue = (round(255 * part) for part in BACKGROUND)
    assert parse_background(f"{red:02x}{green:02x}{blue:02x}") == pytest.approx(
        BACKGROUND, abs=0.01
    )
    for text in ("", "mauve", "#12345", "#gggggg"):
        with pytest.raises(MarotteError, match="give #rrggbb, black, white"):
            parse_background(text)
