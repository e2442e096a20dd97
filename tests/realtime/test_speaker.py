"""The sound is played whole, and as late as the frames are."""

from __future__ import annotations

import sys
import threading
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from synthetic import Floats
from typer.testing import CliRunner

from marotte.cli import app
from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.realtime.outputs import Take, open_output

TAKE = Take(ARKIT_52, 60.0, 1000, "tiny", delay_ms=80.0)


class PortAudioError(Exception):
    pass


class FakeStream:
    """A device with a latency of 30 ms; `play` lets time pass."""

    latency = 0.03

    def __init__(self, **settings: Any) -> None:
        if settings["device"] == "absent":
            raise ValueError("No output device matching 'absent'")
        self.callback = settings["callback"]
        self.played: list[Floats] = []
        self.state = "made"

    def start(self) -> None:
        self.state = "started"

    def stop(self) -> None:
        self.state = "stopped"

    def close(self) -> None:
        self.state = "closed"

    def play(self, n: int) -> Floats:
        out = np.full((n, 1), np.nan, np.float32)
        self.callback(out, n, None, None)
        self.played.append(out[:, 0])
        return out[:, 0]


@pytest.fixture(autouse=True)
def devices(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("sounddevice")
    module.OutputStream = FakeStream  # pyright: ignore[reportAttributeAccessIssue]
    module.PortAudioError = PortAudioError  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "sounddevice", module)


def test_sound_is_held_back_as_long_as_the_frames_take() -> None:
    output: Any = open_output("speaker", TAKE)
    stream: FakeStream = output._stream
    assert not stream.play(40).any()  # nothing has come yet
    sound = np.linspace(0.1, 0.9, 200, dtype=np.float32)
    output.send_samples(sound, 0)
    played = np.concatenate([stream.play(25) for _ in range(12)])
    held_back = 80 - 30  # ms, samples: the device itself adds its latency
    assert not played[:held_back].any()
    np.testing.assert_array_equal(played[held_back : held_back + 200], sound)
    assert not played[held_back + 200 :].any()
    output.send_samples(sound, 200)  # after a pause, in step again
    np.testing.assert_array_equal(stream.play(250)[held_back:], sound)
    output.close()
    assert stream.state == "closed"


def test_what_is_left_is_played_before_the_device_is_closed() -> None:
    output: Any = open_output("speaker", TAKE)
    output.send_samples(np.full(300, 0.5, np.float32), 0)
    closing = threading.Thread(target=output.close)
    closing.start()
    while closing.is_alive():
        output._stream.play(50)
    assert np.concatenate(output._stream.played).sum() == pytest.approx(150)
    assert output._stream.state == "closed"


def test_errors() -> None:
    with pytest.raises(MarotteError, match=r"can't play sound .*absent.*-o speaker:NAME"):
        open_output("speaker:absent", TAKE)
    done = CliRunner().invoke(app, ["live", "-i", "x.wav", "-o", "json", "--play", "--fast"])
    assert done.exit_code == 2
    assert "leave --fast or --play out" in done.stderr
