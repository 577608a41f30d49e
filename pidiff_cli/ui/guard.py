"""Who may speak with the page's server: whoever was given its token, from its own page only."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

TOKEN_HEADER = "x-pidiff-token"
_CLOSED = (
    "This page is for whoever started it. Open the whole address that the terminal shows, with its "
    "token.\n"
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = [
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]


class Guard:
    """Lets through what carries the token, and puts the page's headers on every answer.

    The first visit has the token in its address and leaves a cookie, made from it; what changes
    anything has the token itself in a header, which no other site's page can send.

    Args:
        port: the names by which this server may be called have it, which another site's name for
            the same address (DNS rebinding) is not.
    """

    def __init__(self, app: App, token: str, port: int) -> None:
        self._app, self._token = app, token
        self.cookie = f"pidiff-{port}"
        self._secret = hashlib.sha256(f"cookie {token}".encode()).hexdigest()
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        first = scope["path"] == "/" and self._same(asked, self._token)
        known = first or (self._own_page(headers) and self._known(scope["method"], headers))
        if not (headers.get("host", "").lower() in self._hosts and known):
            await _refuse(send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._answered([*message.get("headers", [])], first)
            await send(message)

        await self._app(scope, receive, answer)

    def _own_page(self, headers: dict[str, str]) -> bool:
        """Whether no other site's page asks; that may only lead here, as a link does."""
        host, origin = headers.get("host", "").lower(), headers.get("origin", "")
        own = headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        leads = headers.get("sec-fetch-mode") == "navigate"
        return (own or leads) and origin in ("", f"http://{host}")

    def _known(self, method: str, headers: dict[str, str]) -> bool:
        if method in ("GET", "HEAD"):
            return self._same(_cookie(headers.get("cookie", ""), self.cookie), self._secret)
        return self._same(headers.get(TOKEN_HEADER, ""), self._token)

    def _answered(self, given: list[tuple[bytes, bytes]], first: bool) -> list[tuple[bytes, bytes]]:
        there = {key.lower() for key, _ in given}
        more = [pair for pair in _HEADERS if pair[0] not in there]
        if b"content-security-policy" not in there:
            more.append((b"content-security-policy", POLICY.encode()))
        if first:
            kept = f"{self.cookie}={self._secret}; Path=/; HttpOnly; SameSite=Lax"
            more.append((b"set-cookie", kept.encode()))
        return given + more

    @staticmethod
    def _same(one: str, other: str) -> bool:
        """In a time that says nothing of where they differ."""
        return hmac.compare_digest(one.encode(), other.encode())


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": _CLOSED.encode()})
