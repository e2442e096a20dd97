"""Text of the command line in; frame rates, times and timecodes out, and times as text."""

from __future__ import annotations

import re
from fractions import Fraction

from marotte.errors import MarotteError

_NTSC = {"23.976": 24, "23.98": 24, "29.97": 30, "47.952": 48, "59.94": 60, "119.88": 120}
"""What people call the rates of NTSC video; exactly they are n * 1000 / 1001."""

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")
_TIMECODE = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[:;](\d{1,3}))?")


def parse_fps(text: str) -> float:
    """Return a frame rate: a number, a fraction, or the name of an NTSC rate.

    Raises:
        MarotteError: the text is none of them.

    Example:
        >>> from marotte.cli.times import parse_fps
        >>> parse_fps("24"), parse_fps("30000/1001") == parse_fps("29.97") == 30_000 / 1001
        (24.0, True)
    """
    text = str(text).strip()
    if text in _NTSC:
        return _NTSC[text] * 1000 / 1001
    try:
        return float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError):
        pass
    try:
        return float(text)  # nan and inf: the check of the rate refuses them
    except ValueError:
        raise MarotteError(
            f"--fps must be a number or a fraction such as 30000/1001, got {text!r}"
        ) from None


def fps_text(fps: float) -> str:
    """Return a frame rate as text; an NTSC rate with its fraction.

    Example:
        >>> from marotte.cli.times import fps_text
        >>> fps_text(60.0), fps_text(24_000 / 1001)
        ('60', '23.976 (24000/1001)')
    """
    nearest = round(fps)
    if nearest and fps == nearest * 1000 / 1001:
        return f"{fps:.5g} ({nearest * 1000}/1001)"
    return f"{fps:g}"


def parse_time(text: str) -> float:
    """Return a time in seconds: `90`, `90.5`, `1:30` or `0:01:30.5`.

    Raises:
        MarotteError: the text is not a time.

    Example:
        >>> from marotte.cli.times import parse_time
        >>> parse_time("90.5"), parse_time("1:30"), parse_time("1:00:00")
        (90.5, 90.0, 3600.0)
    """
    match = _CLOCK.fullmatch(text.strip())
    if not match:
        raise MarotteError(f"a time must look like 90.5, 1:30 or 0:01:30.5, got {text!r}")
    hours, minutes, seconds = match.groups(default="0")
    return 3600.0 * int(hours) + 60 * int(minutes) + float(seconds)


def parse_timecode(text: str, fps: float) -> Fraction:
    """Return a timecode `HH:MM:SS:FF` as hours, minutes, seconds and the share of a second.

    FF counts frames of the rate, rounded to a whole number. With a semicolon before it, the
    timecode is of the drop-frame kind, which has other labels, but is read in the same way.

    Raises:
        MarotteError: the text is not a timecode.

    Example:
        >>> from marotte.cli.times import parse_timecode
        >>> parse_timecode("01:00:00:12", 24.0)
        Fraction(7201, 2)
    """
    match = _TIMECODE.fullmatch(text.strip())
    if match:
        hours, minutes, seconds, frames = (int(part or 0) for part in match.groups())
        per_second = max(1, round(fps))
        if hours < 24 and minutes < 60 and seconds < 60 and frames < per_second:
            return Fraction(3600 * hours + 60 * minutes + seconds) + Fraction(frames, per_second)
    raise MarotteError(
        f"--offset must be a timecode HH:MM:SS:FF with frames below {max(1, round(fps))} at "
        f"{fps:g} fps, got {text!r}"
    )


def duration_text(seconds: float) -> str:
    """Return a duration as people read it.

    Example:
        >>> from marotte.cli.times import duration_text
        >>> [duration_text(each) for each in (0.034, 7.85, 83, 4_000)]
        ['0.034 s', '7.8 s', '1 min 23 s', '1 h 6 min']
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def speed_text(sound_s: float, work_s: float) -> str:
    """Return how fast sound was animated.

    Example:
        >>> from marotte.cli.times import speed_text
        >>> speed_text(60.0, 1.0), speed_text(1.0, 2.0)
        ('60 times faster than real time', '0.5 × real time')
    """
    speed = sound_s / max(work_s, 1e-9)
    return f"{speed:.0f} times faster than real time" if speed >= 2 else f"{speed:.1f} × real time"
