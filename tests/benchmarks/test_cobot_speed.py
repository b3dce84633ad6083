"""How fast the arm's line is: a read's round trip, ours and the vendor's client's, and how soon a stop is out.

Figures only.
Both clients talk to the same simulator on the same pseudo-terminal in one run; the vendor's runs in a process of its
own, because importing it configures the root logger.
"""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from queue import SimpleQueue

import numpy as np
import pytest

from drivers.api import CommandDone, Connected, DriverEvent, MoveJoints, StopMotion
from drivers.cobot.mycobot280.driver import MyCobot280
from drivers.cobot.mycobot280.protocol import Cmd, FrameParser, request
from drivers.cobot.mycobot280.reads import Asking, Question
from drivers.cobot.mycobot280.simulator import MyCobot280Simulator
from drivers.link import PtyPair, open_link
from drivers.session import PortOwner, wait_readable
from drivers.simulated_line import SimulatorPort

ROUNDS = 400
BAD_ROUNDS = 60
JOGS = 20
STOPS = 400
LIMIT_S = 10.0
"""How long anything is waited for before the measurement is given up."""

VENDOR = """
import json, sys, time
from pymycobot import MyCobot280

arm = MyCobot280(sys.argv[1])
arm.power_on()
for line in sys.stdin:
    word, count = line.split()
    times = []
    for number in range(int(count)):
        begun = time.perf_counter()
        if word == "jog":
            arm.jog_increment_angle(1, 1 if number % 2 else -1, 50)
        else:
            arm.get_angles()
        times.append(time.perf_counter() - begun)
    print(json.dumps(times), flush=True)
"""


def conditions() -> str:
    return f"{os.cpu_count()} processors, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"


def micro_row(name: str, values_s: list[float]) -> str:
    us = np.array(values_s) * 1e6
    return (
        f"  {name:<48} n={len(us):<4} median {np.median(us):9.0f} us   p99 {np.percentile(us, 99):9.0f} us"
        f"   worst {us.max():9.0f} us"
    )


@contextmanager
def thread(run: Callable[[threading.Event], None], wake: Callable[[], None] = lambda: None) -> Iterator[None]:
    stop = threading.Event()
    running = threading.Thread(target=run, args=(stop,))
    running.start()
    try:
        yield
    finally:
        stop.set()
        wake()
        running.join()


@contextmanager
def simulated(reply_s: float = 0.0) -> Iterator[tuple[MyCobot280Simulator, str]]:
    arm = MyCobot280Simulator(random.Random(1), reply_s=reply_s, powered=True)
    with closing(PtyPair()) as pair, thread(SimulatorPort(pair.far_end, arm, time.monotonic).run):
        yield arm, pair.path


class Vendor:
    """The vendor's client, ready on its line, that measures when it is told to."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", VENDOR, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def times(self, word: str, count: int) -> list[float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word} {count}\n")
        self._process.stdin.flush()
        return [float(value) for value in json.loads(self._process.stdout.readline())]

    def close(self) -> None:
        self._process.communicate(timeout=LIMIT_S)


def ours(path: str, count: int) -> list[float]:
    """Reads by the driver's own parts: line, questions, parser. What comes late is not taken for the next answer."""
    times = []
    question = Question(cmd=Cmd.GET_ANGLES)
    with closing(open_link(path)) as link:
        asking, parser = Asking(), FrameParser(replies=True)
        for _ in range(count):
            begun_s = time.perf_counter()
            link.write(asking.ask(question, begun_s))
            while asking.open is not None:
                now_s = time.perf_counter()
                assert now_s < begun_s + LIMIT_S
                if again := asking.again(now_s):
                    link.write(again)
                wait_readable([link.fileno()], asking.deadline_s(), now_s)
                for frame in parser.feed(link.read_available()):
                    if frame.cmd == Cmd.GET_ANGLES:
                        asking.answered(question, time.perf_counter())
            times.append(time.perf_counter() - begun_s)
    return times


def no_trouble(arm: MyCobot280Simulator) -> None:
    """A good day."""


def one_in_ten_lost(arm: MyCobot280Simulator) -> None:
    arm.answers.lost_every = 10


