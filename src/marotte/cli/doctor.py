"""`marotte doctor`: what works on this machine, and what to do about the rest."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from time import perf_counter
from typing import Annotated, NamedTuple

import typer

EXAMPLES = ("marotte doctor", "marotte doctor --tone")

EXTRAS = {
    "video": ("MP4 videos, and sound from M4A, MP4, WebM, MKV", ("av", "moderngl")),
    "live": (
        "microphones, OSC outputs and the page in the browser",
        ("sounddevice", "pythonosc", "starlette", "uvicorn", "websockets"),
    ),
    "train": ("training of students", ("torch", "lightning_fabric", "onnx", "pyarrow")),
    "capture": ("faces from videos", ("av", "mediapipe")),
}
"""The extras that users ask for: what each is for, and the modules that it installs."""

VIEW_PORT = 5252
TEST_S, TEST_FPS = 2, 60


class Finding(NamedTuple):
    """A line of the report.

    Attributes:
        good: whether all is well; None if something that is not needed by all is missing.
        title: what was looked at.
        text: what was found, and what to do if it is not well.
    """

    good: bool | None
    title: str
    text: str


def doctor(
    tone: Annotated[
        bool,
        typer.Option(
            "--tone", help="Also play a tone, record it, and say what the microphone heard of it."
        ),
    ] = False,
) -> None:
    """Check what works here: packages, microphones, graphics, ports, and a short test.

    Each line that is not well says what to do.
    """
    well = True
    for finding in findings(tone):
        mark = {True: "ok", None: "-", False: "!!"}[finding.good]
        typer.echo(f"{mark:>2}  {finding.title:11} {finding.text}")
        well = well and finding.good is not False
    if not well:
        raise typer.Exit(1)


def findings(tone: bool = False) -> Iterator[Finding]:
    """Yield what is found; a check that fails in an unexpected way becomes a finding, too."""
    checks: dict[str, Callable[[], Finding]] = {
        "marotte": check_versions,
        **{f"[{extra}]": lambda extra=extra: check_extra(extra) for extra in EXTRAS},
        "microphone": check_microphones,
        **({"tone": check_tone} if tone else {}),
        "graphics": check_graphics,
        "port": check_port,
        "self-test": check_speed,
    }
    for title, check in checks.items():
        try:
            yield check()
        except Exception as error:
            yield Finding(False, title, " ".join(str(error).split()) or type(error).__name__)


def check_versions() -> Finding:
    """Say which versions are installed."""
    from marotte.version import __version__

    packages = " ".join(f"{name} {version(name)}" for name in ("numpy", "onnxruntime", "soundfile"))
    python = ".".join(map(str, sys.version_info[:3]))
    return Finding(True, "marotte", f"{__version__}, Python {python}, {packages}")


def check_extra(extra: str) -> Finding:
    """Say whether the packages of an extra are there."""
    purpose, modules = EXTRAS[extra]
    missing = [name for name in modules if find_spec(name) is None]
    if not missing:
        return Finding(True, f"[{extra}]", purpose)
    return Finding(
        None,
        f"[{extra}]",
        f"not installed ({', '.join(missing)}), needed for {purpose}: "
        f"pip install '.[{extra}]' in a clone of Marotte",
    )


def check_microphones() -> Finding:
    """List the microphones."""
    from marotte.errors import MarotteError
    from marotte.realtime.inputs.microphone import ALTERNATIVE, microphones, sound_devices

    try:
        found = microphones(sound_devices())
    except MarotteError as error:
        return Finding(None, "microphone", str(error))
    if not found:
        return Finding(None, "microphone", f"there is none: {ALTERNATIVE}")
    names = ", ".join(f"{number} {name}" for number, name in found)
    return Finding(True, "microphone", f"{names}; the first is used unless --device says another")


def check_tone() -> Finding:
    """Play a tone and say what the microphone heard of it."""
    from marotte.errors import MarotteError
    from marotte.realtime.inputs.microphone import sound_devices
    from marotte.realtime.tone_loop import play_and_hear

    try:
        heard = play_and_hear(sound_devices())
    except MarotteError as error:
        return Finding(None, "tone", f"not played: {error}")
    if heard.delay_ms is None:
        return Finding(
            False,
            "tone",
            f"played, but the microphone did not hear it ({heard.tone_db:.0f} dB, the room "
            f"{heard.room_db:.0f} dB): unplug headphones, turn the loudspeaker and the microphone "
            "up, and allow this terminal to use the microphone",
        )
    return Finding(
        True,
        "tone",
        f"played and heard at {heard.tone_db:.0f} dB (the room {heard.room_db:.0f} dB), "
        f"{heard.delay_ms:.0f} ms later",
    )


def check_graphics() -> Finding:
    """Say whether videos are rendered by OpenGL."""
    from contextlib import closing

    from marotte.face.loading import load_head
    from marotte.render import open_renderer

    try:
        version("moderngl")
    except PackageNotFoundError:
        return Finding(None, "graphics", "not looked at: it needs the extra video")
    with closing(open_renderer(load_head(), (64, 64))) as renderer:
        if renderer.note:
            return Finding(None, "graphics", f"{renderer.note}; videos work, but take longer")
    return Finding(True, "graphics", "OpenGL works")


def check_port() -> Finding:
    """Say whether the port of the page in the browser is free."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", VIEW_PORT))
        except OSError:
            return Finding(
                None,
                "port",
                f"{VIEW_PORT} is in use, perhaps by another marotte view: give one to --port",
            )
    return Finding(True, "port", f"{VIEW_PORT} is free for marotte view")


def check_speed() -> Finding:
    """Animate two seconds of sound as a stream, and say how much of the time that took."""
    import numpy as np

    from marotte.api import load

    model = load()
    stream = model.stream(fps=TEST_FPS)
    sound = 0.1 * np.sin(np.arange(TEST_S * 16_000) / 20) * (np.arange(TEST_S * 16_000) % 128 < 40)
    start_s = perf_counter()
    frames = [frame for block in np.split(sound, 100 * TEST_S) for frame in stream.push(block)]
    frames += stream.flush()
    work_s = perf_counter() - start_s
    share = f"{100 * work_s / TEST_S:.0f} % of real time on one core"
    if len(frames) != TEST_S * TEST_FPS:
        return Finding(
            False, "self-test", f"{len(frames)} of {TEST_S * TEST_FPS} frames came: install again"
        )
    if work_s > 0.7 * TEST_S:
        return Finding(
            False,
            "self-test",
            f"{share}, too slow to be live: close other programs, or use --fps 30 or --fps 25",
        )
    return Finding(True, "self-test", f"{TEST_S} s of live sound took {share}")
