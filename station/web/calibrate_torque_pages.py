"""The page of the torque tool's verification on the server. For technicians alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import anyio.to_thread
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from calibration.observations import CalibrationError
from station.web.calibrate_torque_desk import TorqueWorkshop
from station.web.calibrate_torque_views import torque_view
from station.web.desk import Desk
from station.web.pages import json_of
from station.web.people import People
from station.web.technicians import technician_of

SAID = ("visit", "no_tool")
"""Refusals that the page says in its own language."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Begin(_Shape):
    """Enable the tool for a series."""

    do: Literal["begin"]
    series: Annotated[str, Field(min_length=1, max_length=80)]


class Reading(_Shape):
    """What the reference read."""

    do: Literal["reading"]
    value_nm: Annotated[float, Field(gt=0, lt=10_000, allow_inf_nan=False)]


class LeaveOut(_Shape):
    """The last rundown does not count."""

    do: Literal["leave_out"]
    why: Annotated[str, Field(min_length=1, max_length=200)]


class Plain(_Shape):
    """What needs no more words."""

    do: Literal["end", "keep"]


Wish = Begin | Reading | LeaveOut | Plain
WISHES: TypeAdapter[Wish] = TypeAdapter(Annotated[Wish, Field(discriminator="do")])


@dataclass(frozen=True, slots=True, kw_only=True)
class TorquePages:
    """The page's ends of one server."""

    desk: Desk
    people: People
    static: Path

    def routes(self) -> list[BaseRoute]:
        """The page, what it shows, its wishes."""
        return [
            Route("/calibrate/torque", self.page),
            Route("/calibrate/torque/view", self.view),
            Route("/calibrate/torque/wish", self.wish, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """A file that fills itself; 404 where the station says nothing of a reference, or keeps no calibrations."""
        if self.desk.torque() is None:
            return Response(status_code=404)
        return FileResponse(self.static / "calibrate-torque.html")

    async def view(self, request: Request) -> Response:
        """Everything on the page: 200, 401, 403, 404, or 409 when a run cannot be written."""
        who, workshop = technician_of(self.people, request), self.desk.torque()
        if isinstance(who, JSONResponse):
            return who
        if workshop is None:
            return Response(status_code=404)
        language = self._language(request)
        try:
            view = await anyio.to_thread.run_sync(workshop.look)
        except OSError as error:
            return self._disk(error, language)
        return JSONResponse(torque_view(view, self.desk.phrases, language, typed=workshop.typed))

    async def wish(self, request: Request) -> Response:
        """A technician wants something: 200, 401, 403, 404, or 409 with `text` saying why not."""
        who, workshop = technician_of(self.people, request), self.desk.torque()
        if isinstance(who, JSONResponse):
            return who
        wish = WISHES.validate_json(await json_of(request))
        if workshop is None:
            return JSONResponse({"verdict": "no_reference"}, 404)
        language = self._language(request)
        try:
            await anyio.to_thread.run_sync(partial(_carry_out, workshop, wish, who.person))
        except CalibrationError as error:
            reason = error.code.removeprefix("torque.")
            text = self.desk.phrases.shown(language, f"ui.verify.no.{reason}") if reason in SAID else str(error)
            return JSONResponse({"verdict": "refused", "code": error.code, "text": text}, 409)
        except OSError as error:
            return self._disk(error, language)
        return JSONResponse({"verdict": "accepted"})

    def _disk(self, error: OSError, language: str) -> JSONResponse:
        text = self.desk.phrases.shown(language, "ui.verify.no.disk", {"detail": error.strerror or str(error)})
        return JSONResponse({"verdict": "refused", "code": "torque.disk", "text": text}, 409)

    def _language(self, request: Request) -> str:
        wanted = request.query_params.get("language", "")
        languages = self.desk.phrases.languages
        _, screen = self.desk.screen()
        return wanted if wanted in languages else screen.language if screen else next(iter(languages))


def _carry_out(workshop: TorqueWorkshop, wish: Wish, person: str) -> None:
    match wish:
        case Begin():
            workshop.begin(wish.series, person)
        case Reading():
            workshop.type_reading(wish.value_nm)
        case LeaveOut():
            workshop.leave_out(wish.why.strip())
        case Plain(do="end"):
            workshop.end()
        case Plain():
            workshop.put_in_force(person)