def noise(arm: MyCobot280Simulator) -> None:
    arm.answers.servo_noise = True


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("trouble", "rounds"), [(no_trouble, ROUNDS), (one_in_ten_lost, BAD_ROUNDS), (noise, BAD_ROUNDS)]
)
def test_a_reads_round_trip(trouble: Callable[[MyCobot280Simulator], None], rounds: int) -> None:
    """It should say how long a read takes, ours and the vendor's on the same line, in turns so that both meet the same
    load, and the line undisturbed, with every tenth answer lost, and with servo telegrams mixed in."""
    with simulated() as (arm, path):
        vendor = Vendor(path)
        try:
            vendor.times("read", 10)
            trouble(arm)
            our_times: list[float] = []
            their_times: list[float] = []
            for _ in range(4):
                our_times += ours(path, rounds // 4)
                their_times += vendor.times("read", rounds // 4)
        finally:
            vendor.close()
    print(f"\nRead of the joint angles on a pty, {trouble.__name__}; {conditions()}")
    print(micro_row("this project", our_times))
    print(micro_row("pymycobot 4.0.7", their_times))
    print(f"  ours takes {np.median(our_times) / np.median(their_times):.2f} of the vendor's median")


@pytest.mark.benchmark
def test_how_often_motion_is_sent() -> None:
    """It should count how many commands to move the arm hears when every third answer is lost, per motion asked for."""
    print(f"\nCommands to move, every third answer lost; {conditions()}")
    with simulated() as (arm, path):
        events: SimpleQueue[DriverEvent] = SimpleQueue()
        owner = PortOwner(lambda: open_link(path), MyCobot280(), time.monotonic, events.put)
        with thread(owner.run, owner.wake):
            until(events, lambda event: isinstance(event, Connected))
            arm.answers.lost_every = 3
            begun_s = time.perf_counter()
            for number in range(JOGS):
                angles = (1.0 if number % 2 else -1.0, *(0.0,) * 5)
                owner.submit(MoveJoints(command_id=f"m{number}", angles_deg=angles, speed_percent=50, lease_s=LIMIT_S))
                until(events, ended(f"m{number}"))
            took_s = time.perf_counter() - begun_s
        heard, same = len(arm.motions), doubled(arm.motions)
        print(
            f"  this project:    {JOGS} asked for, {heard} heard, {same} repeated; {took_s / JOGS:.2f} s each, end seen"
        )
    with simulated() as (arm, path):
        vendor = Vendor(path)
        try:
            vendor.times("read", 3)
            arm.answers.lost_every = 3
            times = vendor.times("jog", JOGS)
        finally:
            vendor.close()
        heard, same = len(arm.motions), doubled(arm.motions)
        print(
            f"  pymycobot 4.0.7: {JOGS} asked for, {heard} heard, {same} repeated; "
            f"{np.mean(times):.2f} s each, end not awaited"
        )


def doubled(motions: list[bytes]) -> int:
    """Commands that are the same as the one before; here every second one asked for goes the other way."""
    return sum(one == other for one, other in pairwise(motions))


class Ear(MyCobot280Simulator):
    """A simulated arm that notes when it has heard a stop."""

    def __init__(self) -> None:
        super().__init__(random.Random(1), reply_s=0.0, powered=True)
        self.stops_s: SimpleQueue[float] = SimpleQueue()

    def received(self, data: bytes, now_s: float) -> None:
        at_s = time.perf_counter()
        if request(Cmd.STOP) in data:
            self.stops_s.put(at_s)
        super().received(data, now_s)


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_a_stop_is_out() -> None:
    """It should say how long it takes from `submit(StopMotion)` to its bytes at the arm, while a read hangs."""
    arm = Ear()
    events: SimpleQueue[DriverEvent] = SimpleQueue()
    times: list[float] = []
    with closing(PtyPair()) as pair, thread(SimulatorPort(pair.far_end, arm, time.monotonic).run):
        owner = PortOwner(lambda: open_link(pair.path), MyCobot280(), time.monotonic, events.put)
        with thread(owner.run, owner.wake):
            until(events, lambda event: isinstance(event, Connected))
            for number in range(STOPS):
                arm.answers.mute = True
                time.sleep(0.03 + 0.02 * random.Random(number).random())
                drain(arm.stops_s)
                begun_s = time.perf_counter()
                owner.submit(StopMotion(command_id=f"s{number}"))
                times.append(arm.stops_s.get(timeout=LIMIT_S) - begun_s)
                arm.answers.mute = False
                until(events, ended(f"s{number}"))
    print(f"\nStop, a read hanging every time; {conditions()}")
    print(micro_row("submit(StopMotion) to its bytes read by the arm", times))


def until(events: SimpleQueue[DriverEvent], wanted: Callable[[DriverEvent], bool]) -> None:
    while not wanted(events.get(timeout=LIMIT_S)):
        pass


def ended(command_id: str) -> Callable[[DriverEvent], bool]:
    return lambda event: isinstance(event, CommandDone) and event.command_id == command_id


def drain(queue: SimpleQueue[float]) -> None:
    while not queue.empty():
        queue.get_nowait()
