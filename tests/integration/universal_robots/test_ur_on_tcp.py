"""The Universal Robots driver in its own thread, over three real TCP ports at once."""

import queue
import time

import pytest
from tcp_rig import controller_on_ports, thread

from drivers.api import (
    CommandDone,
    CommandFailed,
    Connected,
    Disconnected,
    DriverEvent,
    LinkError,
    MoveJoints,
    StopMotion,
)
from drivers.bundle import BundleLink, open_bundle
from drivers.channels import Untagger, opened, tagged
from drivers.cobot.universal_robots.driver import UniversalRobot
from drivers.cobot.universal_robots.line import line_urls, open_line
from drivers.cobot.universal_robots.models import MODELS
from drivers.cobot.universal_robots.simulated_ports import FREE_PORTS
from drivers.link import Listener, memory_pair
from drivers.session import PortOwner


class Station:
    """An owner whose events go into a queue."""

    def __init__(self, url: str) -> None:
        self.events: queue.Queue[DriverEvent] = queue.Queue()
        self.owner = PortOwner(
            lambda: open_line(url),
            UniversalRobot(MODELS["UR5e"]),
            time.monotonic,
            self.events.put,
            reconnect_s=(0.05,),
        )

    def next(self, kind: type[DriverEvent], limit_s: float = 10.0) -> DriverEvent:
        end_s = time.monotonic() + limit_s
        while True:
            event = self.events.get(timeout=max(0.01, end_s - time.monotonic()))
            if isinstance(event, kind):
                return event


def test_motion_stop_restart_and_motion_again_over_tcp() -> None:
    """It should move, stop, notice the restart, connect again and go on, with the same driver all along."""
    with controller_on_ports(FREE_PORTS, powered=True, boot_s=0.3) as (robot, _, url):
        station = Station(url)
        with thread(station.owner.run):
            station.next(Connected)
            goal = (8.0, -90.0, 90.0, -90.0, -90.0, 0.0)
            station.owner.submit(MoveJoints(command_id="m1", angles_deg=goal, speed_percent=100, lease_s=10))
            assert isinstance(station.next(CommandDone), CommandDone)
            assert robot.angles_deg == pytest.approx(goal, abs=0.1)
            far = (90.0, -90.0, 90.0, -90.0, -90.0, 0.0)
            station.owner.submit(MoveJoints(command_id="m2", angles_deg=far, speed_percent=50, lease_s=10))
            time.sleep(0.4)
            station.owner.submit(StopMotion(command_id="s1"))
            failed = station.next(CommandFailed)
            assert isinstance(failed, CommandFailed)
            assert failed.code == "cobot.interrupted"
            station.next(CommandDone)
            robot.restart()
            station.next(Disconnected)
            station.next(Connected)
            assert robot.programs_run == [1, 2]


def test_a_controller_that_is_off_is_told_with_cable_and_switch() -> None:
    """It should name the network cable and the controller's power, once."""
    station = Station("ur://127.0.0.4?dashboard=9&rtde=9&script=9")
    with thread(station.owner.run):
        lost = station.next(Disconnected)
        assert isinstance(lost, Disconnected)
        assert "network cable" in lost.reason
        assert "switched on" in lost.reason
        time.sleep(0.3)
        assert station.events.empty()


@pytest.mark.parametrize(
    "url", ["ur://", "socket://host", "ur://host:30004", "ur://host?rtde=x", "ur://host?port=1", "ur://host?rtde"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """It should say how to write it."""
    with pytest.raises(LinkError, match="ur://host"):
        line_urls(url)


def test_an_address_names_three_ports() -> None:
    """It should take the manufacturer's ports where none are given."""
    assert line_urls("ur://10.1.2.3") == (
        "socket://10.1.2.3:29999",
        "socket://10.1.2.3:30004",
        "socket://10.1.2.3:30002",
    )
    assert line_urls("ur://robot?rtde=7")[1] == "socket://robot:7"


def test_a_bundle_carries_each_line_apart_and_is_lost_as_one() -> None:
    """It should write chunks to their lines, read them back with their numbers, and raise when one line is gone."""
    pairs = [memory_pair(f"line {index}") for index in range(3)]
    bundle = BundleLink([near for near, _ in pairs])
    bundle.write(opened(0) + tagged(2, b"to two") + tagged(0, b"to none"))
    assert [far.read_available() for _, far in pairs] == [b"to none", b"", b"to two"]
    pairs[1][1].write(b"from one")
    pairs[2][1].write(b"from two")
    data = bundle.read_available()
    assert Untagger().feed(data) == ((1, b"from one"), (2, b"from two"))
    assert bundle.bytes_in == len(data)
    pairs[1][1].close()
    with pytest.raises(LinkError, match="line 1"):
        bundle.read_available()
    bundle.close()
    bundle.close()
    with pytest.raises(LinkError):
        bundle.fileno()
    for _, far in pairs:
        far.close()


def test_a_bundle_that_cannot_open_all_lines_keeps_none() -> None:
    """It should close what it has opened when the last line cannot be had."""
    listener = Listener("127.0.0.5", 0)
    try:
        with pytest.raises(LinkError, match=r"127\.0\.0\.5:9"):
            open_bundle([f"socket://127.0.0.5:{listener.address[1]}", "socket://127.0.0.5:9"])
        client = listener.accept()
        assert client is not None
        with pytest.raises(LinkError):
            client.read_available()
        client.close()
    finally:
        listener.close()
