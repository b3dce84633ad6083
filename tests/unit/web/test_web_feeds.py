"""What the server sends by itself: whole states, newest pictures, and what the mouse does."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import anyio
import anyio.to_thread
import pytest
from support.scripted_desk import (
    PHRASES,
    Clock,
    Pointer,
    ScriptedDesk,
    app_for,
    picture,
    procedure,
    record_of,
    screen_at,
)
from support.web_client import Web, web_of
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from station.core.faults import FAULTS
from station.core.screen import ScreenFault
from station.web.desk import Caption, Shown
from station.web.feeds import packed
from station.web.server import PortTakenError, listening, serving
from station.web.views import kiosk_view

MIRROR = procedure("door-mirror")
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{more}Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
"""RFC 6455, 4.1."""
ASKS_50_TIMES = b"\x81\x84\0\0\0\0next" * 50
"""Masked text frames (RFC 6455, 5.2), the mask being zero."""


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk(now=screen_at(MIRROR, "welcome"), bench_pointer=Pointer(), kept=record_of(MIRROR))


@pytest.fixture
def web(desk: ScriptedDesk) -> Iterator[Web]:
    with web_of(desk, Clock(s=10.25).now_s) as running:
        yield running


def test_a_page_gets_everything_at_once(desk: ScriptedDesk, web: Web) -> None:
    """It should send the page's words and the whole state on connecting, and the state again on every change."""
    with web.feed("/ws/state") as feed:
        words = feed.json()
        assert words["words"]["pause_program"] == "Pause program"
        assert words["languages"] == {"en": "English", "ja": "日本語"}
        first = feed.json()
        assert first["version"] == 1 and first["view"]["step"] == "welcome"
        desk.show(screen_at(MIRROR, "check-in"))
        assert feed.json()["view"]["step"] == "check-in"
        desk.show(screen_at(MIRROR, "check-in", "ja"))
        assert feed.json()["words"]["pause_program"] == "プログラムを一時停止"
        assert feed.json()["view"]["language"] == "ja"


def test_captions_have_the_voices_own_id(desk: ScriptedDesk, web: Web) -> None:
    """It should show what is said under the id that the voice has, with a sound only where the page must play it."""
    with web.feed("/ws/state") as feed:
        feed.json()
        assert feed.json()["view"]["caption"] is None
        desk.say(Caption(utterance="u-7", text="Hello.", priority="instruction"))
        caption = feed.json()["view"]["caption"]
        assert (caption["utterance"], caption["text"], caption["wav"]) == ("u-7", "Hello.", None)
        desk.say(Caption(utterance="u-8", text="Go on.", priority="instruction", by_page=True))
        assert feed.json()["view"]["caption"]["wav"] == "/speech/u-8.wav"


def test_the_console_has_a_language_of_its_own(desk: ScriptedDesk, web: Web) -> None:
    """It should tell technicians what the cameras and devices do in their language, not the visitor's."""
    assert desk.now is not None
    desk.show(replace(desk.now, language="ja", bad_cameras={"side": "camera.covered"}, devices={"tool": False}))
    with web.feed("/ws/state?page=console&language=en") as feed:
        assert feed.json()["language"] == "en"
        view = feed.json()["view"]
    assert [(camera["name"], camera["good"]) for camera in view["cameras"]] == [("top", True), ("side", False)]
    assert view["cameras"][1]["text"] == PHRASES.shown("en", "fault.camera.covered.technician", {"camera": "side"})
    assert view["devices"][0]["text"] == "not connected"


def test_a_picture_and_what_was_seen_in_it_travel_together(desk: ScriptedDesk, web: Web) -> None:
    """It should send header, overlay and JPEG of one picture in one message, with its age."""
    shown = picture(3, 10.0)
    desk.see(shown)
    with web.feed("/ws/video/top") as feed:
        feed.send("next")
        header, jpeg = feed.picture()
    assert (header["seq"], header["camera"], header["age_ms"]) == (3, "top", 250.0)
    assert header["overlay"] == json.loads(json.dumps(shown.overlay))
    assert jpeg == shown.jpeg
    with web.feed("/ws/video/attic") as feed, pytest.raises(ConnectionClosed):
        feed.message()


def test_newest_wins(desk: ScriptedDesk, web: Web) -> None:
    """It should skip what a busy viewer has missed, and send nothing twice."""
    with web.feed("/ws/video/top") as feed:
        desk.see(picture(1, 1.0))
        feed.send("next")
        assert feed.picture()[0]["seq"] == 1
        for seq in range(2, 9):
            desk.see(picture(seq, float(seq)))
        feed.send("next")
        assert feed.picture()[0]["seq"] == 8
        feed.send("next")
        desk.see(picture(0, 9.0))
        assert feed.picture()[0]["seq"] == 0


def test_viewers_that_never_read(desk: ScriptedDesk, web: Web) -> None:
    """It should go on for the others, and end in time, with viewers there that ask and never read."""
    stalled = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(5)]
    opening = HANDSHAKE.format(path="/ws/video/top", port=web.port, more=f"Origin: {web.origin}\r\n").encode()
    for viewer in stalled:
        viewer.sendall(opening + ASKS_50_TIMES)
    with web.feed("/ws/video/top") as feed:
        for seq in range(1, 30):
            desk.see(picture(seq, float(seq), 320, 180))
            feed.send("next")
            assert feed.picture()[0]["seq"] == seq
    for viewer in stalled:
        viewer.close()


