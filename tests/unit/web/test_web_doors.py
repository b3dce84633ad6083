"""Who may reach the server, what it takes in, and what each answer says about itself."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from support.scripted_desk import Pointer, ScriptedDesk, procedure, screen_at
from support.web_client import Web, web_of
from websockets.exceptions import InvalidStatus

PAGES = ("/kiosk", "/console", "/record", "/health", "/about.json", "/record.json", "/static/js/kiosk.js")


@pytest.fixture
def web() -> Iterator[Web]:
    """A server on which nobody here may change anything."""
    start = screen_at(procedure("door-mirror"), "welcome")
    desk = ScriptedDesk(now=start, wavs={"u-1": b"RIFF", "../x": b"secret"})
    with web_of(desk) as running:
        yield running
    assert desk.posted == [] and desk.begun == []


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_locked_down(web: Web, path: str) -> None:
    """It should let pages load and talk to nothing but this server, and be framed by nobody."""
    answer = web.http.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers


def test_the_front_door(web: Web) -> None:
    """It should lead to the visitor's page."""
    assert web.http.get("/").headers["location"] == "/kiosk"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8100", "", "localhost.", "[::1]"]
)
def test_foreign_hosts(web: Web, host: str) -> None:
    """It should refuse a rebound name on every route, even for reading, whatever a forwarding header says."""
    headers = {"host": host, "x-forwarded-host": "127.0.0.1", "x-forwarded-for": "127.0.0.1"}
    for path in PAGES:
        assert web.http.get(path, headers=headers).status_code == 403
    answer = web.http.post("/act", headers={**headers, "origin": web.origin}, json={"do": "pause"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://127.0.0.1", "http://127.0.0.1:9", "file://"]
)
def test_foreign_origins(web: Web, origin: str | None) -> None:
    """It should refuse posts and sockets of foreign pages, and of nobody, with 403."""
    headers = {} if origin is None else {"origin": origin}
    for path in ("/act", "/sign-in", "/sign-out"):
        assert web.http.post(path, headers=headers, json={"do": "pause"}).status_code == 403
    for path in ("/ws/state", "/ws/video/top"):
        with pytest.raises(InvalidStatus, match="403"), web.feed(path, origin):
            pass


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_forms_are_no_posts(web: Web, kind: str) -> None:
    """It should take only what a form of a foreign page cannot send."""
    headers = {"origin": web.origin, "content-type": kind}
    answer = web.http.post("/act", headers=headers, content=b'{"do":"pause"}')
    assert (answer.status_code, answer.json()["error"]) == (415, "web.not_json")


def test_heavy_posts(web: Web) -> None:
    """It should stop reading at the cap."""
    answer = web.post("/act", {"do": "x" * 70_000})
    assert (answer.status_code, answer.json()["error"]) == (413, "web.too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"pause"',
        b'{"do":"dance"}',
        b'{"do":"pause","more":1}',
        b'{"do":"confirm","step":1,"what":"x"}',
        b'{"do":"acknowledge"}',
        b'{"do":"language","language":"' + b"e" * 300 + b'"}',
        b"[" * 30_000,
        b'{"do":' * 10_000,
        b'{"do":"pause"}\xff',
        json.dumps({str(key): key for key in range(3_000)}).encode(),
    ],
)
def test_posts_that_mean_nothing(web: Web, body: bytes) -> None:
    """It should answer 422 to whatever is not an ask, and never fail."""
    headers = {"origin": web.origin, "content-type": "application/json"}
    answer = web.http.post("/act", headers=headers, content=body)
    assert (answer.status_code, answer.json()["error"]) == (422, "web.not_understood")


@pytest.mark.parametrize("start", ["/static/", "/static/js/", "/speech/"])
def test_no_way_out_of_the_folder(web: Web, start: str) -> None:
    """It should answer 404 to every path that climbs, however it is written."""
    tail = ".wav" if start == "/speech/" else ""
    for dots in ("%2e%2e", ".%2e", "%252e%252e", "%2e%2e%00", "%2e%2e%2e%2e", "%2e%2e;", "%c0%ae%c0%ae"):
        for slash in ("/", "%2f", "%252f", "\\", "%5c", "//"):
            for deep in (1, 2, 3, 6):
                for target in ("etc/passwd", "web/server.py", "config/station.toml"):
                    climb = start + (dots + slash) * deep + target + tail
                    assert web.http.get(climb).status_code == 404, climb


def test_speech_by_its_own_name_only(web: Web) -> None:
    """It should give the WAV of a known utterance, and 404 for any other name."""
    found = web.http.get("/speech/u-1.wav")
    assert (found.status_code, found.content, found.headers["content-type"]) == (200, b"RIFF", "audio/wav")
    assert web.http.get("/speech/u-2.wav").status_code == 404
    assert web.http.get("/speech/..%2fx.wav").status_code == 404


def test_no_mouse_where_nothing_can_be_moved(web: Web) -> None:
    """It should have the bench's routes only where the station has a pointer."""
    assert web.http.get("/bench").status_code == 404
    with pytest.raises(InvalidStatus), web.feed("/ws/bench"):
        pass
    with web_of(ScriptedDesk(now=None, bench_pointer=Pointer())) as other:
        assert other.http.get("/bench").status_code == 200
        assert other.http.get("/health").json()["ready"] is False
