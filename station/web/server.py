"""The pages' server: its routes, and a way to run it inside the caller's task group and to end it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from pathlib import Path

import anyio
import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from station.config.station_values import PersonConfig
from station.web.arm_pages import ArmPages
from station.web.asking import Claims
from station.web.bell import Bell
from station.web.calibrate_camera_pages import LensPages
from station.web.calibrate_overview_pages import CalibrationPages
from station.web.calibrate_robot_pages import RobotPages
from station.web.calibrate_torque_pages import TorquePages
from station.web.desk import Desk
from station.web.eyes_pages import EyesPages
from station.web.feeds import Feeds
from station.web.guard import MESSAGE_MAX, Guard, TooLargeError
from station.web.pages import NotJsonError, Pages
from station.web.people import People

LINGER_S = 1
"""How long open connections may take to close when the server ends."""


class PortTakenError(Exception):
    """The address cannot be listened on."""

    code = "web.port_taken"


def create_app(
    desk: Desk,
    *,
    people: tuple[PersonConfig, ...] | People,
    allowed_hosts: tuple[str, ...],
    allowed_origins: tuple[str, ...],
    now_s: Callable[[], float],
) -> Starlette:
    """The pages of this station. Routes for mouse and trigger key are there only where the desk has them.

    `people` as `People` bring the sessions of another server of this station along. `allowed_hosts` are names without
    port; `allowed_origins` stand beside the server's own. `now_s` is monotonic, the clock that stamps the pictures.
    """
    static = Path(str(resources.files("station.web") / "static"))
    sessions = people if isinstance(people, People) else People(people, now_s)
    pages = Pages(desk=desk, people=sessions, claims=Claims(now_s), static=static)
    arm = ArmPages(desk=desk, people=sessions)
    eyes = EyesPages(desk=desk, people=sessions)
    calibrations = CalibrationPages(desk=desk, people=sessions)
    bell = Bell()
    feeds = Feeds(desk=desk, bell=bell, now_s=now_s)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        bell.open()
        end = desk.listen(bell.ring)
        try:
            yield
        finally:
            end()
            bell.close()

    routes: list[BaseRoute] = [
        Route("/", pages.home),
        pages.page("kiosk"),
        pages.page("console"),
        pages.page("arm"),
        pages.page("eyes"),
        pages.page("calibration"),
        pages.page("record"),
        Route("/health", pages.health),
        Route("/about.json", pages.about),
        Route("/record.json", pages.record),
        Route("/curve.json", pages.curve),
        Route("/speech/{utterance}.wav", pages.speech),
        Route("/act", pages.act, methods=["POST"]),
        Route("/arm/wish", arm.wish, methods=["POST"]),
        Route("/eyes/wish", eyes.wish, methods=["POST"]),
        Route("/eyes/patch", eyes.patch),
        Route("/eyes/example", eyes.example),
        Route("/calibration/view", calibrations.view),
        Route("/calibration/report", calibrations.report),
        Route("/calibration/wish", calibrations.wish, methods=["POST"]),
        Route("/sign-in", pages.sign_in, methods=["POST"]),
        Route("/sign-out", pages.sign_out, methods=["POST"]),
        WebSocketRoute("/ws/state", feeds.state),
        WebSocketRoute("/ws/video/{camera}", feeds.video),
        WebSocketRoute("/ws/arm", arm.feed),
        WebSocketRoute("/ws/eyes", eyes.feed),
        *LensPages(desk=desk, people=sessions, static=static).routes(),
        *RobotPages(desk=desk, people=sessions, static=static).routes(),
        *TorquePages(desk=desk, people=sessions, static=static).routes(),
        Mount("/static", StaticFiles(directory=static)),
    ]
    if desk.bench_pointer is not None:
        routes += [pages.page("bench"), WebSocketRoute("/ws/bench", feeds.bench)]
    if desk.trigger_key is not None:
        routes.append(WebSocketRoute("/ws/trigger", feeds.trigger))
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Guard, allowed_hosts=allowed_hosts, allowed_origins=allowed_origins)],
        exception_handlers={
            TooLargeError: _answer(413, TooLargeError.code),
            NotJsonError: _answer(415, NotJsonError.code),
            ValidationError: _answer(422, "web.not_understood"),
        },
    )


@asynccontextmanager
async def serving(app: Starlette, *, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the body runs; gives the port (useful with 0). Raises PortTakenError.

    The server ends when the body ends, for whatever reason: it takes no signals of its own.
    """
    listener = listening(host, port)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_max_size=MESSAGE_MAX,
            limit_concurrency=200,
            timeout_graceful_shutdown=LINGER_S,
        )
    )

    async def serve() -> None:
        # Told to end below; a cancelled server would leave its connections open.
        with anyio.CancelScope(shield=True):
            await server.serve(sockets=[listener])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        try:
            while not server.started:
                await anyio.sleep(0.01)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True


class _Server(uvicorn.Server):
    """A server that leaves the signals to the program around it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listening(host: str, port: int) -> socket.socket:
    """A TCP socket that listens there. Raises PortTakenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sends small messages at once only on sockets that say TCP; others wait up to
    # 40 ms for the other side's acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(100)
    except OSError as error:
        listener.close()
        raise PortTakenError(
            f"the pages cannot be served at {host}:{port} ({error.strerror}); "
            "end the program that uses it or choose another port in the station's file"
        ) from error
    return listener


def _answer(status: int, code: str) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, problem: Exception) -> Response:
        return JSONResponse({"error": code}, status)

    return answer
