"""Inputs deliver all their sound in time; the microphone input waits for an unplugged device."""

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
from synthetic import Floats, make_voice

from marotte.errors import MarotteError
from marotte.realtime.inputs import Input, microphone, pacing
from marotte.realtime.inputs.file import FileInput
from marotte.realtime.inputs.microphone import Microphone
from marotte.realtime.inputs.pacing import Clock
from marotte.realtime.inputs.pipe import PipeInput


class Listener:
    """Keeps the blocks of an input, and their times."""

    def __init__(self) -> None:
        self.blocks: list[Floats] = []
        self.times: list[float] = []
        self.lines: list[str] = []
        self.stop = threading.Event()

    def on_samples(self, samples: Floats, at_s: float) -> None:
        self.blocks.append(samples)
        self.times.append(at_s)

    @property
    def samples(self) -> Floats:
        return np.concatenate([np.zeros(0, np.float32), *self.blocks])

    def listen(self, source: Input) -> None:
        source.run(self.on_samples, self.stop, self.lines.append)


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.005)


def test_file_is_read_in_real_time(write_sound: Any) -> None:
    source = FileInput(write_sound("voice.wav", make_voice(0.3, 16_000), 16_000))
    listener = Listener()
    start_s = time.perf_counter()
    listener.listen(source)
    assert 0.29 < time.perf_counter() - start_s < 1.0
    np.testing.assert_allclose(
        np.diff(listener.times), 0.01, atol=1e-6
    )  # the times at which they were due
    np.testing.assert_array_equal(listener.samples, source.recording.read())


def test_file_is_read_at_once_with_fast(write_sound: Any) -> None:
    source = FileInput(write_sound("voice.wav", make_voice(3, 16_000), 16_000), fast=True)
    listener = Listener()
    start_s = time.perf_counter()
    listener.listen(source)
    assert time.perf_counter() - start_s < 1.0
    np.testing.assert_array_equal(listener.samples, source.recording.read())


def test_file_input_can_be_stopped(write_sound: Any) -> None:
    source = FileInput(write_sound("voice.wav"))
    listener = Listener()
    listener.stop.set()
    listener.listen(source)
    assert not listener.blocks


def pcm(samples: Floats) -> bytes:
    return np.rint(samples * 32767).astype("<i2").tobytes()


def listen_to_pipe(chunks: list[bytes], **options: Any) -> Listener:
    """Listen to a real pipe into which chunks are written one by one."""
    reading, writing = os.pipe()

    def write() -> None:
        with closing(FileIO(writing, "wb")) as end:
            for chunk in chunks:
                end.write(chunk)
                time.sleep(0.005)

    thread = threading.Thread(target=write)
    thread.start()
    listener = Listener()
    try:
        with closing(FileIO(reading, "rb")) as end:
            listener.listen(PipeInput(pipe=end, **options))
    finally:
        thread.join()
    return listener


def test_pipe_input_does_not_depend_on_chunks() -> None:
    voice = make_voice(0.5, 16_000)
    content = pcm(voice)
    chunks = [content[:1], content[1:4], content[4:1001], content[1001:], b"x"]  # half a sample
    listener = listen_to_pipe(chunks)
    np.testing.assert_allclose(listener.samples, voice, atol=1e-4)
    assert not listener.lines


def test_fast_pipe_is_read_at_once() -> None:
    voice = make_voice(10.0, 16_000)
    start_s = time.perf_counter()
    listener = listen_to_pipe([pcm(voice)], fast=True)
    assert time.perf_counter() - start_s < 5.0
    np.testing.assert_allclose(listener.samples, voice, atol=1e-4)


def test_burst_of_a_synthesiser_is_paced_like_a_file() -> None:
    voice = make_voice(0.5, 16_000)
    start_s = time.perf_counter()
    listener = listen_to_pipe([pcm(voice)])
    assert 0.45 < time.perf_counter() - start_s < 5.0
    np.testing.assert_allclose(listener.samples, voice, atol=1e-4)
    assert {len(block) for block in listener.blocks[:-1]} == {160}
    np.testing.assert_allclose(np.diff(listener.times), 0.01, atol=1e-6)


