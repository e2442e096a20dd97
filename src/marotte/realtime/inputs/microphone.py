"""Read a microphone through PortAudio. Needs the extra `live`."""

from __future__ import annotations

import time
from importlib import import_module
from threading import Event
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.channels import AUTO, LiveMix, check_channel
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError, missing_extra
from marotte.realtime.inputs import Input, OnSamples, Report

BLOCK_S = 0.01
# Devices of sound servers offer up to 128 channels, most of which do not exist: they are opened as
# mono, and the server mixes.
MOST_CHANNELS = 8
LOST_S = 1.0  # a device that delivers nothing for so long is gone; also the time between retries
ALTERNATIVE = "play a file with --input FILE, or pipe raw samples into --input -"


def sound_devices() -> Any:
    """Import and return the module sounddevice.

    Raises:
        MarotteError: sounddevice, or the library PortAudio that it needs, is not installed.
    """
    try:
        return import_module("sounddevice")
    except ImportError as error:
        raise missing_extra("sounddevice", "live") from error
    except OSError as error:
        raise MarotteError(
            "microphones need PortAudio, which is not installed: install it (Debian: "
            f"libportaudio2), or {ALTERNATIVE}"
        ) from error


def microphones(devices: Any) -> list[tuple[int, str]]:
    """Return the number and name of each device with an input, the default device first."""
    default = _default(devices)
    inputs = [
        (number, str(device["name"]))
        for number, device in enumerate(devices.query_devices())
        if device["max_input_channels"] > 0
    ]
    return sorted(inputs, key=lambda each: (each[0] != default, each[0]))


def choose(devices: Any, name: str | None) -> tuple[int, str]:
    """Return the number and name of a microphone.

    Args:
        devices: the module sounddevice.
        name: a part of the microphone's name in any case, or its number; None for the default one.

    Raises:
        MarotteError: no microphone matches.
    """
    available = microphones(devices)
    if not available:
        raise MarotteError(f"there is no microphone: {ALTERNATIVE}")
    if name is not None and name.isdecimal():
        matching = [each for each in available if each[0] == int(name)]
    else:
        matching = [each for each in available if name is None or name.lower() in each[1].lower()]
    if not matching:
        known = ", ".join(f"{number} {each!r}" for number, each in available)
        raise MarotteError(f"no microphone has {name!r} as number or name: choose one of {known}")
    return matching[0]


@final
class Microphone(Input):
    """A sound device. When it is unplugged, the input waits until it is back."""

    def __init__(self, name: str | None = None, channel: int | str = AUTO) -> None:
        """Find the device.

        Args:
            name: a part of its name, or its number; None for the default device.
            channel: which of its inputs holds the voice, as in `open_recording`.

        Raises:
            MarotteError: there is no such device, it can't be opened, or a package is missing.
        """
        self.devices = sound_devices()
        self.number, self.name = choose(self.devices, name)
        self.channel = channel
        inputs = int(self.devices.query_devices(self.number)["max_input_channels"])
        check_channel(channel, inputs, f"the microphone {self.name!r}")
        self.rate, self.channels = self._working_format(inputs)
        self._last_block_s = 0.0

    def run(self, on_samples: OnSamples, stop: Event, report: Report) -> None:
        """Read the device; give silence while it is gone."""
        while not stop.is_set():
            try:
                self._read(on_samples, stop, report)
            except self.devices.PortAudioError as error:
                report(f"{self.name}: {error}")
            if stop.is_set():
                return
            report(f"{self.name} is gone: waiting for it")
            self._wait_for_device(on_samples, stop)
            if not stop.is_set():
                report(f"{self.name} is back")

    def _read(self, on_samples: OnSamples, stop: Event, report: Report) -> None:
        """Read until the device stops delivering."""
        mix, reported = LiveMix(self.channels, self.rate, self.channel), ""

        def callback(samples: NDArray[np.float32], _n: int, _time: Any, _status: Any) -> None:
            self._last_block_s = time.perf_counter()
            on_samples(mix.push(samples), self._last_block_s)

        with self._open(callback) as stream:
            self._last_block_s = time.perf_counter()
            while not stop.wait(0.1):
                if mix.reason != reported and mix.reason:
                    report(f"{self.name}: {mix.reason}")
                reported = mix.reason
                if not stream.active or time.perf_counter() - self._last_block_s > LOST_S:
                    return

    def _wait_for_device(self, on_samples: OnSamples, stop: Event) -> None:
        """Give silence in real time until the device is back."""
        silence = np.zeros(round(self.rate * BLOCK_S), np.float32)
        start_s = time.perf_counter()
        n_blocks, last_try_s = 0, start_s
        while not stop.wait(max(0.0, start_s + n_blocks * BLOCK_S - time.perf_counter())):
            n_blocks += 1
            on_samples(silence, start_s + n_blocks * BLOCK_S)
            if time.perf_counter() - last_try_s < LOST_S:
                continue
            last_try_s = time.perf_counter()
            if self._is_back():
                return

    def _is_back(self) -> bool:
        # PortAudio lists devices only when it is initialised.
        self.devices._terminate()
        self.devices._initialize()
        numbers = [number for number, name in microphones(self.devices) if name == self.name]
        if not numbers:
            return False
        self.number = numbers[0]
        return self._opens(self.rate, self.channels)

    def _working_format(self, inputs: int) -> tuple[int, int]:
        """Return a sample rate and a number of channels that the device opens with.

        All inputs come first, because the voice may be at any of them, and 16 kHz, so that nothing
        has to be resampled.

        Raises:
            MarotteError: the device opens with none.
        """
        device = self.devices.query_devices(self.number)
        default_rate = round(device["default_samplerate"])
        chosen = self.channel if isinstance(self.channel, int) else 1
        everything = inputs if inputs <= MOST_CHANNELS else chosen
        for channels in dict.fromkeys((everything, *((1,) if chosen == 1 else ()), inputs)):
            for rate in (SAMPLE_RATE, default_rate):
                if self._opens(rate, channels):
                    return rate, channels
        raise MarotteError(
            f"can't open the microphone {self.name!r} at {SAMPLE_RATE} or {default_rate} Hz: close "
            f"other programs that use it, or {ALTERNATIVE}"
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
