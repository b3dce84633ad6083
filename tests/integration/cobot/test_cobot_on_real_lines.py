"""The myCobot driver in its own thread on a pseudo-terminal and on TCP, and in lock step on a pseudo-terminal."""

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from cobot_rig import move

from drivers.api import CommandDone, Connected, Disconnected, DriverEvent, StopMotion
from drivers.cobot.mycobot280.driver import MyCobot280
from drivers.cobot.mycobot280.simulator import MyCobot280Simulator
from drivers.link import PtyPair, open_link
from drivers.session import PortOwner
from drivers.simulated_line import LockStep, SimulatorPort, TcpSimulatorPort


@contextmanager
def thread(run: Callable[[threading.Event], None]) -> Iterator[None]:
    stop = threading.Event()
    worker = threading.Thread(target=run, args=(stop,))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(timeout=5.0)
        assert not worker.is_alive()


class Station:
    """An owner whose events go into a queue."""

    def __init__(self, url: str) -> None:
        self.events: queue.Queue[DriverEvent] = queue.Queue()
        self.owner = PortOwner(
            lambda: open_link(url), MyCobot280(), time.monotonic, self.events.put, reconnect_s=(0.05,)
        )

    def next(self, kind: type[DriverEvent], limit_s: float = 10.0) -> DriverEvent:
        end_s = time.monotonic() + limit_s
        while True:
            event = self.events.get(timeout=max(0.01, end_s - time.monotonic()))
            if isinstance(event, kind):
                return event

    def finish(self, command_id: str) -> None:
        end = self.next(CommandDone)
        assert isinstance(end, CommandDone)
        assert end.command_id == command_id


def simulator() -> MyCobot280Simulator:
    return MyCobot280Simulator(random.Random(3), reply_s=0.001)


def test_a_motion_an_unplugging_and_the_return_on_a_pseudo_terminal(tmp_path: Path) -> None:
    """It should move the arm through a real terminal, notice the pulled cable, and connect again on its return."""
    path = tmp_path / "cobot"
    arm = simulator()
    station = Station(str(path))
    first = PtyPair(path)
    with thread(station.owner.run):
        with closing(first), thread(SimulatorPort(first.far_end, arm, time.monotonic).run):
            station.next(Connected)
            station.owner.submit(move("m1", 5, 0, 0, 0, 0, 0, speed=100, lease_s=10))
            station.finish("m1")
            station.owner.submit(StopMotion(command_id="s1"))
            station.finish("s1")
        station.next(Disconnected)
        second = PtyPair(path)
        with closing(second), thread(SimulatorPort(second.far_end, arm, time.monotonic).run):
            station.next(Connected)
            station.owner.submit(move("m2", 0, 0, 0, 0, 0, 0, speed=100, lease_s=10))
            station.finish("m2")
    assert arm.angles_deg == pytest.approx((0.0,) * 6)


def test_a_motion_over_tcp_and_a_second_client() -> None:
    """It should be reached by `socket://`, and take the next client after the first has gone."""
    arm = simulator()
    port = TcpSimulatorPort("127.0.0.1", 0, arm, time.monotonic)
    with thread(port.run):
        for command_id, angle in (("m1", 5.0), ("m2", 0.0)):
            station = Station(f"socket://127.0.0.1:{port.address[1]}")
            with thread(station.owner.run):
                station.next(Connected)
                station.owner.submit(move(command_id, angle, 0, 0, 0, 0, 0, speed=100, lease_s=10))
                station.finish(command_id)


def test_lock_step_on_a_pseudo_terminal_is_the_same_every_time() -> None:
    """It should give the same events at the same simulated times, although the kernel delivers when it likes."""

    def visit() -> list[DriverEvent]:
        events: list[DriverEvent] = []
        arm = MyCobot280Simulator(random.Random(3))
        now_s = 0.0
        with closing(PtyPair()) as pair:
            owner = PortOwner(lambda: open_link(pair.path), MyCobot280(), lambda: now_s, events.append)
            step = LockStep([(owner, SimulatorPort(pair.far_end, arm, lambda: now_s))])
            sent = False
            while not any(isinstance(event, CommandDone) for event in events):
                if not sent and any(isinstance(event, Connected) for event in events):
                    owner.submit(move("m1", 20, 0, 0, 0, 0, 0))
                    sent = True
                owner.renew_lease()
                step.settle(now_s)
                wake_s = step.next_wake_s()
                assert wake_s is not None
                assert wake_s > now_s
                now_s = min(now_s + 0.05, wake_s)
                assert now_s < 20.0
            owner.close()
        return events

    assert visit() == visit()
