"""`marotte doctor` looks at everything, and says what to do about what is missing."""

from __future__ import annotations

import re
import socket
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from marotte.cli import app as commands
from marotte.cli import doctor


def run() -> Any:
    return CliRunner().invoke(commands, ["doctor"], prog_name="marotte")


def test_all_is_looked_at() -> None:
    result = run()
    for title in ("marotte", "[video]", "[live]", "[train]", "microphone", "graphics", "port"):
        assert title in result.stdout
    assert "self-test" in result.stdout
    assert (result.exit_code == 0) == ("!!" not in result.stdout)


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    finding = doctor.check_extra("live")
    assert finding.good is None
    assert "pip install '.[live]'" in finding.text
    assert "sounddevice" in finding.text


def test_port_in_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(doctor, "VIEW_PORT", taken.getsockname()[1])
        finding = doctor.check_port()
    assert finding.good is None
    assert "is in use" in finding.text


class Devices:
    """A loudspeaker and a microphone that hears it softer and later; like sounddevice."""

    PortAudioError = OSError
    default = SimpleNamespace(device=(0, 0))

    def __init__(self, gain: float = 0.1, inputs: int = 1, outputs: int = 1) -> None:
        self.gain = gain
        both = {"max_input_channels": inputs, "max_output_channels": outputs}
        self.device = {"name": "card", "default_samplerate": 48_000.0, **both}

    def query_devices(self, number: int | None = None) -> Any:
        return [self.device] if number is None else self.device

    def playrec(self, sound: Any, samplerate: int, channels: int, blocking: bool) -> Any:
        late = np.pad(sound, (4_800, 0))[: len(sound)]  # 100 ms
        noise = 0.001 * np.random.default_rng(0).standard_normal(len(sound))
        return (self.gain * late + noise)[:, None]


def tone_finding(monkeypatch: pytest.MonkeyPatch, devices: Devices) -> doctor.Finding:
    monkeypatch.setattr("marotte.realtime.inputs.microphone.sound_devices", lambda: devices)
    return doctor.check_tone()


def test_a_tone_is_heard_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = tone_finding(monkeypatch, Devices())
    assert heard.good
    assert re.search(r"heard at -3\d dB .* (80|100|120) ms later", heard.text), heard.text
    deaf = tone_finding(monkeypatch, Devices(gain=0.0))
    assert deaf.good is False
    assert "did not hear it" in deaf.text


def test_without_devices_no_tone_is_played(monkeypatch: pytest.MonkeyPatch) -> None:
    for devices, lack in ((Devices(inputs=0), "microphone"), (Devices(outputs=0), "loudspeaker")):
        finding = tone_finding(monkeypatch, devices)
        assert finding == doctor.Finding(None, "tone", f"not played: there is no {lack}")

    def busy(*_: Any, **__: Any) -> Any:
        raise OSError("busy")

    taken = Devices()
    monkeypatch.setattr(taken, "playrec", busy)
    assert "can't be opened together (busy)" in tone_finding(monkeypatch, taken).text


def test_the_tone_is_asked_for() -> None:
    asked = CliRunner().invoke(commands, ["doctor", "--tone"], prog_name="marotte")
    assert " tone  " in asked.stdout
    assert " tone  " not in run().stdout


def test_a_check_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> doctor.Finding:
        raise RuntimeError("the driver\nis gone")

    monkeypatch.setattr(doctor, "check_graphics", broken)
    monkeypatch.setattr(doctor, "check_speed", lambda: doctor.Finding(True, "self-test", ""))
    found = {finding.title: finding for finding in doctor.findings()}
    assert found["graphics"] == doctor.Finding(False, "graphics", "the driver is gone")
    assert run().exit_code == 1
