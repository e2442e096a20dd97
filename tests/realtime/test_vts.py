"""The output for VTube Studio, against a server written from the API's public text."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52
from marotte.realtime.outputs import Take
from marotte.realtime.outputs.vts import RETRY_S, VTubeStudio, connect
from marotte.realtime.outputs.vts_parameters import CREATED, Parameters, mouth

websockets = pytest.importorskip("websockets.sync.server")
TAKE = Take(ARKIT_52, 60.0, 16_000)
TOKEN = "a" * 64


def frame(head: tuple[float, float, float] = (0.0, 0.0, 0.0), **controls: float) -> Frame:
    values = ARKIT_52.neutral(1)[0]
    for name, value in controls.items():
        values[ARKIT_52.index[name]] = value
    return Frame(0.0, 80.0, values, head)


class Studio:
    """A VTube Studio of one user, who may deny or revoke."""

    def __init__(self) -> None:
        self.valid, self.errors = {TOKEN}, {}
        self.asked = 0
        self.created: dict[str, dict[str, Any]] = {}
        self.frames: list[dict[str, float]] = []
        self.got_frame = threading.Event()
        self.server = websockets.serve(self.answer, "127.0.0.1", 0)
        self.port = self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, connection: Any) -> None:
        for text in connection:
            request = json.loads(text)
            assert request["apiName"] == "VTubeStudioPublicAPI"
            assert request["apiVersion"] == "1.0"
            assert request["requestID"].isalnum()
            kind, data = request["messageType"], request["data"]
            reply = {"messageType": kind.replace("Request", "Response"), "data": {}}
            if (error := self.errors.get(data.get("parameterName", kind))) is not None:
                reply = {"messageType": "APIError", "data": {"errorID": error, "message": "no"}}
            elif kind == "AuthenticationTokenRequest":
                self.asked += 1
                assert 3 <= len(data["pluginName"]) <= 32
                assert 3 <= len(data["pluginDeveloper"]) <= 32
                reply["data"] = {"authenticationToken": TOKEN}
            elif kind == "AuthenticationRequest":
                reply["data"] = {"authenticated": data["authenticationToken"] in self.valid}
            elif kind == "ParameterCreationRequest":
                assert 4 <= len(data["parameterName"]) <= 32
                self.created[data["parameterName"]] = data
            elif kind == "InjectParameterDataRequest":
                assert data["mode"] == "set"
                self.frames.append({each["id"]: each["value"] for each in data["parameterValues"]})
                self.got_frame.set()
            connection.send(json.dumps(reply))

    def wait_for_frame(self) -> dict[str, float]:
        assert self.got_frame.wait(5)
        self.got_frame.clear()
        return self.frames[-1]


@pytest.fixture
def studio() -> Iterator[Studio]:
    studio = Studio()
    yield studio
    studio.server.shutdown()


@pytest.fixture
def start(studio: Studio, tmp_path: Path) -> Iterator[Callable[..., VTubeStudio]]:
    opened: list[VTubeStudio] = []

    def open_studio(**options: Any) -> VTubeStudio:
        output = VTubeStudio("127.0.0.1", studio.port, TAKE, tmp_path / "deep/token", **options)
        opened.append(output)
        return output

    yield open_studio
    for output in opened:
        output.close()


def test_the_user_is_asked_once_and_the_token_is_kept(studio, start, tmp_path: Path):
    start()
    assert (tmp_path / "deep/token").read_text() == TOKEN
    start()
    assert studio.asked == 1
    assert studio.created.keys() == CREATED.keys()


def test_a_frame_sets_parameters(studio, start):
    start().send(frame(jawOpen=0.5, mouthSmileLeft=0.4))
    values = studio.wait_for_frame()
    assert values["MouthOpen"] == values["JawOpen"] == 0.5
    assert values["MouthSmile"] == pytest.approx(0.6)
    assert "FaceAngleX" not in values
    assert "EyeOpenLeft" not in values


def test_a_revoked_token_is_asked_for_anew(studio, start, tmp_path: Path):
    start()
    (tmp_path / "deep/token").write_text("revoked")
    start()
    assert studio.asked == 2


@pytest.mark.parametrize(
    ("error", "message"),
    [(50, "access was denied"), (1, "its API is off"), (51, "asking already"), (99, "no")],
)
def test_a_refusal_says_what_to_do(studio, start, tmp_path: Path, error: int, message: str):
    studio.errors["AuthenticationTokenRequest"] = error
    with pytest.raises(MarotteError, match=message):
        start()
    assert not (tmp_path / "deep").exists()


def test_parameters_of_another_program_are_left_out(studio, start, capsys):
    studio.errors["JawOpen"] = 352
    start().send(frame(jawOpen=0.5))
    assert "JawOpen" not in studio.wait_for_frame()
    assert "parameter JawOpen is left out" in capsys.readouterr().err


def test_a_lost_connection_is_opened_again_after_two_seconds(studio, start, capsys):
    now_s = 0.0
    output = start(clock=lambda: now_s)
    output.send(frame())
    studio.wait_for_frame()
    output.disconnect()
    output.send(frame())
    output.send(frame())  # too early
    assert capsys.readouterr().err.count("VTube Studio is gone") == 1
    now_s = RETRY_S
    output.send(frame(jawOpen=0.25))
    assert studio.wait_for_frame()["JawOpen"] == 0.25


def test_no_studio_is_one_sentence(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("MAROTTE_CACHE", str(tmp_path))
    with pytest.raises(MarotteError, match=r"can't reach VTube Studio at ws://127.0.0.1:9: start"):
        connect("9", TAKE)


def test_eyes_and_head_are_sent_once_they_move():
    parameters = Parameters(ARKIT_52)
    assert "FaceAngleX" not in parameters.of(frame())
    turned = parameters.of(frame(head=(0.1, 0.0, 0.0)))
    assert turned["FaceAngleX"] == pytest.approx(5.73, abs=0.01)
    assert "EyeOpenLeft" not in turned
    blinked = parameters.of(frame(eyeBlinkLeft=0.5))
    assert blinked["EyeOpenLeft"] == pytest.approx(0.1)
    assert blinked["EyeOpenRight"] == 0.5
    assert blinked["FaceAngleX"] == 0
    assert "EyeOpenLeft" in parameters.of(frame())


def test_values_stay_within_their_ranges():
    parameters = Parameters(ARKIT_52)
    everything = Frame(0.0, 80.0, np.ones(52, np.float32), (3.0, 3.0, 3.0))
    for name, value in parameters.of(everything).items():
        low, high = (-30, 30) if name.startswith("FaceAngle") else (-1.3, 1.3)
        assert low <= value <= high, name
    assert mouth(dict.fromkeys(ARKIT_52.names, 0.0))["MouthSmile"] == 0.5