def test_small_messages_go_at_once() -> None:
    """It should serve on a socket that asyncio knows as TCP, and so sends on without waiting for acknowledgements."""
    with listening("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_heavy_messages(web: Web) -> None:
    """It should close on a message over the cap."""
    with web.feed("/ws/bench") as feed:
        feed.send("x" * 70_000)
        with pytest.raises(ConnectionClosed) as closed:
            feed.message()
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


@pytest.mark.parametrize("more", ["Origin: http://evil.example\r\n", ""])
def test_foreign_pages_on_the_wire(web: Web, more: str) -> None:
    """It should answer the handshake of a foreign page with 403."""
    with socket.create_connection(("127.0.0.1", web.port)) as line:
        opening = HANDSHAKE.format(path="/ws/state", port=web.port, more=more)
        line.sendall(opening.encode())
        assert line.recv(100).startswith(b"HTTP/1.1 403")


def test_the_mouse(desk: ScriptedDesk) -> None:
    """It should pass on what the mouse does, and let everything go when the page has gone."""
    pointer = desk.bench_pointer
    assert pointer is not None
    with web_of(desk) as web, web.feed("/ws/bench") as feed:
        feed.send({"do": "move", "x_px": 640.5, "y_px": 360.0, "camera": "top"})
        feed.send({"do": "grab"})
        feed.send({"do": "pull"})
    assert pointer.did == [
        ("move", 640.5, 360.0, "top"),
        ("grab",),
        ("trigger", True),
        ("trigger", False),
        ("release",),
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 60_000, '{"do":"fly"}', '{"do":"move","x_px":1e99,"y_px":0,"camera":""}']
)
def test_a_mouse_that_makes_no_sense(desk: ScriptedDesk, web: Web, text: str) -> None:
    """It should close on what is not a move, and let everything go."""
    with web.feed("/ws/bench") as feed:
        feed.send(text)
        with pytest.raises(ConnectionClosed):
            feed.message()
    assert desk.bench_pointer is not None and desk.bench_pointer.did == [("trigger", False), ("release",)]


def test_the_port_is_taken() -> None:
    """It should say which address, and what to do."""

    async def run(port: int) -> None:
        async with serving(app_for(ScriptedDesk(now=None), Clock().now_s), host="127.0.0.1", port=port):
            pass

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTakenError, match="choose another port"):
        anyio.run(run, taken.getsockname()[1])


def test_the_server_ends_with_its_scope(desk: ScriptedDesk) -> None:
    """It should end, with a page still connected, when the scope around it is cancelled."""

    async def run() -> None:
        with ExitStack() as pages, anyio.CancelScope() as scope:
            async with serving(app_for(desk, time.monotonic), host="127.0.0.1", port=0) as port:
                address, origin = f"ws://127.0.0.1:{port}/ws/state", Origin(f"http://127.0.0.1:{port}")
                await anyio.to_thread.run_sync(lambda: pages.enter_context(connect(address, origin=origin)))
                scope.cancel()
                await anyio.sleep_forever()

    anyio.run(run)
    assert desk.listeners == []


def test_the_record(web: Web) -> None:
    """It should give the record in the language that is asked for, with every joint's result."""
    record = web.http.get("/record.json?language=ja").json()
    assert record["language"] == "ja"
    assert record["record"]["by"] == "組み立て：Aoi"
    assert [joint["torque_nm"] for joint in record["record"]["joints"]] == [9.02, 9.02, 9.02]


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("name", ["door-mirror", "rear-emblem", "wheel"])
def test_every_screen_has_its_words(name: str, language: str) -> None:
    """It should find a sentence for every step and every missing piece of evidence of every procedure."""
    work = procedure(name)
    missing = ("robot", "hands:door", "part:x@tray-a", "part:x@door", "fastener:J1", "tightening:J1")
    for step in work.steps:
        screen = replace(screen_at(work, step.id, language), waiting_for=(*missing, "confirmation:x", "pass_shown"))
        view = kiosk_view(screen, PHRASES, language, None)
        assert view["sentence"] and view["picture_text"]
        assert len(view["waiting"]) == 7


@pytest.mark.parametrize("code", FAULTS)
def test_every_fault_has_its_words(code: str) -> None:
    """It should name every fault for both readers."""
    kind = FAULTS[code]
    fault = ScreenFault(
        code=code, number=kind.number, subject="x", words={}, holds=True, clear_by=kind.clear_by.value, ready=False
    )
    shown = kiosk_view(replace(screen_at(MIRROR, "welcome"), faults=(fault,)), PHRASES, "en", None)["faults"][0]
    assert shown["visitor"] and shown["technician"] and kind.number in shown["number"]


def test_an_overlay_that_is_no_json() -> None:
    """It should refuse to send figures that no page can read."""
    with pytest.raises(ValueError, match="JSON"):
        packed("top", Shown(seq=1, t_mono_s=0.0, jpeg=b"", overlay={"x": float("nan")}), 0.0)
