"""What the server sends by itself (the screen's state, the cameras' pictures), and what the bench's mouse sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import anyio
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from station.web.bell import Bell
from station.web.desk import BenchPointer, Desk, Shown
from station.web.views import console_view, kiosk_view, words_of

UNSUPPORTED = 1003
TRY_AGAIN = 1013


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """The WebSocket ends of one server. Each viewer has one slot: what is new while it is busy replaces what waits."""

    desk: Desk
    bell: Bell
    now_s: Callable[[], float]

    async def state(self, socket: WebSocket) -> None:
        """Send the whole state whenever it changes, and the page's words when the language does.

        `?page=console` asks for the technicians' view, `&language=` for a language other than the visit's.
        """
        await socket.accept()
        console = socket.query_params.get("page") == "console"
        wanted = socket.query_params.get("language", "")
        sent_version, sent_language = -1, ""

        async def send() -> None:
            nonlocal sent_version, sent_language
            while True:
                ticket = self.bell.ticket()
                version, screen = self.desk.screen()
                if screen is not None and version != sent_version:
                    languages = self.desk.phrases.languages
                    language = wanted if wanted in languages else screen.language
                    if language != sent_language:
                        words = words_of(self.desk.phrases, language)
                        await socket.send_json(
                            {"kind": "words", "language": language, "languages": dict(languages), "words": words}
                        )
                        sent_language = language
                    view = (
                        console_view(
                            screen,
                            self.desk.phrases,
                            language,
                            cameras=self.desk.camera_names(),
                            rundowns=self.desk.rundowns(),
                            overrides=self.desk.overrides(),
                        )
                        if console
                        else kiosk_view(screen, self.desk.phrases, language, self.desk.caption())
                    )
                    await socket.send_json({"kind": "view", "version": version, "view": view})
                    sent_version = version
                await ticket.wait()

        await _until_gone(socket, send)

    async def video(self, socket: WebSocket) -> None:
        """Send the newest picture each time the page asks for the next: never two under way, never an old one first."""
        camera = socket.path_params["camera"]
        await socket.accept()
        if camera not in self.desk.camera_names():
            await socket.close(UNSUPPORTED, "there is no such camera")
            return
        asked = asyncio.Event()

        async def send() -> None:
            sent: Shown | None = None
            while True:
                await asked.wait()
                asked.clear()
                sent = await self._newer(camera, sent)
                await socket.send_bytes(packed(camera, sent, self.now_s()))

        await _until_gone(socket, send, asked.set)

    async def _newer(self, camera: str, than: Shown | None) -> Shown:
        while True:
            ticket = self.bell.ticket()
            shown = self.desk.picture(camera)
            if shown is not None and (than is None or shown.t_mono_s > than.t_mono_s):
                return shown
            await ticket.wait()

    async def bench(self, socket: WebSocket) -> None:
        """Pass the mouse on. When the page goes away, hand and trigger are let go."""
        await socket.accept()
        pointer = self.desk.bench_pointer
        if pointer is None:
            await socket.close(TRY_AGAIN, "nothing can be moved here")
            return
        try:
            while True:
                _moved(pointer, MOVES.validate_json(await heard_from(socket)))
        except WebSocketDisconnect:
            return
        except ValidationError:
            await socket.close(UNSUPPORTED, "not a move")
        finally:
            pointer.trigger(False)
            pointer.release()

    async def trigger(self, socket: WebSocket) -> None:
        """Pass the trigger key on. When the page goes away, the trigger is let go."""
        await socket.accept()
        key = self.desk.trigger_key
        if key is None:
            await socket.close(TRY_AGAIN, "no key is a trigger here")
            return
        try:
            while True:
                if KEYS.validate_json(await heard_from(socket)).held:
                    key.hold()
                else:
                    key.let_go()
        except WebSocketDisconnect:
            return
        except ValidationError:
            await socket.close(UNSUPPORTED, "not a key")
        finally:
            key.let_go()


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Move(_Shape):
    """The pointer is over this pixel."""

    do: Literal["move"]
    x_px: Annotated[float, Field(ge=-10_000, le=10_000)]
    y_px: Annotated[float, Field(ge=-10_000, le=10_000)]
    camera: Annotated[str, Field(max_length=40)]


class Press(_Shape):
    """The hand closes or opens, the trigger is pulled or let go."""

    do: Literal["grab", "release", "pull", "let_go"]


class Key(_Shape):
    """The trigger key is down or up."""

    held: bool


KEYS: TypeAdapter[Key] = TypeAdapter(Key)
MOVES: TypeAdapter[Move | Press] = TypeAdapter(Annotated[Move | Press, Field(discriminator="do")])


def packed(camera: str, shown: Shown, now_s: float) -> bytes:
    """One message for a picture and what was seen in it, so that the two cannot part.

    4 bytes length of the header (big endian); the header as JSON (seq, camera, t_mono_s, age_ms when sent, overlay);
    the JPEG.
    """
    header: dict[str, Any] = {
        "seq": shown.seq,
        "camera": camera,
        "t_mono_s": shown.t_mono_s,
        "age_ms": round((now_s - shown.t_mono_s) * 1000.0, 1),
        "overlay": dict(shown.overlay),
    }
    text = json.dumps(header, allow_nan=False, separators=(",", ":")).encode()
    return len(text).to_bytes(4, "big") + text + shown.jpeg


def _moved(pointer: BenchPointer, move: Move | Press) -> None:
    match move:
        case Move():
            pointer.move(move.x_px, move.y_px, move.camera)
        case Press(do="grab"):
            pointer.grab()
        case Press(do="release"):
            pointer.release()
        case Press():
            pointer.trigger(move.do == "pull")


async def _until_gone(
    socket: WebSocket, send: Callable[[], Awaitable[None]], heard: Callable[[], None] = lambda: None
) -> None:
    """Run `send` until the page has gone; call `heard` at each message from it."""
    async with anyio.create_task_group() as tasks:

        async def listen() -> None:
            try:
                while True:
                    await heard_from(socket)
                    heard()
            except WebSocketDisconnect:
                tasks.cancel_scope.cancel()

        tasks.start_soon(listen)
        try:
            await send()
        except WebSocketDisconnect:
            tasks.cancel_scope.cancel()


async def heard_from(socket: WebSocket) -> str:
    """The next message; a binary one, which no page sends, counts as empty. Raises WebSocketDisconnect."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1006))
    return message.get("text") or ""
