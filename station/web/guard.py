"""At the door of the server: who may knock, how much a message may weigh, and what every answer says about itself."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_MAX = 64 * 1024
MESSAGE_MAX = 64 * 1024
SAFE_METHODS = ("GET", "HEAD")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "media-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security: only what this server serves, no inline script or style."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


class TooLargeError(Exception):
    """A body over the cap."""

    code = "web.too_large"


class Guard:
    """Middleware: a known Host everywhere, a known Origin on every WebSocket and on everything that can change things.

    A foreign Host is how a rebound name reaches a server on the loopback; a foreign Origin is how a foreign page does.
    Forwarding headers are never read.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: tuple[str, ...], allowed_origins: tuple[str, ...]) -> None:
        """`allowed_hosts` have no port; `allowed_origins` are full, and stand beside the server's own."""
        self._app = app
        self._hosts = frozenset(host.lower() for host in allowed_hosts)
        self._origins = frozenset(origin.lower() for origin in allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it in, or refuse it with 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if not self._known_host(headers) or (changes and not self._known_origin(headers)):
            await self._refuse(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # Closing before accepting is answered with 403.
            await send({"type": "websocket.close", "code": 1008, "reason": "foreign host or origin"})
        else:
            answer = PlainTextResponse("This address or this page may not use the station.\n", 403, HEADERS)
            await answer(scope, receive, send)

    def _known_host(self, headers: Headers) -> bool:
        return len(headers.getlist("host")) == 1 and _name(headers["host"]) in self._hosts

    def _known_origin(self, headers: Headers) -> bool:
        origins = headers.getlist("origin")
        if len(origins) != 1:
            return False
        origin = origins[0].lower()
        return origin == f"http://{headers['host'].lower()}" or origin in self._origins


async def body_of(request: Request) -> bytes:
    """The whole body. Raises TooLargeError before more than the cap is kept."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX:
            raise TooLargeError(f"the message is over {BODY_MAX} bytes; send less")
    return bytes(body)


def _name(host: str) -> str:
    """`host` without its port; an IPv6 address keeps its brackets."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() and not name.endswith(":") else host.lower()
