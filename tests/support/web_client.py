"""A client of the real server over real sockets: no page, just the messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from support.scripted_desk import Clock, ScriptedDesk, served
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

WITHIN_S = 5.0


@dataclass(slots=True)
class Feed:
    """One WebSocket. What does not come in time is a TimeoutError; what was closed, websockets' ConnectionClosed."""

    connection: ClientConnection

    def send(self, message: str | Mapping[str, Any]) -> None:
        self.connection.send(message if isinstance(message, str) else json.dumps(message))

    def message(self) -> bytes | str:
        return self.connection.recv(timeout=WITHIN_S)

    def json(self) -> Any:
        return json.loads(self.message())

    def picture(self) -> tuple[dict[str, Any], bytes]:
        """Header and JPEG of a picture's message."""
        message = self.message()
        assert isinstance(message, bytes)
        length = int.from_bytes(message[:4], "big")
        return json.loads(message[4 : 4 + length]), message[4 + length :]


@dataclass(slots=True)
class Web:
    """A server that runs, and how to talk to it."""

    port: int
    http: httpx.Client

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, path: str, body: object, token: str = "") -> httpx.Response:
        """As our own page does it."""
        headers = {"origin": self.origin} | ({"authorization": f"Bearer {token}"} if token else {})
        return self.http.post(path, headers=headers, json=body)

    @contextmanager
    def feed(self, path: str, origin: str | None = "") -> Iterator[Feed]:
        """A WebSocket as our own page opens it, or with another origin, or with none."""
        named = self.origin if origin == "" else origin
        address = f"ws://127.0.0.1:{self.port}{path}"
        with connect(address, origin=None if named is None else Origin(named), compression=None) as connection:
            yield Feed(connection)


@contextmanager
def web_of(desk: ScriptedDesk, now_s: Callable[[], float] | None = None) -> Iterator[Web]:
    """The real server over this desk, with time standing still unless it is handed in."""
    with (
        served(desk, now_s or Clock().now_s) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=WITHIN_S, trust_env=False) as http,
    ):
        yield Web(port=port, http=http)
