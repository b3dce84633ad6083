"""The page of a camera's lens on the server: its feed looks at pictures while somebody watches. Technicians only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import anyio
import anyio.to_thread
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from station.web.calibrate_camera_desk import LensRefusedError, LensWorkshop
from station.web.calibrate_camera_views import lens_view
from station.web.desk import Desk
from station.web.feeds import TRY_AGAIN, heard_from
from station.web.pages import json_of
from station.web.people import People
from station.web.technicians import closing_code, greeted, technician_of

EVERY_S = 0.1
Camera = Annotated[str, Field(min_length=1, max_length=120)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    camera: Camera


class Begin(_Shape):
    """Start a capture anew, with a board that was measured."""

    do: Literal["begin"]
    board: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,80}$")]


class Plain(_Shape):
    """What needs no more words."""

    do: Literal["drop", "stop", "resume", "accept", "discard"]


Wish = Begin | Plain
WISHES: TypeAdapter[Wish] = TypeAdapter(Annotated[Wish, Field(discriminator="do")])


@dataclass(frozen=True, slots=True, kw_only=True)
class LensPages:
    """The page's ends of one server."""

    desk: Desk
    people: People
    static: Path

    def routes(self) -> list[BaseRoute]:
        """The page, its wishes, its feed."""
        return [
            Route("/calibrate/camera/wish", self.wish, methods=["POST"]),
            Route("/calibrate/camera/{camera}", self.page),
            WebSocketRoute("/ws/calibrate/camera/{camera}", self.feed),
        ]

    async def page(self, request: Request) -> Response:
        """A file that fills itself from the feed; 404 for a camera that there is not."""
        if request.path_params["camera"] not in self.desk.camera_names():
            return Response(status_code=404)
        return FileResponse(self.static / "calibrate-camera.html")

    async def wish(self, request: Request) -> Response:
        """A technician wants something: 200, 401 signed out, 403 another role, 404 no such camera, 409 not now.

        With 409 `text` says why in the page's language.
        """
        who = technician_of(self.people, request)
        if isinstance(who, JSONResponse):
            return who
        wish, workshop = WISHES.validate_json(await json_of(request)), self.desk.lenses()
        if workshop is None or not workshop.has(wish.camera):
            return JSONResponse({"verdict": "no_camera"}, 404)
        try:
            await anyio.to_thread.run_sync(partial(_carry_out, workshop, wish, who.person))
        except LensRefusedError as refused:
            language = self._language(request.query_params.get("language", ""))
            text = self.desk.phrases.shown(language, f"ui.lens.no.{refused.reason}", refused.words)
            return JSONResponse({"verdict": "refused", "reason": refused.reason, "text": text}, 409)
        return JSONResponse({"verdict": "accepted"})

    async def feed(self, socket: WebSocket) -> None:
        """Look at the newest picture up to ten times a second, and send what is to be shown. Hears a hello."""
        token = await greeted(socket)
        if token is None:
            return
        workshop, camera = self.desk.lenses(), socket.path_params["camera"]
        if workshop is None or not workshop.has(camera):
            await socket.close(TRY_AGAIN, "no lens is calibrated here")
            return
        code: int | None = None
        async with anyio.create_task_group() as tasks:

            async def send() -> None:
                nonlocal code
                code = await self._send(socket, workshop, camera, token)
                tasks.cancel_scope.cancel()

            tasks.start_soon(send)
            try:
                while True:
                    await heard_from(socket)
            except WebSocketDisconnect:
                tasks.cancel_scope.cancel()
        if code is not None:
            await socket.close(code)

    async def _send(self, socket: WebSocket, workshop: LensWorkshop, camera: str, token: str) -> int | None:
        """Until the page is gone, or the code with which its feed is to be closed."""
        language = self._language(socket.query_params.get("language", ""))
        try:
            while (closing := closing_code(self.people, token)) is None:
                view = await anyio.to_thread.run_sync(workshop.look, camera)
                await socket.send_json(lens_view(view, self.desk.phrases, language))
                await anyio.sleep(EVERY_S)
        except WebSocketDisconnect:
            return None
        return closing

    def _language(self, wanted: str) -> str:
        """The page's language where there is one, else the screen's."""
        languages = self.desk.phrases.languages
        _, screen = self.desk.screen()
        return wanted if wanted in languages else screen.language if screen else next(iter(languages))


def _carry_out(workshop: LensWorkshop, wish: Wish, person: str) -> None:
    match wish:
        case Begin():
            workshop.begin(wish.camera, wish.board, person)
        case Plain(do="drop"):
            workshop.drop_last(wish.camera)
        case Plain(do="stop"):
            workshop.stop(wish.camera)
        case Plain(do="resume"):
            workshop.resume(wish.camera)
        case Plain(do="accept"):
            workshop.accept(wish.camera)
        case Plain():
            workshop.discard(wish.camera)
