"""`station simulate`: one simulated device alone on a line, for any client of its protocol."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import anyio

from drivers.cobot.mycobot280.simulator import MyCobot280Simulator
from drivers.cobot.universal_robots.simulated_controller import SimulatedController
from drivers.cobot.universal_robots.simulated_ports import EVERY_PORT, FREE_PORTS, ControllerPorts
from drivers.link import PtyPair
from drivers.simulated_line import SimulatorPort, TcpSimulatorPort
from drivers.torque_tool.open_protocol.controller_busy import BusyController
from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.profiles import PROFILES
from drivers.torque_tool.open_protocol.protocol import HeaderStyle
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.commands.simulate_views import Bell, view
from station.config.arm_models import ARM_MODELS
from station.config.controller_file import load_controller
from station.runtime.clock import SystemClock
from station.simulation.lone_tool import LoneTool, jobs_of, psets_of

_LONGEST_WAIT_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOptions:
    """What `station simulate tool` was asked for."""

    pty: Path | None
    tcp: str | None
    carriage: str | None
    profile: str
    header: str
    link_level: bool
    spindles: int
    auto_s: float | None
    joint: str
    fail: str | None
    seed: int
    psets: Path
    view: str
    port: int


def cobot(*, pty: Path | None, tcp: str | None, ack: str, fail: str | None, seed: int) -> int:
    """A myCobot 280 until interrupted."""
    simulator = MyCobot280Simulator(random.Random(seed), ack="legacy" if ack == "legacy" else "modern")
    if fail:
        simulator.fail(fail)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    clock = SystemClock()
    if tcp is not None:
        server = TcpSimulatorPort(*_host_and_port(tcp), simulator, clock.now_s)
        print(f"Simulated myCobot 280 at {_url(server)}; end it with Ctrl-C.", flush=True)
        server.run(stop)
        return 0
    with _pty(pty) as pair:
        print(f"Simulated myCobot 280 at {pair.path}; end it with Ctrl-C.", flush=True)
        SimulatorPort(pair.far_end, simulator, clock.now_s).run(stop)
    return 0


def robot(*, family: str, tcp: str) -> int:
    """A Universal Robot's controller until interrupted: the manufacturer's three ports at the host, or any free ones
    where the port is given as 0. Raises LinkError when a port cannot be had.
    """
    host, port = _host_and_port(tcp)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    controller = SimulatedController(ARM_MODELS[family])
    server = ControllerPorts(host, controller, SystemClock().now_s, EVERY_PORT if port else FREE_PORTS)
    print(f"Simulated {controller.model.name} at {server.url}; end it with Ctrl-C.", flush=True)
    server.run(stop)
    return 0


def tool(options: ToolOptions) -> int:
    """An Open Protocol controller until interrupted. Raises ConfigError for its file, LinkError for its line."""
    setup = load_controller(options.psets)
    profile = PROFILES[options.profile]
    carriage = Carriage(options.carriage or ("tcp" if options.tcp else "serial"))
    style = HeaderStyle(options.header)
    clock = SystemClock()
    began_s = clock.now_s()

    def now_s() -> float:
        return clock.now_s() - began_s

    def make(lone: LoneTool) -> OpenProtocolSimulator:
        return OpenProtocolSimulator(
            psets_of(setup),
            random.Random(options.seed),
            carriage=carriage,
            profile=profile,
            header_style=style,
            link_level=options.link_level,
            auto_s=options.auto_s,
            auto_joint=lone.joint_for,
            spindles=options.spindles,
            jobs=jobs_of(setup),
            clock_at_zero=datetime.now() - timedelta(seconds=now_s()),
            watcher=lone,
        )

    title = f"{profile.title}, {carriage.value}" + (", sequence numbers" if options.link_level else "")
    lone = LoneTool(make, title=title, joint=options.joint)

    def turned_away() -> BusyController:
        lone.note("A second client has come and is turned away.")
        return BusyController(profile, carriage, style)

    if options.fail:
        lone.fail(options.fail)
    if options.tcp is not None:
        host, port = _host_and_port(options.tcp)
        hangup = lone.controller.wants_hangup
        server = TcpSimulatorPort(
            host, port, lone, now_s, wants_hangup=hangup, turn_away=turned_away, gone=lone.line_lost
        )
        lone.address = _url(server)
        try:
            anyio.run(_serve, lone, server, now_s, options)
        finally:
            server.close()
        return 0
    with _pty(options.pty) as pair:
        lone.address = pair.path
        anyio.run(_serve, lone, SimulatorPort(pair.far_end, lone, now_s), now_s, options)
    return 0


async def _serve(
    lone: LoneTool, line: SimulatorPort | TcpSimulatorPort, now_s: Callable[[], float], options: ToolOptions
) -> None:
    """The controller, and what shows it, in one thread until a signal or `q`."""
    ends, bell = anyio.Event(), Bell()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_until_signal, ends)
        tasks.start_soon(_carry, line, now_s, bell)
        async with view(options.view, lone, now_s, bell, ends, port=options.port):
            await ends.wait()
        tasks.cancel_scope.cancel()


async def _carry(line: SimulatorPort | TcpSimulatorPort, now_s: Callable[[], float], bell: Bell) -> None:
    while True:
        bell.rung = anyio.Event()
        line.pump(now_s())
        wake_s = line.next_wake_s()
        wait_s = _LONGEST_WAIT_S if wake_s is None else min(_LONGEST_WAIT_S, max(0.0, wake_s - now_s()))
        with anyio.move_on_after(wait_s):
            async with anyio.create_task_group() as waiting:
                for descriptor in line.waits_for():
                    waiting.start_soon(_readable, descriptor, waiting.cancel_scope)
                await bell.rung.wait()
                waiting.cancel_scope.cancel()


async def _readable(descriptor: int, found: anyio.CancelScope) -> None:
    await anyio.wait_readable(descriptor)
    found.cancel()


async def _until_signal(ends: anyio.Event) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            ends.set()


@contextmanager
def _pty(symlink: Path | None) -> Iterator[PtyPair]:
    pair = PtyPair(symlink)
    try:
        yield pair
    finally:
        pair.close()


def _host_and_port(tcp: str) -> tuple[str, int]:
    host, _, port = tcp.rpartition(":")
    return host or "127.0.0.1", int(port)


def _url(server: TcpSimulatorPort) -> str:
    return f"socket://{server.address[0]}:{server.address[1]}"
