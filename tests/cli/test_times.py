"""Times, timecodes and frame rates as people write them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from marotte.cli.times import fps_text, parse_fps, parse_time, parse_timecode
from marotte.errors import MarotteError


def test_names_of_ntsc_rates_are_exact() -> None:
    assert parse_fps("29.97") == parse_fps("30000/1001") == 30_000 / 1001
    assert parse_fps("23.976") == 24_000 / 1001
    assert fps_text(parse_fps("59.94")) == "59.94 (60000/1001)"
    assert [parse_fps(text) for text in ("25", "12.5", " 60 ", "1e2")] == [25, 12.5, 60, 100]


@pytest.mark.parametrize("text", ["", "fast", "1/0", "30fps"])
def test_other_rates_are_errors(text: str) -> None:
    with pytest.raises(MarotteError, match="--fps must be a number or a fraction"):
        parse_fps(text)


@pytest.mark.parametrize("text", ["", "-1", "1:2:3:4", "1m", "::"])
def test_other_times_are_errors(text: str) -> None:
    with pytest.raises(MarotteError, match="a time must look like"):
        parse_time(text)


def test_timecodes_count_frames_of_the_rate() -> None:
    assert parse_timecode("10:00:00:00", 60.0) == 36_000
    assert parse_timecode("00:00:01:15", 30_000 / 1001) == Fraction(3, 2)
    assert parse_timecode("00:01:00;02", 30_000 / 1001) == 60 + Fraction(2, 30)
    assert parse_timecode("00:00:59", 24.0) == 59


@pytest.mark.parametrize("text", ["24:00:00:00", "00:60:00:00", "00:00:00:24", "1:2", "x"])
def test_other_timecodes_are_errors(text: str) -> None:
    with pytest.raises(MarotteError, match="--offset must be a timecode"):
        parse_timecode(text, 24.0)
