"""The gate before the page: who may come in, and what is never fetched from elsewhere. Plain ASGI."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = ("/readyz",)
"""Paths that need no token, for they tell nothing but that the server runs."""
CDN = "/_solara/cdn/"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
NO_TOKEN = (
    "This page needs its token: open the address that `swarmscale app` printed, with ?token= at its end."
)
NO_ORIGIN = "This connection was asked for by a page of another site."


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Lets requests and websockets through to the app, if they may.

    With a token, each must bring it: once in the address, then in a cookie. Without one, the server is bound to
    loopback, and what must be kept out are other sites that the same browser shows: names that are not this
    machine's (rebound DNS) and websockets with a foreign origin.

    Attributes:
        app: what is behind the gate.
        cookie: name of the cookie, which differs from server to server, since cookies know no ports.
        assets: folder of the files below ``/_solara/cdn/``; one that is not there is not there, and Solara
            is not asked, since it would fetch it from the network.
        token: the secret; None for a server on loopback.
        names: host names by which a server without a token may be called.
    """

    app: App
    cookie: str
    assets: Path
    token: str | None = None
    names: tuple[str, ...] = LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or websocket."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        path, headers = scope["path"], _headers(scope)
        if path in OPEN and scope["type"] == "http":
            return await self.app(scope, receive, send)
        if self.token is None:
            refusal = self._stranger(scope, headers)
            if refusal:
                return await _refuse(scope, send, 403, refusal)
        else:
            query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
            if self._right(text for name, text in query if name == "token"):
                if scope["type"] == "http":
                    return await self._welcome(scope, receive, send, headers, query)
            elif not self._right(_cookies(headers, self.cookie)):
                return await _refuse(scope, send, 401, NO_TOKEN)
        if path.startswith(CDN) and not self._held(path.removeprefix(CDN)):
            return await _refuse(scope, send, 404, "This file did not come with the installation.")
        return await self.app(scope, receive, send)

    def _stranger(self, scope: Scope, headers: dict[str, str]) -> str:
        """Why a server without a token does not answer; empty if it does."""
        host = headers.get("host", "")
        if _name(host) not in self.names:
            return f"This page answers to {' and '.join(self.names)} only; start it with --token for other names."
        origin = headers.get("origin")
        if scope["type"] == "websocket" and origin is not None and urlsplit(origin).netloc != host:
            return NO_ORIGIN
        return ""

    def _right(self, given: Iterable[str]) -> bool:
        assert self.token is not None
        secret = self.token.encode()
        return any(hmac.compare_digest(secret, text.encode("utf-8", "replace")) for text in given)

    async def _welcome(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: dict[str, str],
        query: list[tuple[str, str]],
    ) -> None:
        """Set the cookie; a page is asked for again without the token, so that no history keeps it."""
        cookie = (
            b"set-cookie",
            f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Lax".encode("latin-1"),
        )
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            rest = urlencode([pair for pair in query if pair[0] != "token"])
            place = quote("/" + scope["path"].lstrip("/")) + ("?" + rest if rest else "")
            return await _answer(send, 303, "", [cookie, (b"location", place.encode())])

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), cookie]
            await send(message)

        return await self.app(scope, receive, with_cookie)

    def _held(self, path: str) -> bool:
        wanted = (self.assets / path).resolve()
        return wanted.is_relative_to(self.assets.resolve()) and wanted.is_file()


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _cookies(headers: dict[str, str], name: str) -> list[str]:
    """Values of a cookie; read by hand, since http.cookies gives up at the first odd cookie of another server."""
    pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
    return [value for key, _, value in pairs if key == name]


def _name(host: str) -> str:
    """The name in a Host header, without its port.

    >>> _name("localhost:8765"), _name("[::1]:8765"), _name("")
    ('localhost', '::1', '')
    """
    try:
        return urlsplit("//" + host).hostname or ""
    except ValueError:
        return ""


async def _refuse(scope: Scope, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "http":
        return await _answer(send, status, sentence + "\n", [])
    if "websocket.http.response" not in scope.get("extensions", {}):
        return await send({"type": "websocket.close", "code": 1008, "reason": sentence[:120]})
    return await _answer(send, status, sentence + "\n", [], "websocket.http.response")


async def _answer(
    send: Send, status: int, text: str, headers: list[tuple[bytes, bytes]], kind: str = "http.response"
) -> None:
    plain = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text.encode())).encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
    ]
    await send({"type": f"{kind}.start", "status": status, "headers": [*plain, *headers]})
    await send({"type": f"{kind}.body", "body": text.encode()})