def test_clock_goes_on_where_a_source_was_late_and_keeps_its_pace_where_it_was_not() -> None:
    clock = Clock(16_000)
    now_s = time.perf_counter()
    first_s = clock.due(160, waited=True)
    assert first_s == pytest.approx(now_s, abs=0.1)
    time.sleep(0.05)
    # Only this thread was late.
    assert clock.due(160, waited=False) == pytest.approx(first_s + 0.01)
    assert clock.due(160, waited=True) >= first_s + 0.05


def test_backlog_of_a_piped_microphone_is_caught_up_with(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(pacing.time, "perf_counter", lambda: now[0])
    backlog, stop = pacing.Backlog(1000), threading.Event()
    backlog.put(np.zeros(600, np.float32))  # while Marotte was loading
    assert not backlog.catches_up()
    backlog.take(10, stop)
    for _ in range(300):
        now[0] += 0.01
        backlog.put(np.zeros(10, np.float32))
        backlog.take(10, stop)
    assert backlog.catches_up()
    now[0] += 1.0  # it pauses, as a synthesiser does
    assert not backlog.catches_up()


def test_whoever_writes_faster_than_real_time_waits() -> None:
    backlog, stop = pacing.Backlog(1000), threading.Event()
    writer = threading.Thread(
        target=lambda: [backlog.put(np.zeros(500, np.float32)) for _ in range(6)]
    )
    writer.start()
    time.sleep(0.2)
    assert writer.is_alive()
    taken = 0
    while taken < 3000:
        samples = backlog.take(100, stop)
        assert samples is not None
        taken += len(samples)
    writer.join(5)
    assert not writer.is_alive()


@pytest.mark.parametrize("magic", [b"RIFF", b"fLaC", b"OggS", b"ID3\x04"])
def test_sound_file_in_a_pipe_is_an_error(magic: bytes) -> None:
    with pytest.raises(MarotteError, match="raw samples are needed"):
        listen_to_pipe([magic + bytes(100)])


def test_terminal_as_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(MarotteError, match="standard input is a terminal"):
        PipeInput()


class PortAudioError(Exception):
    """Stands in for sounddevice.PortAudioError."""


class FakeDevices(ModuleType):
    """Stands in for the module sounddevice, with the microphones that a test gives it."""

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
    """Calls back from its own thread until it is unplugged."""

    def __init__(self, devices: FakeDevices, **settings: Any) -> None:
        self.devices, self.settings = devices, settings
        self.active = False

    def __enter__(self) -> FakeStream:
        self.active = True
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.active = False
        self.thread.join()

    def run(self) -> None:
        while self.active:
            n, channels = self.settings["blocksize"], self.settings["channels"]
            self.settings["callback"](np.full((n, channels), 0.5, np.float32), n, None, None)
            time.sleep(0.002)


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeDevices]:
    def make(*names: str, **options: Any) -> FakeDevices:
        devices = FakeDevices(*names, **options)
        monkeypatch.setitem(sys.modules, "sounddevice", devices)
        return devices

    return make


def test_microphone_is_read(plug: Callable[..., FakeDevices]) -> None:
    devices = plug("Built-in")
    source, listener = Microphone(), Listener()
    assert (source.name, source.rate) == ("Built-in", 16_000)
    thread = threading.Thread(target=listener.listen, args=(source,))
    thread.start()
    wait_until(lambda: len(listener.blocks) > 3)
    listener.stop.set()
    thread.join()
    assert set(listener.samples) == {0.5}
    assert devices.streams[0].settings["blocksize"] == 160
    assert not listener.lines


def test_microphone_is_chosen_by_part_of_its_name(plug: Callable[..., FakeDevices]) -> None:
    plug("Built-in", "USB Headset", "Line In")
    assert Microphone("headset").name == "USB Headset"
    assert Microphone().name == "Built-in"
    with pytest.raises(MarotteError, match=r"'radio' .* 2 'USB Headset', 3 'Line In'"):
        Microphone("radio")


