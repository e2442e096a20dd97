"""A sound device in; its samples out, as they are heard. Needs the extra `live`."""

from __future__ import annotations

import time
from importlib import import_module
from threading import Event
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError, missing_extra
from marotte.realtime.inputs import Hear, Input, Say

BLOCK_S = 0.01
LOST_S = 1.0  # without a word from a device: it is gone
ALTERNATIVE = "play a file with --input FILE, or pipe raw samples into --input -"


def sound_devices() -> Any:
    """The module sounddevice.

    Raises:
        MarotteError: it, or the library PortAudio that it stands on, is not installed.
    """
    try:
        return import_module("sounddevice")
    except ImportError as error:
        raise missing_extra("sounddevice", "live") from error
    except OSError as error:
        raise MarotteError(
            "there is no PortAudio, which microphones need: install it (Debian: libportaudio2), "
            f"or {ALTERNATIVE}"
        ) from error


def microphones(devices: Any) -> list[tuple[int, str]]:
    """The number and name of everything that can be heard; the default comes first."""
    default = _default(devices)
    found = [
        (number, str(device["name"]))
        for number, device in enumerate(devices.query_devices())
        if device["max_input_channels"] > 0
    ]
    return sorted(found, key=lambda each: (each[0] != default, each[0]))


def choose(devices: Any, name: str | None) -> tuple[int, str]:
    """The microphone whose name has `name` in it, or the default one.

    Raises:
        MarotteError: there is none.
    """
    found = microphones(devices)
    if not found:
        raise MarotteError(f"there is no microphone: {ALTERNATIVE}")
    fitting = [each for each in found if name is None or name.lower() in each[1].lower()]
    if not fitting:
        known = ", ".join(repr(each[1]) for each in found)
        raise MarotteError(f"no microphone has {name!r} in its name: there are {known}")
    return fitting[0]


@final
class Microphone(Input):
    """Hears a sound device; waits for it to come back when it is lost."""

    def __init__(self, name: str | None = None) -> None:
        self.devices = sound_devices()
        self.number, self.name = choose(self.devices, name)
        self.rate, self.channels = self._first_that_opens()
        self._heard = 0.0

    def run(self, hear: Hear, stop: Event, say: Say) -> None:
        """Give away what is heard; silence while the device is away."""
        while not stop.is_set():
            try:
                self._listen(hear, stop)
            except self.devices.PortAudioError as error:
                say(f"{self.name}: {error}")
            if stop.is_set():
                return
            say(f"{self.name} is gone: waiting for it")
            self._wait_for_it(hear, stop)
            if not stop.is_set():
                say(f"{self.name} is back")

    def _listen(self, hear: Hear, stop: Event) -> None:
        """Hear until the device falls silent for good."""

        def callback(samples: NDArray[np.float32], _n: int, _time: Any, _status: Any) -> None:
            self._heard = time.perf_counter()
            hear(samples.mean(axis=1, dtype=np.float32), self._heard)

        with self._open(callback) as opened:
            self._heard = time.perf_counter()
            while not stop.wait(0.1):
                if not opened.active or time.perf_counter() - self._heard > LOST_S:
                    return

    def _wait_for_it(self, hear: Hear, stop: Event) -> None:
        silence = np.zeros(round(self.rate * BLOCK_S), np.float32)
        begun = time.perf_counter()
        done, asked = 0, begun
        while not stop.wait(max(0.0, begun + done * BLOCK_S - time.perf_counter())):
            done += 1
            hear(silence, begun + done * BLOCK_S)
            if time.perf_counter() - asked < LOST_S:
                continue
            asked = time.perf_counter()
            if self._is_back():
                return

    def _is_back(self) -> bool:
        # PortAudio looks for devices once, when it is initialised.
        self.devices._terminate()
        self.devices._initialize()
        numbers = [number for number, name in microphones(self.devices) if name == self.name]
        if not numbers:
            return False
        self.number = numbers[0]
        return self._opens(self.rate, self.channels)

    def _first_that_opens(self) -> tuple[int, int]:
        """A rate and a number of channels: 16 kHz and one if the device, or the system, has them.

        Raises:
            MarotteError: it can't be opened at all.
        """
        device = self.devices.query_devices(self.number)
        own, most = round(device["default_samplerate"]), int(device["max_input_channels"])
        for channels in (1, most):
            for rate in (SAMPLE_RATE, own):
                if self._opens(rate, channels):
                    return rate, channels
        raise MarotteError(
            f"can't open the microphone {self.name!r} at {SAMPLE_RATE} or {own} samples a second: "
            f"another program may hold it; or {ALTERNATIVE}"
        )

    def _opens(self, rate: int, channels: int) -> bool:
        try:
            self.devices.check_input_settings(self.number, channels, "float32", None, rate)
        except (self.devices.PortAudioError, ValueError):
            return False
        return True

    def _open(self, callback: Any) -> Any:
        return self.devices.InputStream(
            samplerate=self.rate,
            blocksize=round(self.rate * BLOCK_S),
            device=self.number,
            channels=self.channels,
            dtype="float32",
            latency="low",
            callback=callback,
        )


def _default(devices: Any) -> int:
    try:
        return int(devices.default.device[0])
    except (TypeError, IndexError):
        return -1
