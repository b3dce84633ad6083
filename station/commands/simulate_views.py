"""How a lone simulated controller is looked at: in a terminal, on a page, or by its client's mistakes alone."""

from __future__ import annotations

import os
import sys
import termios
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

import anyio

from station.simulation.lone_tool import LoneTool, Speaker

VIEWS = ("terminal", "web", "none")
_DRAW_EVERY_S = 0.2


class Bell:
    """Wakes the line when somebody has pushed a button. Not thread-safe."""

    def __init__(self) -> None:
        self.rung = anyio.Event()

    def ring(self) -> None:
        """There is something to carry."""
        self.rung.set()


def view(
    name: str, lone: LoneTool, now_s: Callable[[], float], bell: Bell, ends: anyio.Event, *, port: int
) -> AbstractAsyncContextManager[None]:
    """The view of this name; the terminal sets `ends` when somebody presses `q`. `port` is that of the page."""
    if name == "terminal":
        return _terminal(lone, now_s, bell, ends)
    if name == "web":
        return _page(lone, now_s, port, bell)
    return _mistakes_only(lone)


@asynccontextmanager
async def _terminal(lone: LoneTool, now_s: Callable[[], float], bell: Bell, ends: anyio.Event) -> AsyncIterator[None]:
    from rich.console import Console
    from rich.live import Live

    from station.simulation.tool_terminal import press, render

    console = Console()

    async def draw(live: Live) -> None:
        while True:
            live.update(render(lone, console), refresh=True)
            await anyio.sleep(_DRAW_EVERY_S)

    async def listen(live: Live) -> None:
        while sys.stdin.isatty():
            await anyio.wait_readable(sys.stdin)
            for key in os.read(sys.stdin.fileno(), 64).decode("ascii", errors="replace") or "\x04":
                if not press(lone, key, now_s()):
                    ends.set()
            bell.ring()
            live.update(render(lone, console), refresh=True)

    with _keys(), Live(render(lone, console), console=console, screen=True, auto_refresh=False) as live:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(draw, live)
            tasks.start_soon(listen, live)
            yield
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def _page(lone: LoneTool, now_s: Callable[[], float], port: int, bell: Bell) -> AsyncIterator[None]:
    from station.simulation.tool_desk import ToolDesk
    from station.web.server import serving
    from station.web.simulator_page import create_simulator_app

    app = create_simulator_app(ToolDesk(lone, now_s, bell.ring))
    async with serving(app, host="127.0.0.1", port=port) as bound:
        _announce(lone)
        print(f"Its page: http://127.0.0.1:{bound}/", flush=True)
        yield


@asynccontextmanager
async def _mistakes_only(lone: LoneTool) -> AsyncIterator[None]:
    """No view: the client's mistakes go to the error output as they come."""

    async def tell() -> None:
        told = 0
        while True:
            for line in lone.log(told):
                told = line.number
                if line.speaker in (Speaker.MISTAKE, Speaker.NOTE):
                    print(f"{line.t_s:9.2f} {line.speaker}: {line.text}", file=sys.stderr, flush=True)
            await anyio.sleep(_DRAW_EVERY_S)

    _announce(lone)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tell)
        yield
        tasks.cancel_scope.cancel()


def _announce(lone: LoneTool) -> None:
    print(f"Simulated controller ({lone.title}) at {lone.address}; end it with Ctrl-C.", flush=True)


@contextmanager
def _keys() -> Iterator[None]:
    """Keys come one by one and unseen, as long as there is a keyboard."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
