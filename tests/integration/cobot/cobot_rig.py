"""A real driver and a simulated arm on a line, in time that the test hands in."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from drivers.api import Command, CommandDone, CommandFailed, Connected, Conversation, DriverEvent, MoveJoints
from drivers.cobot.mycobot280.driver import MyCobot280
from drivers.cobot.mycobot280.simulator import MyCobot280Simulator
from drivers.session import PortOwner
from drivers.simulated_line import LockStep, SimulatorPort

TICK_S = 0.01


class CobotRig:
    """Steps time by 10 ms and renews the lease at every step while `lease` is set."""

    def __init__(self, driver: Conversation | None = None, **simulator: Any) -> None:
        self.now_s = 100.0
        self.lease = True
        self.events: list[DriverEvent] = []
        self.simulator = MyCobot280Simulator(random.Random(7), **simulator)
        self.port = SimulatorPort(None, self.simulator, lambda: self.now_s)
        self.owner = PortOwner(self.port.connect, driver or MyCobot280(), lambda: self.now_s, self.events.append)
        self.step = LockStep([(self.owner, self.port)])

    def tick(self) -> None:
        if self.lease:
            self.owner.renew_lease()
        self.step.settle(self.now_s)
        self.now_s += TICK_S

    def until(self, happened: Callable[[], object], limit_s: float = 20.0) -> None:
        end_s = self.now_s + limit_s
        while not happened():
            assert self.now_s < end_s, f"it did not happen; last events: {self.events[-5:]}"
            self.tick()

    def wait(self, duration_s: float) -> None:
        end_s = self.now_s + duration_s
        while self.now_s < end_s:
            self.tick()

    def connect(self) -> None:
        self.until(lambda: self.seen(Connected))

    def seen(self, kind: type[DriverEvent]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def end_of(self, command_id: str) -> CommandDone | CommandFailed | None:
        ends = [e for e in self.events if isinstance(e, CommandDone | CommandFailed) and e.command_id == command_id]
        assert len(ends) <= 1, "a command ends exactly once"
        return ends[0] if ends else None

    def submit(self, command: Command) -> None:
        self.owner.submit(command)

    def finish(self, command: Command, limit_s: float = 20.0) -> CommandDone | CommandFailed:
        self.submit(command)
        self.until(lambda: self.end_of(command.command_id), limit_s)
        end = self.end_of(command.command_id)
        assert end is not None
        return end


def move(command_id: str, *angles_deg: float, speed: int = 50, lease_s: float = 0.3) -> MoveJoints:
    return MoveJoints(command_id=command_id, angles_deg=angles_deg, speed_percent=speed, lease_s=lease_s)


@contextmanager
def rig(**simulator: Any) -> Iterator[CobotRig]:
    bench = CobotRig(**simulator)
    try:
        yield bench
    finally:
        bench.owner.close()
        bench.port.close()
