"""Who may reach the viewer: requests in, those that may not are turned away, the rest pass.

On loopback, a page of another site must not reach it through the user's own browser: the Host
must be this machine's (against DNS rebinding) and the Origin the viewer's own. Anywhere else, the
token is needed too.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from ipaddress import ip_address
from socket import gethostname
from typing import Any, final
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_BYTES = 18
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"microphone=(self), camera=(), geolocation=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host name or address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


@final
@dataclass(frozen=True)
class Access:
    """Who may come in.

    Attributes:
        host: the name or address that the server listens at.
        token: what a visitor must show, or "" on loopback.
    """

    host: str
    token: str

    @classmethod
    def to(cls, host: str) -> Access:
        """Free on loopback, by a new token elsewhere."""
        return cls(host, "" if is_loopback(host) else secrets.token_urlsafe(TOKEN_BYTES))

    def refusal(self, scope: Scope) -> str:
        """Why a request may not come in, as a sentence; "" if it may."""
        headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        hosts = [value for name, value in headers if name == b"host"]
        origins = [value for name, value in headers if name == b"origin"]
        if len(hosts) != 1 or not self.knows(hosts[0]):
            return "This is not the address that Marotte listens at."
        secure = scope.get("scheme") in ("https", "wss")
        if origins and origins != [f"{'https' if secure else 'http'}://{hosts[0]}"]:
            return "Only Marotte's own page may ask this."
        if self.token and not self.is_token(scope["query_string"].decode("latin-1")):
            return "The token is missing or wrong: open the address that Marotte printed."
        return ""

    def knows(self, host_header: str) -> bool:
        """Whether a Host is one that this server goes by, whatever the port."""
        parts = HOST.fullmatch(host_header.lower())
        if parts is None:
            return False
        name = parts[1].strip("[]")
        if is_loopback(self.host):
            return is_loopback(name)
        own = gethostname().lower()
        # An address can't be rebound; of names, only our own.
        return _is_address(name) or name in (self.host.lower(), own, f"{own}.local", "localhost")

    def is_token(self, query: str) -> bool:
        """Whether a query string shows the token; takes equally long whatever it shows."""
        shown = parse_qs(query, max_num_fields=8).get("token", [""])
        return secrets.compare_digest(shown[0].encode(), self.token.encode())


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


@final
class Guard:
    """An ASGI application that lets through to another only who may come in."""

    def __init__(self, app: App, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        try:
            refusal = self._access.refusal(scope)
        except ValueError:  # a query of too many fields
            refusal = "This is no request of Marotte's page."
        if scope["type"] == "websocket":
            if refusal:
                return await send({"type": "websocket.close", "code": 1008, "reason": refusal})
            return await self._app(scope, receive, send)

        async def send_safely(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        if not refusal:
            return await self._app(scope, receive, send_safely)
        kind = [(b"content-type", b"text/plain; charset=utf-8")]
        await send_safely({"type": "http.response.start", "status": 403, "headers": kind})
        await send_safely({"type": "http.response.body", "body": refusal.encode()})
