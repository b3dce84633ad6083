"""What the server answers: the pages, what they ask once, and what a person does on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import anyio
import anyio.to_thread
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from station.web.asking import ASKS, Ask, Claims, Language, Verdict, event_of, judge
from station.web.desk import Desk
from station.web.guard import body_of
from station.web.people import VISITOR, People, Session
from station.web.record_views import curve_view, record_view
from station.web.views import words_of

_STATUS = {Verdict.ACCEPTED: 200, Verdict.STALE: 409, Verdict.FORBIDDEN: 403, Verdict.REASON_MISSING: 422}
_UTTERANCE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")


class NotJsonError(Exception):
    """A post that a form of a foreign page could send."""

    code = "web.not_json"


class SignIn(BaseModel):
    """A name and its PIN."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: Annotated[str, Field(max_length=80)]
    pin: Annotated[str, Field(max_length=80)]


@dataclass(slots=True, kw_only=True)
class Pages:
    """The HTTP side of one server."""

    desk: Desk
    people: People
    claims: Claims
    static: Path
    signing_in: anyio.Lock = field(default_factory=anyio.Lock)

    def page(self, name: str) -> Route:
        """The route of a page: a file that fills itself from the feeds."""

        async def show(request: Request) -> Response:
            return FileResponse(self.static / f"{name}.html")

        return Route(f"/{name}", show, methods=["GET"])

    async def home(self, request: Request) -> Response:
        """To the visitor's page."""
        return RedirectResponse("/kiosk")

    async def health(self, request: Request) -> Response:
        """Whether there is a screen to show."""
        version, screen = self.desk.screen()
        return JSONResponse({"ready": screen is not None, "version": version})

    async def about(self, request: Request) -> Response:
        """What a page must know once: cameras, and what can be moved with the mouse or a key."""
        return JSONResponse(
            {
                "cameras": list(self.desk.camera_names()),
                "people": list(self.people.names()),
                "bench": self.desk.bench_pointer is not None,
                "trigger": self.desk.trigger_key is not None,
                "arm": self.desk.arm() is not None,
                "eyes": self.desk.eyes() is not None,
                "calibrations": self.desk.calibrations() is not None,
                "torque": self.desk.torque() is not None,
                "robot": self.desk.robot_bench() is not None,
            }
        )

    async def record(self, request: Request) -> Response:
        """What the visitor takes home, with the words of the page around it."""
        language, record, phrases = self._language(request), self.desk.record(), self.desk.phrases
        view = None if record is None else record_view(record, phrases, language)
        return JSONResponse({"record": view, "language": language, "words": words_of(phrases, language)})

    async def curve(self, request: Request) -> Response:
        """The curve of a result of this visit, with the window of its joint; 404 where there is none."""
        curve = await anyio.to_thread.run_sync(self.desk.curve, request.query_params.get("result", ""))
        return Response(status_code=404) if curve is None else JSONResponse(curve_view(curve))

    async def speech(self, request: Request) -> Response:
        """An utterance that the page must play itself."""
        utterance = request.path_params["utterance"]
        wav = self.desk.speech(utterance) if _UTTERANCE.fullmatch(utterance) else None
        return Response(status_code=404) if wav is None else Response(wav, media_type="audio/wav")

    async def act(self, request: Request) -> Response:
        """A person does something: 200, or 409 with the screen's version when it no longer asks for that, or 403.

        422 where a reason is missing.
        """
        who = who_asks(self.people, request)
        if who is None:
            return JSONResponse({"verdict": "signed_out"}, 401)
        ask = ASKS.validate_json(await json_of(request))
        version, screen = self.desk.screen()
        if screen is None or not self._known_language(ask):
            return JSONResponse({"verdict": Verdict.STALE, "version": version}, 409)
        verdict = judge(screen, ask, who)
        if verdict is Verdict.ACCEPTED and not self.claims.take(screen, ask):
            verdict = Verdict.STALE
        if verdict is Verdict.ACCEPTED:
            event = event_of(ask, who)
            if event is not None:
                self.desk.post(event)
            elif isinstance(ask, Language):
                self.desk.begin(ask.language)
        return JSONResponse({"verdict": verdict, "version": version}, _STATUS[verdict])

    async def sign_in(self, request: Request) -> Response:
        """A token for a right PIN; 403 for a wrong one, 429 while one must wait after too many."""
        asked = SignIn.model_validate_json(await json_of(request))
        address = request.client.host if request.client else ""
        # One at a time: tries that run side by side would all be checked before the first wrong one is counted.
        async with self.signing_in:
            wait = self.people.must_wait(asked.name, address)
            if wait is not None:
                text = {"seconds": str(max(1, round(wait.seconds)))}
                sentence = self.desk.phrases.shown(self._language(request), "ui.console.pin_wait", text)
                return JSONResponse({"verdict": "wait", "text": sentence}, 429)
            right = await anyio.to_thread.run_sync(self.people.pin_is_right, asked.name, asked.pin)
            token = self.people.told(asked.name, address, right)
        if token is None:
            sentence = self.desk.phrases.shown(self._language(request), "ui.console.pin_wrong")
            return JSONResponse({"verdict": "wrong", "text": sentence}, 403)
        session = self.people.session(token)
        return JSONResponse({"token": token, "name": asked.name, "role": session.role if session else ""})

    async def sign_out(self, request: Request) -> Response:
        """The token is worth nothing any more."""
        self.people.sign_out(_token(request))
        return JSONResponse({"verdict": Verdict.ACCEPTED})

    def _language(self, request: Request) -> str:
        languages = self.desk.phrases.languages
        wanted = request.query_params.get("language", "")
        _, screen = self.desk.screen()
        return wanted if wanted in languages else screen.language if screen else next(iter(languages))

    def _known_language(self, ask: Ask) -> bool:
        return not isinstance(ask, Language) or ask.language in self.desk.phrases.languages


def who_asks(people: People, request: Request) -> Session | None:
    """Whose request it is; None for a token that is worth nothing."""
    token = _token(request)
    return people.session(token) if token else VISITOR


async def json_of(request: Request) -> bytes:
    """The body of a post. Raises NotJsonError, TooLargeError."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise NotJsonError("posts are JSON with content type application/json; set it and send again")
    return await body_of(request)


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme == "Bearer" else ""