def test_microphone_without_16_khz_uses_its_own_rate(
    plug: Callable[..., FakeDevices],
) -> None:
    plug("Built-in", rates=(48_000,))
    assert Microphone().rate == 48_000
    plug("Built-in", rates=())
    with pytest.raises(MarotteError, match=r"can't open the microphone 'Built-in' .*--input FILE"):
        Microphone()


def test_unplugged_microphone_is_waited_for(
    plug: Callable[..., FakeDevices], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "LOST_S", 0.15)
    devices = plug("Built-in", "USB Headset")
    source, listener = Microphone("USB"), Listener()
    thread = threading.Thread(target=listener.listen, args=(source,))
    thread.start()
    wait_until(lambda: len(listener.blocks) > 3)
    devices.plugged = ["Built-in"]
    devices.streams[0].active = False
    wait_until(lambda: bool(listener.lines))
    wait_until(
        lambda: bool(listener.blocks) and not listener.blocks[-1].any()
    )  # silence in the meantime
    devices.plugged = ["USB Headset", "Built-in"]  # with another number
    wait_until(lambda: len(listener.lines) > 1)
    wait_until(lambda: bool(listener.blocks[-1].all()))
    listener.stop.set()
    thread.join()
    assert listener.lines == ["USB Headset is gone: waiting for it", "USB Headset is back"]
    assert devices.streams[1].settings["device"] == 1


def test_error_without_microphone_names_alternatives(plug: Callable[..., FakeDevices]) -> None:
    plug()
    with pytest.raises(MarotteError, match=r"no microphone: .*--input FILE.*--input -"):
        Microphone()


def test_errors_name_the_missing_package_and_library(
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


def test_microphone_is_chosen_by_number_too(plug: Callable[..., FakeDevices]) -> None:
    plug("Webcam", "Headset")
    assert Microphone("2").name == "Headset"
    with pytest.raises(MarotteError, match="no microphone has '7' as number or name"):
        Microphone("7")


@pytest.mark.parametrize(
    ("channel", "value"), [("auto", 0.25), (2, 0.25), (1, 0.0), ("mix", 0.125)]
)
def test_voice_at_any_input_of_a_microphone_is_found(
    plug: Callable[..., FakeDevices],
    monkeypatch: pytest.MonkeyPatch,
    channel: int | str,
    value: float,
) -> None:
    devices = plug("Interface")
    devices.channels = 2

    def voice_at_the_second(self: FakeStream) -> None:
        sign = 1.0
        while self.active:
            n = self.settings["blocksize"]
            block = np.zeros((n, self.settings["channels"]), np.float32)
            block[::2, 1], block[1::2, 1] = 0.25 * sign, -0.25 * sign
            self.settings["callback"](block, n, None, None)
            time.sleep(0.002)

    monkeypatch.setattr(FakeStream, "run", voice_at_the_second)
    listener = Listener()
    microphone = Microphone(channel=channel)
    assert (microphone.rate, microphone.channels) == (16_000, 2)
    stop = threading.Event()
    threading.Timer(0.8, stop.set).start()
    microphone.run(listener.on_samples, stop, listener.lines.append)
    assert np.abs(listener.blocks[-1]).max() == pytest.approx(value, abs=1e-6)
    assert (listener.lines != []) == (channel == "auto")


def test_an_input_that_a_microphone_lacks_is_an_error(plug: Callable[..., FakeDevices]) -> None:
    plug("Webcam")
    with pytest.raises(MarotteError, match="'Webcam' has one channel, got channel 2: choose 1"):
        Microphone(channel=2)


def test_devices_with_countless_channels_are_opened_as_mono(
    plug: Callable[..., FakeDevices],
) -> None:
    devices = plug("default")
    devices.channels = 64
    assert Microphone().channels == 1
    assert Microphone(channel=3).channels == 3
