"""A tone played through the loudspeaker; what the microphone heard of it out. For `doctor`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.realtime.inputs.microphone import microphones

TONE_HZ = 880.0  # in the middle of what small loudspeakers and microphones carry
TONE_S, BEFORE_S, AFTER_S = 0.5, 0.3, 0.7
TONE_LEVEL = 0.2
BLOCK_S = 0.02
CLEAR = 4.0  # how much louder than the room, at its frequency, a tone is that was heard
QUIETEST = 1e-5


class Heard(NamedTuple):
    """What a microphone recorded while the tone was played.

    Attributes:
        tone_db: level of the tone, of full scale.
        room_db: level at the tone's frequency before it, of full scale.
        delay_ms: time from playing to hearing; None if the tone was not heard.
    """

    tone_db: float
    room_db: float
    delay_ms: float | None


def play_and_hear(devices: Any) -> Heard:
    """Play the tone on the default devices, and record at the same time.

    Args:
        devices: the module sounddevice.

    Raises:
        MarotteError: there is no loudspeaker or no microphone, or they can't be opened.
    """
    found = microphones(devices)
    if not found:
        raise MarotteError("there is no microphone")
    if not any(device["max_output_channels"] > 0 for device in devices.query_devices()):
        raise MarotteError("there is no loudspeaker")
    rate = round(devices.query_devices(found[0][0])["default_samplerate"])
    try:
        recorded = devices.playrec(tone(rate), samplerate=rate, channels=1, blocking=True)
    except (devices.PortAudioError, ValueError) as error:
        raise MarotteError(
            f"loudspeaker and microphone can't be opened together ({error})"
        ) from error
    return what_was_heard(np.asarray(recorded, np.float32).reshape(-1), rate)


def tone(rate: int) -> NDArray[np.float32]:
    """Return the tone [n] with silence around it; it begins and ends softly.

    Example:
        >>> from marotte.realtime.tone_loop import tone
        >>> len(tone(16_000)) / 16_000
        1.5
    """
    time_s = np.arange(round(TONE_S * rate)) / rate
    soft = np.clip(np.minimum(time_s, TONE_S - time_s) / BLOCK_S, 0, 1)
    sound = TONE_LEVEL * soft * np.sin(2 * np.pi * TONE_HZ * time_s)
    padding = round(BEFORE_S * rate), round(AFTER_S * rate)
    return np.pad(sound, padding).astype(np.float32)


def what_was_heard(recorded: NDArray[np.float32], rate: int) -> Heard:
    """Find the tone in what was recorded [n] while it was played.

    Example:
        >>> from marotte.realtime.tone_loop import tone, what_was_heard
        >>> heard = what_was_heard(0.1 * tone(16_000), 16_000)
        >>> round(heard.tone_db), heard.delay_ms
        (-34, 0.0)
    """
    n = round(BLOCK_S * rate)
    blocks = recorded[: len(recorded) // n * n].reshape(-1, n)
    # The strength of one frequency in each block (Goertzel's filter as a product).
    wave = np.exp(-2j * np.pi * TONE_HZ * np.arange(n) / rate) * np.hanning(n)
    strength = 2 * np.abs(blocks @ wave) / np.hanning(n).sum()
    n_before = round(BEFORE_S / BLOCK_S)
    room, loudest = float(np.median(strength[:n_before])), float(np.sort(strength)[-5:].mean())
    heard = strength > max(loudest / 2, CLEAR * room, CLEAR * QUIETEST)
    delay_ms = None
    if heard.sum() > 0.5 * TONE_S / BLOCK_S:  # a click is not a tone
        delay_ms = 1000 * max(0.0, (int(np.argmax(heard)) - n_before) * BLOCK_S - BLOCK_S)
    return Heard(_db(loudest), _db(room), delay_ms)


def _db(level: float) -> float:
    return 20 * float(np.log10(max(level, QUIETEST)))
