"""The page of a lone simulated controller: who may push its buttons, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import httpx
import pytest

from station.web.simulator_page import create_simulator_app

OWN = "http://127.0.0.1:8099"


class Desk:
    """Writes down what was pushed."""

    def __init__(self) -> None:
        self.did: list[tuple[object, ...]] = []

    def state(self, after: int) -> Mapping[str, Any]:
        return {"after": after}

    def curve(self) -> Mapping[str, Any] | None:
        return None

    def act(self, do: str, *, word: str, on: bool, inputs: tuple[int, ...]) -> None:
        if word == "wrong word":
            raise ValueError("There is no such word.")
        self.did.append((do, word, on, inputs))


def ask(desk: Desk, method: str, path: str, **rest: Any) -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_simulator_app(desk))
        async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
            return await client.request(method, path, **rest)

    return anyio.run(once)


def push(desk: Desk, body: object, origin: str = OWN) -> int:
    return ask(desk, "POST", "/act", json=body, headers={"origin": origin}).status_code


def test_its_own_page_pushes_buttons() -> None:
    """It should hand every button on with what belongs to it."""
    desk = Desk()
    assert push(desk, {"do": "trigger"}) == 200
    assert push(desk, {"do": "joint", "word": "soft"}) == 200
    assert push(desk, {"do": "inputs", "inputs": [1, 8]}) == 200
    assert push(desk, {"do": "alarm", "on": True}) == 200
    assert desk.did == [
        ("trigger", "", False, ()),
        ("joint", "soft", False, ()),
        ("inputs", "", False, (1, 8)),
        ("alarm", "", True, ()),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"do": "explode"},
        {"do": "alarm", "on": "yes"},
        {"do": "trigger", "more": 1},
        {"do": "joint", "word": "wrong word"},
        {"do": "inputs", "inputs": list(range(9))},
        [],
    ],
)
def test_what_makes_no_sense_is_refused(body: object) -> None:
    """It should answer 422 and do nothing."""
    desk = Desk()
    assert push(desk, body) == 422
    assert desk.did == []


def test_strangers_stay_outside() -> None:
    """It should refuse a foreign page's push, a foreign name of this machine, and too much of anything."""
    desk = Desk()
    assert push(desk, {"do": "trigger"}, origin="http://evil.example") == 403
    assert ask(desk, "POST", "/act", json={"do": "trigger"}).status_code == 403
    assert ask(desk, "GET", "/", headers={"host": "evil.example"}).status_code == 403
    assert push(desk, {"do": "joint", "word": "x" * 70_000}) == 413
    assert desk.did == []


def test_the_page_and_its_state_are_served() -> None:
    """It should give the page, and the log's lines after the number that is asked for; nonsense counts as none."""
    page = ask(Desk(), "GET", "/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert ask(Desk(), "GET", "/state.json?after=7").json() == {"after": 7}
    assert ask(Desk(), "GET", "/state.json?after=x").json() == {"after": 0}
    assert ask(Desk(), "GET", "/curve.json").json() is None
