"""The page of the arm's calibration on the server. For technicians alone; anybody of them may pause."""

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

from station.web.bench_job import RobotRefusedError
from station.web.calibrate_robot_desk import RobotWorkshop
from station.web.calibrate_robot_views import robot_view
from station.web.desk import Desk
from station.web.pages import json_of
from station.web.people import People
from station.web.technicians import technician_of


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Answer(_Shape):
    """What was asked has been done, or is said."""

    do: Literal["answer"]
    number: Annotated[int, Field(ge=1)]
    answer: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")]


class Begin(_Shape):
    """Have the bench handed over for a job."""

    do: Literal["begin"]
    job: Literal["calibrate", "check", "reference"]
    series: Annotated[str, Field(max_length=80)] = ""
    """Of a test rundown that was made for the check; empty where none was."""
    reading_nm: Annotated[float, Field(gt=0, lt=10_000, allow_inf_nan=False)] | None = None


class Plain(_Shape):
    """What needs no more words."""

    do: Literal["pause", "accept", "discard", "pointer_on"]


Wish = Answer | Begin | Plain
WISHES: TypeAdapter[Wish] = TypeAdapter(Annotated[Wish, Field(discriminator="do")])


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotPages:
    """The page's ends of one server."""

    desk: Desk
    people: People
    static: Path

    def routes(self) -> list[BaseRoute]:
        """The page, what it shows, its pictures, its wishes."""
        return [
            Route("/calibrate/robot", self.page),
            Route("/calibrate/robot/view", self.view),
            Route("/calibrate/robot/picture/{camera}", self.picture),
            Route("/calibrate/robot/wish", self.wish, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """A file that fills itself; 404 where the station has no arm, or is none that hands its bench over."""
        if self.desk.robot_bench() is None:
            return Response(status_code=404)
        return FileResponse(self.static / "calibrate-robot.html")

    async def view(self, request: Request) -> Response:
        """Everything on the page: 200, 401, 403, 404. To ask for it is to look, and only then the arm may move."""
        who, workshop = technician_of(self.people, request), self.desk.robot_bench()
        if isinstance(who, JSONResponse):
            return who
        if workshop is None:
            return Response(status_code=404)
        return JSONResponse(robot_view(workshop.look(who.person), self.desk.phrases, self._language(request)))

    async def picture(self, request: Request) -> Response:
        """The newest picture that the run took with a camera: 200, 401, 403, 404."""
        who, workshop = technician_of(self.people, request), self.desk.robot_bench()
        if isinstance(who, JSONResponse):
            return who
        jpeg = workshop.picture(request.path_params["camera"]) if workshop is not None else None
        return Response(status_code=404) if jpeg is None else Response(jpeg, media_type="image/jpeg")

    async def wish(self, request: Request) -> Response:
        """A technician wants something: 200, 401, 403, 404, or 409 with `text` saying why not."""
        who, workshop = technician_of(self.people, request), self.desk.robot_bench()
        if isinstance(who, JSONResponse):
            return who
        wish = WISHES.validate_json(await json_of(request))
        if workshop is None:
            return JSONResponse({"verdict": "no_arm"}, 404)
        phrases, language = self.desk.phrases, self._language(request)
        try:
            await anyio.to_thread.run_sync(partial(_carry_out, workshop, wish, who.person))
        except RobotRefusedError as error:
            text = phrases.shown(language, f"ui.robot_run.no.{error.reason}", error.words)
            return JSONResponse({"verdict": "refused", "code": error.code, "text": text}, 409)
        except OSError as error:
            text = phrases.shown(language, "ui.robot_run.no.disk", {"detail": error.strerror or str(error)})
            return JSONResponse({"verdict": "refused", "code": "robot_run.disk", "text": text}, 409)
        return JSONResponse({"verdict": "accepted"})

    def _language(self, request: Request) -> str:
        wanted = request.query_params.get("language", "")
        languages = self.desk.phrases.languages
        _, screen = self.desk.screen()
        return wanted if wanted in languages else screen.language if screen else next(iter(languages))


def _carry_out(workshop: RobotWorkshop, wish: Wish, person: str) -> None:
    match wish:
        case Answer():
            workshop.answer(wish.number, wish.answer, person)
        case Begin():
            made = (wish.series, wish.reading_nm) if wish.series and wish.reading_nm is not None else None
            workshop.begin(person, wish.job, rundown=made)
        case Plain(do="pause"):
            workshop.pause(person)
        case Plain(do="accept"):
            workshop.accept(person)
        case Plain(do="pointer_on"):
            workshop.pointer_on()
        case Plain():
            workshop.discard()
