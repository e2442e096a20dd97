"""Inputs give all their sound, in time; a microphone that is lost is waited for."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from io import FileIO
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from made import Floats, make_voice

from marotte.errors import MarotteError
from marotte.realtime.inputs import Input, microphone, pipe
from marotte.realtime.inputs.file import FileInput
from marotte.realtime.inputs.microphone import Microphone
from marotte.realtime.inputs.pipe import PipeInput


class Ear:
    """Keeps what it hears, and when."""

    def __init__(self) -> None:
        self.parts: list[Floats] = []
        self.times: list[float] = []
        self.lines: list[str] = []
        self.stop = threading.Event()

    def hear(self, samples: Floats, at_s: float) -> None:
        self.parts.append(samples)
        self.times.append(at_s)

    @property
    def heard(self) -> Floats:
        return np.concatenate([np.zeros(0, np.float32), *self.parts])

    def listen(self, source: Input) -> None:
        source.run(self.hear, self.stop, self.lines.append)


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_a_file_is_heard_at_the_pace_at_which_it_sounds(write_sound: Any) -> None:
    source = FileInput(write_sound("voice.wav", make_voice(0.3, 16_000), 16_000))
    ear = Ear()
    begun = time.perf_counter()
    ear.listen(source)
    assert 0.29 < time.perf_counter() - begun < 1.0
    np.testing.assert_allclose(np.diff(ear.times), 0.01, atol=1e-6)  # when they were due
    np.testing.assert_array_equal(ear.heard, source.recording.read())


def test_a_file_is_heard_at_once_if_time_does_not_matter(write_sound: Any) -> None:
    source = FileInput(write_sound("voice.wav", make_voice(3, 16_000), 16_000), fast=True)
    ear = Ear()
    begun = time.perf_counter()
    ear.listen(source)
    assert time.perf_counter() - begun < 1.0
    np.testing.assert_array_equal(ear.heard, source.recording.read())


def test_a_file_stops_when_it_is_told_to(write_sound: Any) -> None:
    source = FileInput(write_sound("voice.wav"))
    ear = Ear()
    ear.stop.set()
    ear.listen(source)
    assert not ear.parts


def pcm(samples: Floats) -> bytes:
    return np.rint(samples * 32767).astype("<i2").tobytes()


def piped(pieces: list[bytes], **how: Any) -> Ear:
    """What is heard of pieces that are written into a real pipe one by one."""
    reading, writing = os.pipe()

    def write() -> None:
        with closing(FileIO(writing, "wb")) as end:
            for piece in pieces:
                end.write(piece)
                time.sleep(0.005)

    thread = threading.Thread(target=write)
    thread.start()
    ear = Ear()
    try:
        with closing(FileIO(reading, "rb")) as end:
            ear.listen(PipeInput(pipe=end, **how))
    finally:
        thread.join()
    return ear


def test_a_pipe_is_heard_whatever_the_pieces_are() -> None:
    voice = make_voice(0.5, 16_000)
    content = pcm(voice)
    pieces = [content[:1], content[1:4], content[4:1001], content[1001:], b"x"]  # half a sample
    ear = piped(pieces)
    np.testing.assert_allclose(ear.heard, voice, atol=1e-4)
    assert not ear.lines


@pytest.mark.parametrize("fast", [False, True])
def test_a_pipe_that_is_faster_than_sound_is_paced(
    fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipe, "MAX_AHEAD_S", 0.1)
    voice = make_voice(0.5, 16_000)
    begun = time.perf_counter()
    ear = piped([pcm(voice)], fast=fast)
    seconds = time.perf_counter() - begun
    np.testing.assert_allclose(ear.heard, voice, atol=1e-4)
    if fast:
        assert seconds < 0.2
        assert not ear.lines
    else:
        assert 0.2 < seconds < 0.6
        assert len(ear.lines) == 1
        assert "--fast" in ear.lines[0]


@pytest.mark.parametrize("magic", [b"RIFF", b"fLaC", b"OggS", b"ID3\x04"])
def test_a_sound_file_in_a_pipe_is_refused(magic: bytes) -> None:
    with pytest.raises(MarotteError, match="raw samples are needed"):
        piped([magic + bytes(100)])


def test_a_terminal_is_no_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(MarotteError, match="standard input is a terminal"):
        PipeInput()


class PortAudioError(Exception):
    """As sounddevice has it."""


class FakeDevices(ModuleType):
    """The module sounddevice on a machine with the microphones that a test gives it."""

    def __init__(self, *names: str, rates: tuple[int, ...] = (16_000, 48_000)) -> None:
        super().__init__("sounddevice")
        self.PortAudioError = PortAudioError
        self.rates = rates
        self.plugged = list(names)
        self.default = SimpleNamespace(device=(1, 1))
        self.streams: list[FakeStream] = []
        self.channels = 1
        self.initialised = list(names)

    def query_devices(self, number: int | None = None) -> Any:
        listed = [{"name": "Speakers", "max_input_channels": 0, "default_samplerate": 44_100.0}]
        listed += [
            {"name": n, "max_input_channels": self.channels, "default_samplerate": 48_000.0}
            for n in self.initialised
        ]
        return listed if number is None else listed[number]

    def check_input_settings(self, device: int, channels: int, dtype: str, _: Any, rate: int):
        if rate not in self.rates:
            raise PortAudioError("Invalid sample rate")

    def InputStream(self, **settings: Any) -> FakeStream:
        self.streams.append(FakeStream(self, **settings))
        return self.streams[-1]

    def _terminate(self) -> None:
        self.initialised = []

    def _initialize(self) -> None:
        self.initialised = list(self.plugged)


class FakeStream:
    """Calls back from a thread of its own, until it is pulled out."""

    def __init__(self, devices: FakeDevices, **settings: Any) -> None:
        self.devices, self.settings = devices, settings
        self.active = False

    def __enter__(self) -> FakeStream:
        self.active = True
        self.thread = threading.Thread(target=self.play)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.active = False
        self.thread.join()

    def play(self) -> None:
        while self.active:
            n, channels = self.settings["blocksize"], self.settings["channels"]
            self.settings["callback"](np.full((n, channels), 0.5, np.float32), n, None, None)
            time.sleep(0.002)


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeDevices]:
    def make(*names: str, **how: Any) -> FakeDevices:
        devices = FakeDevices(*names, **how)
        monkeypatch.setitem(sys.modules, "sounddevice", devices)
        return devices

    return make


def test_a_microphone_is_heard(plug: Callable[..., FakeDevices]) -> None:
    devices = plug("Built-in")
    source, ear = Microphone(), Ear()
    assert (source.name, source.rate) == ("Built-in", 16_000)
    thread = threading.Thread(target=ear.listen, args=(source,))
    thread.start()
    until(lambda: len(ear.parts) > 3)
    ear.stop.set()
    thread.join()
    assert set(ear.heard) == {0.5}
    assert devices.streams[0].settings["blocksize"] == 160
    assert not ear.lines


def test_a_microphone_is_chosen_by_a_part_of_its_name(plug: Callable[..., FakeDevices]) -> None:
    plug("Built-in", "USB Headset", "Line In")
    assert Microphone("headset").name == "USB Headset"
    assert Microphone().name == "Built-in"
    with pytest.raises(MarotteError, match=r"no microphone has 'radio' .*'USB Headset', 'Line In'"):
        Microphone("radio")


def test_a_microphone_without_16_khz_is_heard_at_its_own_rate(
    plug: Callable[..., FakeDevices],
) -> None:
    plug("Built-in", rates=(48_000,))
    assert Microphone().rate == 48_000
    plug("Built-in", rates=())
    with pytest.raises(MarotteError, match=r"can't open the microphone 'Built-in' .*--input FILE"):
        Microphone()


def test_a_microphone_that_is_lost_is_waited_for(
    plug: Callable[..., FakeDevices], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "LOST_S", 0.15)
    devices = plug("Built-in", "USB Headset")
    source, ear = Microphone("USB"), Ear()
    thread = threading.Thread(target=ear.listen, args=(source,))
    thread.start()
    until(lambda: len(ear.parts) > 3)
    devices.plugged = ["Built-in"]
    devices.streams[0].active = False
    until(lambda: bool(ear.lines))
    until(lambda: bool(ear.parts) and not ear.parts[-1].any())  # silence goes on meanwhile
    devices.plugged = ["USB Headset", "Built-in"]  # under another number
    until(lambda: len(ear.lines) > 1)
    until(lambda: bool(ear.parts[-1].all()))
    ear.stop.set()
    thread.join()
    assert ear.lines == ["USB Headset is gone: waiting for it", "USB Headset is back"]
    assert devices.streams[1].settings["device"] == 1


def test_without_a_microphone_other_ways_are_named(plug: Callable[..., FakeDevices]) -> None:
    plug()
    with pytest.raises(MarotteError, match=r"no microphone: .*--input FILE.*--input -"):
        Microphone()


def test_without_the_package_or_portaudio_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MarotteError, match=r"pip install '\.\[live\]'"):
        Microphone()

    def broken(_: str) -> ModuleType:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(microphone, "import_module", broken)
    with pytest.raises(MarotteError, match="microphones need PortAudio"):
        Microphone()
