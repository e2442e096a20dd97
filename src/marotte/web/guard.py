"""Access control for the viewer: each request is passed on to the application, or refused.

On loopback, a page of another site must not reach the viewer through the user's own browser: the
Host header must name this machine (against DNS rebinding), and the Origin must be the viewer's own
page. At any other address, a token is needed too. Pages of origins that the user lists may open the
socket, and nothing else.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from ipaddress import ip_address
from socket import gethostname
from typing import Any, final
from urllib.parse import parse_qs, urlsplit

from marotte.errors import MarotteError, shown

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An ASGI application."""

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
    """Return whether a host name or address is reachable from this machine only.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("192.168.1.5")
        (True, False)
    """
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def parse_origin(text: str) -> str:
    """Return the origin of a page's address as browsers write it: scheme, host and port.

    Raises:
        MarotteError: it is not the origin of a site.

    Example:
        >>> parse_origin("https://Example.com:443/")
        'https://example.com'
    """
    problem = f"{shown(text)} is not the origin of a page: give its scheme and host"
    if text.strip().lower() == "null":
        raise MarotteError(
            "pages from disk have no origin (null), and any site can pretend to be one: serve "
            "yours with python -m http.server, and give http://localhost:8000"
        )
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
        name = f"[{host}]" if ":" in host else host.encode("idna").decode()
    except ValueError as error:
        raise MarotteError(f"{problem} ({error})") from error
    more = parts.path not in ("", "/") or parts.query or parts.fragment or parts.username
    if not parts.scheme or not host or "*" in host or more:
        raise MarotteError(f"{problem}, such as https://example.com or http://localhost:8000")
    is_usual = port is None or port == {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{name}" + ("" if is_usual else f":{port}")


@final
@dataclass(frozen=True)
class Access:
    """The rules for one server.

    Attributes:
        host: the name or address that the server listens at.
        token: what each request must carry, or "" if none is needed.
        origins: the other sites whose pages may open the socket, as `parse_origin` returns them.

    Example:
        >>> Access.for_host("127.0.0.1").accepts_host("evil.example:5252")
        False
    """

    host: str
    token: str
    origins: frozenset[str] = frozenset()

    @classmethod
    def for_host(cls, host: str, origins: Iterable[str] = ()) -> Access:
        """Return the rules for a host: no token on loopback, a new one anywhere else.

        Args:
            host: the name or address that the server listens at.
            origins: the addresses of other sites whose pages may open the socket.

        Raises:
            MarotteError: an address is not that of a site.
        """
        token = "" if is_loopback(host) else secrets.token_urlsafe(TOKEN_BYTES)
        return cls(host, token, frozenset(map(parse_origin, origins)))

    def refusal(self, scope: Scope) -> str:
        """Return why a request is refused, as a sentence; "" if it is accepted."""
        headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        hosts = [value for name, value in headers if name == b"host"]
        origins = [value for name, value in headers if name == b"origin"]
        if len(hosts) != 1 or not self.accepts_host(hosts[0]):
            return "This is not the address that Marotte listens at."
        secure = scope.get("scheme") in ("https", "wss")
        own = f"{'https' if secure else 'http'}://{hosts[0]}"
        allowed = {own, *self.origins} if scope.get("type") == "websocket" else {own}
        if len(origins) > 1 or not allowed.issuperset(origins):
            return "Only Marotte's own page may send this request (see --allow-origin)."
        if self.token and not self.accepts_token(scope["query_string"].decode("latin-1")):
            return "The token is missing or wrong: open the address that Marotte printed."
        return ""

    def accepts_host(self, host_header: str) -> bool:
        """Return whether a Host header, with any port, names this server."""
        parts = HOST.fullmatch(host_header.lower())
        if parts is None:
            return False
        name = parts[1].strip("[]")
        if is_loopback(self.host):
            return is_loopback(name)
        own = gethostname().lower()
        # DNS rebinding needs a name, so any address is safe; of names, only our own are.
        return _is_address(name) or name in (self.host.lower(), own, f"{own}.local", "localhost")

    def accepts_token(self, query: str) -> bool:
        """Return whether a query string has the token. Takes the same time for any query."""
        token = parse_qs(query, max_num_fields=8).get("token", [""])[0]
        return secrets.compare_digest(token.encode(), self.token.encode())


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


@final
class Guard:
    """An ASGI application that passes accepted requests on to another application."""

    def __init__(self, app: App, access: Access) -> None:
        """Take the application and the rules."""
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        try:
            refusal = self._access.refusal(scope)
        except ValueError:  # the query has too many fields
            refusal = "This request does not come from Marotte's page."
        if scope["type"] == "websocket":
            if refusal:
                return await send({"type": "websocket.close", "code": 1008, "reason": refusal})
            return await self._app(scope, receive, send)

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        if not refusal:
            return await self._app(scope, receive, send_with_headers)
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send_with_headers({"type": "http.response.start", "status": 403, "headers": headers})
        await send_with_headers({"type": "http.response.body", "body": refusal.encode()})
