"""Move a Live2D model in VTube Studio, through its API on this machine or another one.

VTube Studio asks its user once whether Marotte may control it, and gives a token, which is kept in
Marotte's cache folder. Then each frame sets parameters (`vts_parameters`). If VTube Studio is
closed, the output tries to reach it again every two seconds. Needs the extra `live`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from marotte.errors import MarotteError, missing_extra
from marotte.face.animation import Frame
from marotte.paths import cache_folder, replacing
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.udp import parse_address
from marotte.realtime.outputs.vts_parameters import CREATED, Parameters

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

PORT = 8001
API = {"apiName": "VTubeStudioPublicAPI", "apiVersion": "1.0"}
PLUGIN = {"pluginName": "Marotte", "pluginDeveloper": "The Marotte authors"}
API_IS_OFF, DENIED, ASKS_ALREADY = 1, 50, 51  # error numbers
ANSWER_S = 5.0
CONSENT_S = 60.0  # the time to click *Allow*
RETRY_S = 2.0
TOKEN_FILE = "vtube-studio-token"

_MEANINGS = {
    API_IS_OFF: "its API is off: switch on *Allow Plugin API access* in its settings",
    DENIED: "access was denied: start again and click *Allow*, or allow Marotte in its settings",
    ASKS_ALREADY: "it is asking already: answer its window, then start again",
}


def connect(target: str, take: Take) -> Output:
    """Open `vts[:HOST[:PORT]]`, and wait until VTube Studio's user has allowed it.

    Raises:
        MarotteError: VTube Studio can't be reached or does not allow it.
    """
    host, port = parse_address(target, PORT)
    return VTubeStudio(host, port, take, cache_folder() / TOKEN_FILE)


@final
class VTubeStudio(Output):
    """Sends the parameters of each frame."""

    def __init__(
        self,
        host: str,
        port: int,
        take: Take,
        token_file: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connect, and create the parameters that VTube Studio lacks.

        Args:
            host: VTube Studio's machine.
            port: the port of its API.
            take: the rig of the frames.
            token_file: where the token is kept.
            clock: the time in seconds, for the pauses between attempts to connect.

        Raises:
            MarotteError: VTube Studio can't be reached or does not allow it.
        """
        self.address = f"ws://{f'[{host}]' if ':' in host else host}:{port}"
        self.token_file, self.clock = token_file, clock
        self.parameters = Parameters(take.rig)
        self.next_try_s = 0.0
        self.refused: set[str] = set()
        self.disconnect: Callable[[], None] = lambda: None
        self.connection: ClientConnection | None = self._open()

    def send(self, frame: Frame) -> None:
        """Set the parameters; connect again where the connection was lost.

        Raises:
            MarotteError: VTube Studio does not allow it any more.
        """
        from websockets.exceptions import ConnectionClosed

        values = [
            {"id": name, "value": round(value, 4)}
            for name, value in self.parameters.of(frame).items()
            if name not in self.refused
        ]
        data = {"faceFound": True, "mode": "set", "parameterValues": values}
        try:
            if connection := self._connected():
                connection.send(_request("InjectParameterDataRequest", data))
                _read_answers(connection)
        except (ConnectionClosed, OSError):
            self.connection = None
            self.next_try_s = self.clock() + RETRY_S
            sys.stderr.write("VTube Studio is gone: waiting for it to come back\n")

    def close(self) -> None:
        """Disconnect."""
        self.disconnect()

    def _connected(self) -> ClientConnection | None:
        """Return the connection; where there is none, try to open one, not more often than 2 s."""
        if self.connection is None and self.clock() >= self.next_try_s:
            self.next_try_s = self.clock() + RETRY_S
            with suppress(_Unreachable):
                self.connection = self._open()
        return self.connection

    def _open(self) -> ClientConnection:
        try:
            from websockets.exceptions import WebSocketException
            from websockets.sync.client import connect as connect_socket
        except ImportError as error:
            raise missing_extra("websockets", "live") from error
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(
                    connect_socket(self.address, open_timeout=ANSWER_S, proxy=None)
                )
            except (OSError, WebSocketException) as error:
                raise _Unreachable(
                    f"can't reach VTube Studio at {self.address}: start it, and switch on *Allow "
                    "Plugin API access* in its settings"
                ) from error
            self._authenticate(connection)
            self._create_parameters(connection)
            self.disconnect = stack.pop_all().close
        return connection

    def _authenticate(self, connection: ClientConnection) -> None:
        """Use the token that is kept, or ask VTube Studio's user for one."""
        with suppress(OSError, UnicodeDecodeError):
            if _is_valid(connection, self.token_file.read_text("utf-8")):
                return
        sys.stderr.write("VTube Studio asks whether Marotte may control it: click *Allow* there\n")
        answer = _ask(connection, "AuthenticationTokenRequest", PLUGIN, CONSENT_S)
        token = str(answer.get("authenticationToken", ""))
        if not _is_valid(connection, token):
            raise MarotteError("VTube Studio refuses the token that it has just given: try again")
        self.token_file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.token_file) as temporary:
            temporary.write_text(token, "utf-8")

    def _create_parameters(self, connection: ClientConnection) -> None:
        """Create the parameters that models "for VBridger" use; leave out those of others."""
        for name, created in CREATED.items():
            data = {
                "parameterName": name,
                "explanation": created.explanation,
                "min": created.minimum,
                "max": created.maximum,
                "defaultValue": 0,
            }
            try:
                _ask(connection, "ParameterCreationRequest", data)
            except _ApiError as error:
                self.refused.add(name)
                sys.stderr.write(f"VTube Studio: parameter {name} is left out: {error.reason}\n")


class _Unreachable(MarotteError):
    """VTube Studio does not run, or its API is off."""


class _ApiError(MarotteError):
    """An answer of VTube Studio that says what is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"VTube Studio: {reason}")
        self.reason = reason


def _request(kind: str, data: dict[str, Any]) -> str:
    return json.dumps({**API, "requestID": "marotte", "messageType": kind, "data": data})


def _ask(
    connection: ClientConnection, kind: str, data: dict[str, Any], timeout_s: float = ANSWER_S
) -> dict[str, Any]:
    """Send a request and return the data of its answer.

    Raises:
        _ApiError: the answer is an error.
        _Unreachable: there was no answer.
    """
    from websockets.exceptions import ConnectionClosed

    try:
        connection.send(_request(kind, data))
        answer = json.loads(connection.recv(timeout=timeout_s))
    except (ConnectionClosed, TimeoutError, ValueError) as error:
        raise _Unreachable(f"VTube Studio does not answer a {kind}: start it again") from error
    if answer.get("messageType") == "APIError":
        raise _ApiError(_reason(answer))
    return answer.get("data") or {}


def _read_answers(connection: ClientConnection) -> None:
    """Read what has arrived.

    Raises:
        MarotteError: the answer to a frame is an error, e.g. that another program sets a parameter.
    """
    with suppress(TimeoutError):
        while True:
            answer = json.loads(connection.recv(timeout=0))
            if answer.get("messageType") == "APIError":
                raise _ApiError(_reason(answer))


def _is_valid(connection: ClientConnection, token: str) -> bool:
    data = {**PLUGIN, "authenticationToken": token}
    return bool(_ask(connection, "AuthenticationRequest", data).get("authenticated"))


def _reason(answer: dict[str, Any]) -> str:
    data: dict[str, Any] = answer.get("data") or {}
    return _MEANINGS.get(data.get("errorID", 0), str(data.get("message", "unknown error")))
