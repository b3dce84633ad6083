"""What every page of technicians asks of a session: at each post, at the beginning of a feed, and while it goes on."""

from __future__ import annotations

from typing import Annotated, Literal

import anyio
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from station.core.procedure import Role
from station.web.feeds import UNSUPPORTED, heard_from
from station.web.pages import who_asks
from station.web.people import People, Session

SIGNED_OUT = 4001
FORBIDDEN = 4003
HELLO_WITHIN_S = 5.0


class Hello(BaseModel):
    """The first message of a feed: whose it is."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    do: Literal["sign_in"]
    token: Annotated[str, Field(max_length=200)]


def technician_of(people: People, request: Request) -> Session | JSONResponse:
    """Whose post it is, or the answer to somebody who may not: 401 signed out, 403 another role."""
    who = who_asks(people, request)
    if who is None:
        return JSONResponse({"verdict": "signed_out"}, 401)
    if who.role is not Role.TECHNICIAN:
        return JSONResponse({"verdict": "forbidden"}, 403)
    return who


async def greeted(socket: WebSocket) -> str | None:
    """Accept a feed and hear whose it is: its token. None when nobody said so in time; then it is closed."""
    await socket.accept()
    try:
        with anyio.fail_after(HELLO_WITHIN_S):
            return Hello.model_validate_json(await heard_from(socket)).token
    except (ValidationError, TimeoutError):
        await socket.close(UNSUPPORTED, "say who you are first")
    except WebSocketDisconnect:
        pass
    return None


def closing_code(people: People, token: str) -> int | None:
    """The code with which a feed of this session ends; None while it may go on."""
    session = people.look(token)
    if session is None:
        return SIGNED_OUT
    return None if session.role is Role.TECHNICIAN else FORBIDDEN
