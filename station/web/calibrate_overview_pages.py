"""The page of the calibrations on the server: what stands, reports, the way back, and the daily check.

For technicians alone. Nothing is changed while a visit is under way: it keeps the calibrations that it began with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal

import anyio
import anyio.to_thread
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from calibration.daily.camera_check import PICTURES, REFERENCE_PICTURES
from calibration.observations import CalibrationError
from station.config.artefact import ArtefactError, Kind
from station.web.calibrate_overview_desk import CalibrationBook
from station.web.calibrate_overview_views import overview
from station.web.desk import Desk
from station.web.eyes_desk import Eyes
from station.web.pages import json_of
from station.web.people import People
from station.web.technicians import technician_of
from vision.api import CameraState, TagObservation

WITHIN_S = 30.0
LOOK_S = 0.03
TOLD_BY = (CameraState.GOOD, CameraState.MOVED)
"""What a picture may be for the daily check: a camera that moved is what it looks for."""
FORMS = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
Word = Annotated[str, Field(min_length=1, max_length=200)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RollBack(_Shape):
    """Put an earlier calibration in force again."""

    do: Literal["roll_back"]
    kind: Annotated[Kind, Field(strict=False)]
    subject: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,80}$")]
    to: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,160}$")]
    why: Word


class Check(_Shape):
    """Has anything moved."""

    do: Literal["check"]


class TakeReference(_Shape):
    """Keep what later checks compare with."""

    do: Literal["reference"]


Wish = RollBack | Check | TakeReference
WISHES: TypeAdapter[Wish] = TypeAdapter(Annotated[Wish, Field(discriminator="do")])


@dataclass(slots=True, kw_only=True)
class CalibrationPages:
    """The page's ends of one server."""

    desk: Desk
    people: People
    checking: anyio.Lock = field(default_factory=anyio.Lock)

    async def view(self, request: Request) -> Response:
        """Everything on the page; 404 where the station keeps no calibrations."""
        who, book = technician_of(self.people, request), self.desk.calibrations()
        if isinstance(who, JSONResponse):
            return who
        if book is None:
            return Response(status_code=404)
        return JSONResponse(await anyio.to_thread.run_sync(self._view, book, self._language(request)))

    async def report(self, request: Request) -> Response:
        """The report as a file: `?form=html` or `pdf`."""
        who, book = technician_of(self.people, request), self.desk.calibrations()
        if isinstance(who, JSONResponse):
            return who
        form = request.query_params.get("form", "")
        if book is None or form not in FORMS:
            return Response(status_code=404)
        return Response(await anyio.to_thread.run_sync(book.report, form), media_type=FORMS[form])

    async def wish(self, request: Request) -> Response:
        """Roll back, check, or take the reference: 200, 401, 403, 404, or 409 with `text` in the page's language."""
        who, book = technician_of(self.people, request), self.desk.calibrations()
        if isinstance(who, JSONResponse):
            return who
        post = WISHES.validate_json(await json_of(request))
        if book is None:
            return JSONResponse({"verdict": "no_calibrations"}, 404)
        language = self._language(request)
        if refusal := self._refusal(language):
            return JSONResponse({"verdict": "refused", "text": refusal}, 409)
        async with self.checking:
            try:
                if isinstance(post, RollBack):
                    act: Callable[[], object] = partial(
                        book.roll_back, post.kind, post.subject, post.to, post.why.strip(), who.person
                    )
                else:
                    eyes = self.desk.eyes()
                    if eyes is None:
                        return self._refused("ui.calibration.no_eyes", language)
                    count = PICTURES if isinstance(post, Check) else REFERENCE_PICTURES
                    tags = await _tags(eyes, count)
                    act = partial(book.check if isinstance(post, Check) else book.take_reference, tags, who.person)
                    if refusal := self._refusal(language):
                        return JSONResponse({"verdict": "refused", "text": refusal}, 409)
                await anyio.to_thread.run_sync(act)
            except (ArtefactError, CalibrationError) as error:
                return JSONResponse({"verdict": "refused", "code": error.code, "text": str(error)}, 409)
            except OSError as error:
                words = {"detail": error.strerror or str(error)}
                text = self.desk.phrases.shown(language, "ui.calibration.disk", words)
                return JSONResponse({"verdict": "refused", "text": text}, 409)
        return JSONResponse({"verdict": "accepted"})

    def _view(self, book: CalibrationBook, language: str) -> dict[str, object]:
        refusal = self._refusal(language)
        phrases, station = self.desk.phrases, book.station.id
        return overview(book.standings(), station, book.now(), phrases, language, refusal, book.checked())

    def _refused(self, phrase: str, language: str) -> JSONResponse:
        return JSONResponse({"verdict": "refused", "text": self.desk.phrases.shown(language, phrase)}, 409)

    def _refusal(self, language: str) -> str:
        _, screen = self.desk.screen()
        running = screen is not None and screen.phase == "running"
        return self.desk.phrases.shown(language, "ui.calibration.visit") if running else ""

    def _language(self, request: Request) -> str:
        wanted = request.query_params.get("language", "")
        languages = self.desk.phrases.languages
        _, screen = self.desk.screen()
        return wanted if wanted in languages else screen.language if screen else next(iter(languages))


async def _tags(eyes: Eyes, count: int) -> dict[str, list[tuple[TagObservation, ...]]]:
    """The tags of the next `count` clear pictures of each camera, or of as many as there are in `WITHIN_S`."""
    last: dict[str, int] = {camera.name: camera.newest.seq if camera.newest else -1 for camera in eyes.view().cameras}
    found: dict[str, list[tuple[TagObservation, ...]]] = {name: [] for name in last}
    with anyio.move_on_after(WITHIN_S):
        while any(len(tags) < count for tags in found.values()):
            await anyio.sleep(LOOK_S)
            for camera in eyes.view().cameras:
                newest = camera.newest
                if newest is not None and newest.seq != last[camera.name] and len(found[camera.name]) < count:
                    last[camera.name] = newest.seq
                    if newest.state in TOLD_BY:
                        found[camera.name].append(newest.tags)
    return found
