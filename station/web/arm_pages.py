"""The technicians' arm page on the server: its feed, the button that is held on it, and the wishes that it posts.

Everything here is for technicians alone, and that is asked of the session at every message.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import anyio
import anyio.to_thread
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from station.core.procedure import Role
from station.core.service_asks import LetGo
from station.motion.gesture import TaughtPosture
from station.motion.scene import MotionScene
from station.runtime.arm_desk import TeachError
from station.web.arm_asks import ARM_POSTS, HELD, Edit, JogBegins, Plain, Teach, ask_of
from station.web.arm_views import now_view, scene_view
from station.web.desk import Arm, Desk
from station.web.feeds import TRY_AGAIN, UNSUPPORTED, heard_from
from station.web.gesture_figures import EditError, edited
from station.web.pages import json_of
from station.web.people import People, Session
from station.web.technicians import SIGNED_OUT, closing_code, greeted, technician_of

EVERY_S = 0.1
"""Ten pictures a second are enough for an eye that looks at a slow arm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmPages:
    """The arm page's ends of one server."""

    desk: Desk
    people: People

    async def wish(self, request: Request) -> Response:
        """A technician wants something: 200, 401 signed out, 403 another role, 404 no arm, 409 not now, 422 no sense.

        With 409 and 422 `text` says why, where there is a sentence for it.
        """
        who = technician_of(self.people, request)
        if isinstance(who, JSONResponse):
            return who
        post = ARM_POSTS.validate_json(await json_of(request))
        arm = self.desk.arm()
        if arm is None:
            return JSONResponse({"verdict": "no_arm"}, 404)
        if isinstance(post, Teach | Edit):
            return await self._kept(arm, post, who)
        refusal = self._refusal(request) if post != Plain(do="let_go") else ""
        if refusal:
            return JSONResponse({"verdict": "stale", "text": refusal}, 409)
        arm.ask(ask_of(post), who.person)
        return JSONResponse({"verdict": "accepted"})

    async def feed(self, socket: WebSocket) -> None:
        """Send the scene whenever it changes and the arm ten times a second; hear the button that is held.

        The first message says whose feed it is. When the page goes away with a button held, the button is released.
        """
        token = await greeted(socket)
        if token is None:
            return
        arm = self.desk.arm()
        if arm is None:
            await socket.close(TRY_AGAIN, "this bench has no arm")
            return
        if (closing := closing_code(self.people, token)) is not None:
            await socket.close(closing)
            return
        code: int | None = None
        async with anyio.create_task_group() as tasks:

            async def send() -> None:
                nonlocal code
                code = await self._send(socket, arm, token)
                tasks.cancel_scope.cancel()

            tasks.start_soon(send)
            code = await self._hear(socket, arm, token)
            tasks.cancel_scope.cancel()
        if code is not None:
            await socket.close(code)

    async def _send(self, socket: WebSocket, arm: Arm, token: str) -> int | None:
        """Until the page is gone, or the code with which its feed is to be closed."""
        sent: MotionScene | None = None
        wanted = socket.query_params.get("language", "")
        phrases = self.desk.phrases
        try:
            while (closing := closing_code(self.people, token)) is None:
                view, (_, screen) = arm.view(), self.desk.screen()
                if view.scene is not None and not _same(view.scene, sent):
                    sent = view.scene
                    await socket.send_json(scene_view(sent))
                if screen is not None:
                    language = wanted if wanted in phrases.languages else screen.language
                    await socket.send_json(now_view(view, screen, phrases, language))
                await anyio.sleep(EVERY_S)
        except WebSocketDisconnect:
            return None
        return closing

    async def _hear(self, socket: WebSocket, arm: Arm, token: str) -> int | None:
        """A button's messages, until the page is gone (None), or the code with which its feed is to be closed."""
        held_by = ""
        try:
            while True:
                message = HELD.validate_json(await heard_from(socket))
                who = self.people.session(token)
                if who is None or who.role is not Role.TECHNICIAN:
                    return SIGNED_OUT
                if isinstance(message, JogBegins):
                    held_by = who.person
                    arm.hold()
                    arm.ask(ask_of(message), who.person)
                elif message.do == "hold":
                    arm.hold()
                else:
                    held_by = ""
                    arm.ask(LetGo(), who.person)
        except ValidationError:
            return UNSUPPORTED
        except WebSocketDisconnect:
            return None
        finally:
            if held_by:
                arm.ask(LetGo(), held_by)

    async def _kept(self, arm: Arm, post: Teach | Edit, who: Session) -> Response:
        """Write a gesture, in a thread: it waits for the disk."""
        scene = arm.view().scene
        gestures = scene.gestures if scene is not None else {}
        try:
            if isinstance(post, Teach):
                if not isinstance(gestures.get(post.name), TaughtPosture | None):
                    raise TeachError(f"{post.name} is a gesture of another kind; choose another name for the posture")
                teach = partial(arm.teach_posture, post.name, post.speed_percent, who.person)
                await anyio.to_thread.run_sync(teach)
            else:
                if post.gesture not in gestures:
                    raise TeachError(f"there is no gesture {post.gesture} any more; load the page again")
                gesture = edited(gestures[post.gesture], post.figures)
                await anyio.to_thread.run_sync(arm.keep, gesture, who.person)
        except EditError as error:
            return JSONResponse({"verdict": "not_understood", "text": str(error)}, 422)
        except TeachError as error:
            return JSONResponse({"verdict": "stale", "text": str(error)}, 409)
        return JSONResponse({"verdict": "accepted"})

    def _refusal(self, request: Request) -> str:
        """Why the arm may not be served now, in the page's language; empty when it may."""
        _, screen = self.desk.screen()
        if screen is None or not screen.arm.refusal:
            return ""
        wanted = request.query_params.get("language", "")
        language = wanted if wanted in self.desk.phrases.languages else screen.language
        return self.desk.phrases.shown(language, screen.arm.refusal)


def _same(scene: MotionScene, other: MotionScene | None) -> bool:
    """Whether a page shows the same for both: gestures and limits are all that changes."""
    return other is not None and scene.gestures == other.gestures and scene.limits_deg == other.limits_deg
