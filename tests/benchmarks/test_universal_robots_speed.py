"""How soon a stop is on the wire to a Universal Robot, and what its bytes and motions cost. Figures only."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

import numpy as np
import pytest

from drivers.api import CommandDone, CommandFailed, Connected, DriverEvent, MoveJoints, StopMotion
from drivers.bundle import BundleLink
from drivers.channels import Untagger
from drivers.cobot.universal_robots.driver import UniversalRobot
from drivers.cobot.universal_robots.line import Channel, open_line
from drivers.cobot.universal_robots.models import MODELS
from drivers.cobot.universal_robots.motion import knots_of
from drivers.cobot.universal_robots.program import motion
from drivers.cobot.universal_robots.report import OUTPUTS, report_of
from drivers.cobot.universal_robots.rtde import PackageParser, Recipe
from drivers.cobot.universal_robots.simulated_controller import SimulatedController
from drivers.cobot.universal_robots.simulated_ports import FREE_PORTS, ControllerPorts
from drivers.cobot.universal_robots.simulated_variables import outputs_of
from drivers.session import PortOwner

MODEL = MODELS["UR5e"]
HOME = (0.0, -90.0, 90.0, -90.0, -90.0, 0.0)
AWAY = (120.0, -90.0, 90.0, -90.0, -90.0, 0.0)
STOPS = 200
LIMIT_S = 20.0
CONTROL_BYTES = 20
"""Header, recipe, heartbeat, number to stop, speed factor."""


class TimedLink:
    """A bundle that notes when a package with this number in its stop register has been handed to the kernel."""

    def __init__(self, link: BundleLink) -> None:
        self._link = link
        self._untagger = Untagger()
        self.number = -1
        self.left: SimpleQueue[float] = SimpleQueue()

    def write(self, data: bytes) -> None:
        self._link.write(data)
        now_s = time.perf_counter()
        for channel, part in self._untagger.feed(data):
            stops = channel == Channel.RTDE and len(part) == CONTROL_BYTES
            if stops and int.from_bytes(part[8:12], "big") == self.number:
                self.number = -1  # Only the first one counts.
                self.left.put(now_s)

    def __getattr__(self, name: str) -> object:
        return getattr(self._link, name)


@contextmanager
def station_and_robot() -> Iterator[tuple[PortOwner, SimulatedController, SimpleQueue[DriverEvent], list[TimedLink]]]:
    robot = SimulatedController(MODEL, angles_deg=HOME, powered=True)
    ports = ControllerPorts("127.0.0.1", robot, time.monotonic, FREE_PORTS)
    events: SimpleQueue[DriverEvent] = SimpleQueue()
    links: list[TimedLink] = []

    def connect() -> TimedLink:
        links.append(TimedLink(open_line(ports.url)))
        return links[-1]

    owner = PortOwner(connect, UniversalRobot(MODEL), time.monotonic, events.put)  # type: ignore[arg-type]
    stop = threading.Event()
    threads = [threading.Thread(target=run, args=(stop,)) for run in (ports.run, owner.run)]
    for thread in threads:
        thread.start()
    try:
        until(events, Connected)
        yield owner, robot, events, links
    finally:
        stop.set()
        owner.wake()
        for thread in threads:
            thread.join()


def until(events: SimpleQueue[DriverEvent], kind: type[DriverEvent], command_id: str = "") -> None:
    end_s = time.monotonic() + LIMIT_S
    while time.monotonic() < end_s:
        event = events.get(timeout=LIMIT_S)
        if isinstance(event, kind) and getattr(event, "command_id", "") == command_id:
            return
    raise TimeoutError(f"{kind.__name__} {command_id} did not come")


def figures(name: str, values_s: list[float]) -> str:
    ms = np.array(values_s) * 1000.0
    p99, worst = np.percentile(ms, 99), ms.max()
    return f"  {name:<62} n={len(ms):<4} median {np.median(ms):6.2f} ms   p99 {p99:6.2f} ms   worst {worst:6.2f} ms"


def conditions() -> str:
    return f"{os.cpu_count()} processors, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"


@pytest.mark.benchmark
@pytest.mark.parametrize("hangs", [False, True], ids=["dashboard answers", "dashboard hangs"])
def test_stop_to_bytes_on_the_wire(hangs: bool) -> None:
    """It should say how long a stop takes from `submit` to the kernel, and to rest, while the arm moves."""
    print(f"\nUniversal Robots over TCP on this machine; {conditions()}")
    out_s: list[float] = []
    rest_s: list[float] = []
    with station_and_robot() as (owner, robot, events, links):
        robot.dashboard_hangs = hangs
        if hangs:
            time.sleep(1.2)  # Until a question is open that nobody will answer.
        for index in range(STOPS):
            goal = AWAY if robot.angles_deg[0] < 60 else HOME
            owner.submit(MoveJoints(command_id=f"m{index}", angles_deg=goal, speed_percent=60, lease_s=LIMIT_S))
            end_s = time.monotonic() + LIMIT_S
            while not robot.moving and time.monotonic() < end_s:
                time.sleep(0.002)
            time.sleep(0.2 + 0.0013 * (index % 40))
            links[-1].number = robot.programs_run[-1]
            begun_s = time.perf_counter()
            owner.submit(StopMotion(command_id=f"s{index}"))
            out_s.append(links[-1].left.get(timeout=LIMIT_S) - begun_s)
            until(events, CommandFailed, f"m{index}")
            until(events, CommandDone, f"s{index}")
            rest_s.append(time.perf_counter() - begun_s)
    print(figures("stop, from submit to the kernel", out_s))
    print(figures("stop, from submit to rest as reported", rest_s))


@pytest.mark.benchmark
def test_cost_of_a_motion_and_of_a_report() -> None:
    """It should say how long a program takes to write, and a report to read."""
    through = tuple((HOME[0] + 10.0 * n, *(angle + (n % 2) for angle in HOME[1:])) for n in range(1, 12))
    command = MoveJoints(command_id="m", angles_deg=AWAY, speed_percent=20, through_deg=through)
    program_s: list[float] = []
    for _ in range(100):
        begun_s = time.perf_counter()
        knots, duration_s = knots_of(command, MODEL, HOME)
        text = motion(1, [0.0] * 6, knots)
        program_s.append(time.perf_counter() - begun_s)
    table = outputs_of(SimulatedController(MODEL))
    recipe = Recipe(recipe_id=1, names=OUTPUTS, types=tuple(table[name][0] for name in OUTPUTS))
    package = recipe.pack({name: table[name][1]() for name in OUTPUTS})
    report_s: list[float] = []
    for _ in range(2000):
        begun_s = time.perf_counter()
        (found,) = PackageParser().feed(package)
        report_of(recipe.unpack(found.payload))
        report_s.append(time.perf_counter() - begun_s)
    print(
        f"\nA motion of {duration_s:.1f} s through 11 postures: {len(knots)} knots, {len(text)} bytes; {conditions()}"
    )
    print(figures("trajectory and program text", program_s))
    print(figures(f"a report of {len(package)} bytes, framed and read", report_s))
