"""The technicians' page of the eyes on the server: its feed, the zones drawn there, and the checks taught there.

Everything here is for technicians alone, and that is asked of the session at every message.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from station.runtime.eyes_desk import EyesView, ZonesRefusedError
from station.runtime.teach_view import TeachRefusedError
from station.web.desk import Desk
from station.web.eyes_asks import EYES_POSTS, Discard, Draw, Empty, Take, TeachPost, Train
from station.web.eyes_desk import Eyes
from station.web.eyes_views import bench_view, eyes_view, same_bench
from station.web.fact_views import why_of
from station.web.feeds import TRY_AGAIN, heard_from
from station.web.pages import json_of
from station.web.people import People
from station.web.teach_views import taught_view
from station.web.technicians import closing_code, greeted, technician_of

EVERY_S = 0.2
"""Five times a second: figures that people read, beside pictures that come by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EyesPages:
    """The page's ends of one server."""

    desk: Desk
    people: People

    async def wish(self, request: Request) -> Response:
        """A technician wants something: 200, 401 signed out, 403 another role, 404 no eyes, 409 not now or not so.

        With 409 `text` says why in the page's language.
        """
        who = technician_of(self.people, request)
        if isinstance(who, JSONResponse):
            return who
        post = EYES_POSTS.validate_json(await json_of(request))
        if not isinstance(post, Draw | Empty):
            return await self._taught(post, who.person, self._language(request.query_params.get("language", "")))
        eyes = self.desk.eyes()
        if eyes is None:
            return JSONResponse({"verdict": "no_eyes"}, 404)
        return await self._drawn(eyes, post, who.person, self._language(request.query_params.get("language", "")))

    async def patch(self, request: Request) -> Response:
        """A check's region as a camera sees it now, as a JPEG: 404 where it is not seen; 401 and 403 as above."""
        who, teaching = technician_of(self.people, request), self.desk.teaching()
        if isinstance(who, JSONResponse):
            return who
        query = request.query_params
        found = teaching.patch(query.get("check", ""), query.get("camera", "")) if teaching is not None else None
        return Response(status_code=404) if found is None else Response(found, media_type="image/jpeg")

    async def example(self, request: Request) -> Response:
        """An example's picture, as a JPEG."""
        who, teaching = technician_of(self.people, request), self.desk.teaching()
        if isinstance(who, JSONResponse):
            return who
        if teaching is None:
            return Response(status_code=404)
        found = await anyio.to_thread.run_sync(teaching.example, request.query_params.get("example", ""))
        return Response(status_code=404) if found is None else Response(found, media_type="image/jpeg")

    async def feed(self, socket: WebSocket) -> None:
        """Send the bench whenever its zones change and what is seen five times a second. Hears nothing but a hello."""
        token = await greeted(socket)
        if token is None:
            return
        eyes = self.desk.eyes()
        if eyes is None:
            await socket.close(TRY_AGAIN, "nothing is seen here")
            return
        code: int | None = None
        async with anyio.create_task_group() as tasks:

            async def send() -> None:
                nonlocal code
                code = await self._send(socket, eyes, token)
                tasks.cancel_scope.cancel()

            tasks.start_soon(send)
            try:
                while True:
                    await heard_from(socket)
            except WebSocketDisconnect:
                tasks.cancel_scope.cancel()
        if code is not None:
            await socket.close(code)

    async def _send(self, socket: WebSocket, eyes: Eyes, token: str) -> int | None:
        """Until the page is gone, or the code with which its feed is to be closed."""
        sent: EyesView | None = None
        wanted, phrases = socket.query_params.get("language", ""), self.desk.phrases
        try:
            while (closing := closing_code(self.people, token)) is None:
                view, arm, (_, screen) = eyes.view(), self.desk.arm(), self.desk.screen()
                if not same_bench(view, sent):
                    sent = view
                    await socket.send_json(bench_view(view))
                if screen is not None:
                    arm_view = arm.view() if arm is not None else None
                    language, teaching = self._language(wanted), self.desk.teaching()
                    taught = teaching.now() if teaching is not None else ()
                    shown = eyes_view(view, screen, arm_view, phrases, language)
                    await socket.send_json({**shown, "taught": taught_view(taught, view, phrases, language)})
                await anyio.sleep(EVERY_S)
        except WebSocketDisconnect:
            return None
        return closing

    async def _drawn(self, eyes: Eyes, post: Draw | Empty, person: str, language: str) -> Response:
        """Write the zones, in a thread: it waits for the disk; or have the empty bench learned."""
        try:
            if isinstance(post, Draw):
                zones = tuple(zone.value() for zone in post.zones)
                await anyio.to_thread.run_sync(eyes.draw, zones, post.based_on, person)
            else:
                eyes.bench_is_empty(person)
        except ZonesRefusedError as refused:
            text = self.desk.phrases.shown(language, f"ui.eyes.refused.{refused.reason}", refused.words)
            return JSONResponse({"verdict": "refused", "reason": refused.reason, "text": text}, 409)
        return JSONResponse({"verdict": "accepted"})

    async def _taught(self, post: TeachPost, person: str, language: str) -> Response:
        """Take, discard or train, in a thread: it waits for the disk, or reckons for seconds."""
        teaching = self.desk.teaching()
        if teaching is None:
            return JSONResponse({"verdict": "no_checks"}, 404)
        match post:
            case Take():
                act = partial(teaching.take, post.check, post.state, person)
            case Discard():
                act = partial(teaching.discard, post.example, person)
            case Train():
                act = partial(teaching.train, post.check, person)
        try:
            await anyio.to_thread.run_sync(act)
        except TeachRefusedError as refused:
            return JSONResponse({"verdict": "refused", "text": why_of(str(refused), self.desk.phrases, language)}, 409)
        return JSONResponse({"verdict": "accepted"})

    def _language(self, wanted: str) -> str:
        """The page's language where there is one, else the screen's."""
        languages = self.desk.phrases.languages
        _, screen = self.desk.screen()
        return wanted if wanted in languages else screen.language if screen else next(iter(languages))
