"""The page of a lone simulated tool controller: its state, its log, its last curve, and its buttons."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from station.web.guard import Guard, TooLargeError, body_of

HOSTS = ("127.0.0.1", "localhost")
"""The page is for this machine only."""


class SimulatorDesk(Protocol):
    """What the page needs of the simulated controller. All is called in the event loop's thread."""

    def state(self, after: int) -> Mapping[str, Any]:
        """Everything that is shown, as JSON values; `log` holds the lines after this number."""

    def curve(self) -> Mapping[str, Any] | None:
        """The last rundown's samples, window and result, as JSON values; None before the first."""

    def act(self, do: str, *, word: str, on: bool, inputs: tuple[int, ...]) -> None:
        """Push a button. Raises ValueError for a word or an input that there is not."""


class Push(BaseModel):
    """The body of `POST /act`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    do: Literal["trigger", "loosen", "release", "joint", "fault", "alarm", "inputs"]
    word: str = ""
    on: bool = False
    inputs: list[int] = Field(default=[], max_length=8)


def create_simulator_app(desk: SimulatorDesk) -> Starlette:
    """The page and what it asks for. Only its own page may push buttons, and only under a name of this machine."""
    static = Path(str(resources.files("station.web") / "static"))

    async def page(request: Request) -> Response:
        return FileResponse(static / "simulator.html")

    async def state(request: Request) -> Response:
        after = request.query_params.get("after", "0")
        return JSONResponse(dict(desk.state(int(after) if after.isdecimal() else 0)))

    async def curve(request: Request) -> Response:
        return JSONResponse(desk.curve())

    async def act(request: Request) -> Response:
        push = Push.model_validate_json(await body_of(request))
        try:
            desk.act(push.do, word=push.word, on=push.on, inputs=tuple(push.inputs))
        except ValueError as error:
            return JSONResponse({"error": "simulator.no_such_thing", "detail": str(error)}, 422)
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/", page),
            Route("/state.json", state),
            Route("/curve.json", curve),
            Route("/act", act, methods=["POST"]),
            Mount("/static", StaticFiles(directory=static)),
        ],
        middleware=[Middleware(Guard, allowed_hosts=HOSTS, allowed_origins=())],
        exception_handlers={ValidationError: _not_understood, TooLargeError: _too_large},
    )


async def _not_understood(request: Request, problem: Exception) -> Response:
    return JSONResponse({"error": "web.not_understood"}, 422)


async def _too_large(request: Request, problem: Exception) -> Response:
    return JSONResponse({"error": TooLargeError.code}, 413)
