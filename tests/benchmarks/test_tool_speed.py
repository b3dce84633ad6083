"""How fast the torque tool's protocol is: codec, round trips, and how soon the enable is taken away. Figures only."""

from __future__ import annotations

import os
import platform
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
from latency_probe import row
from support.corebench import CoreBench, bench_of, play
from support.coreworld import mirror

from drivers.api import ArmTool, CommandDone, Connected, DisarmTool, DriverEvent
from drivers.link import DescriptorLink, PtyPair, open_link
from drivers.session import PortOwner
from drivers.simulated_line import SimulatorPort, TcpSimulatorPort
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.joint_physics import ParameterSet
from drivers.torque_tool.open_protocol.messages import LAYOUTS
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.results import tightening_result
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from drivers.torque_tool.open_protocol.trace import TORQUE, Resolution, Trace, decode_trace, encode_trace
from drivers.torque_tool.open_protocol.variable import DataField
from station.core.effects import Effect
from station.core.state import State
from station.runtime.clock import SystemClock
from station.runtime.dispatch import Dispatch
from station.runtime.journal import Journal
from station.runtime.loop import StationLoop
from station.runtime.station import silent_people
from vision.api import FactChanged, FactReading, FactValue, VisionEvent

MESSAGES = 5_000
TRACES = 300
ROUNDS = 400
LIMIT_S = 10.0
"""How long one answer is waited for before the measurement is given up."""
PSETS = {
    pset: ParameterSet(
        pset=pset,
        torque_min_nm=8.1,
        torque_max_nm=9.9,
        torque_target_nm=9.0,
        angle_min_deg=20,
        angle_max_deg=110,
        angle_target_deg=60,
        snug_nm=2.0,
    )
    for pset in (1, 2)
}
LINES = [Carriage.SERIAL, Carriage.TCP]
NAMES = {Carriage.SERIAL: "serial frames, pty", Carriage.TCP: "TCP loopback"}
RESULT = {
    "tightening_id": 12346, "pset": 7, "tightening_status": 1, "torque_status": 1, "angle_status": 1, "job": 3,
    "torque_min_nm": 8.1, "torque_max_nm": 9.9, "torque_target_nm": 9.0, "torque_nm": 9.03, "angle_min_deg": 20,
    "angle_max_deg": 80, "angle_target_deg": 50, "angle_deg": 51, "batch_size": 5, "batch_counter": 2, "vin": "VIN42",
    "batch_status": 0, "time": "2026-01-01:00:00:00", "last_change": "2026-01-01:00:00:00", "torque_unit": 1,
    "result_type": 1, "tool_serial": "C0761275",
}  # fmt: skip
TRACE = Trace(
    result_id=12346,
    time="2026-01-01:00:00:00",
    trace_type=TORQUE,
    unit=1,
    parameters=(DataField(pid=2213, data_type=3, unit=1, step=0, value=b"100.00"),),
    resolutions=(Resolution(first=1, last=768, data_type=3, unit=202, value=b"2.0000"),),
    samples=tuple(range(768)),
)


def conditions() -> str:
    return f"{os.cpu_count()} processors, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"


def per_second(act: Callable[[], object], count: int) -> float:
    begun_s = time.perf_counter()
    for _ in range(count):
        act()
    return count / (time.perf_counter() - begun_s)


@pytest.mark.benchmark
@pytest.mark.parametrize("carriage", LINES)
def test_codec_rate(carriage: Carriage) -> None:
    """It should say how many messages a second are framed and written, and found and read, on one processor."""
    print(f"\nCodec, {carriage}; {conditions()}")

    def read_result(message: Message) -> object:
        return tightening_result(message, device="tool", t_mono_s=0.0, controller_serial="C", tool_serial="T")

    kinds: list[tuple[str, int, Callable[[], Message], Callable[[Message], object]]] = [
        (
            f"0061 revision {revision}",
            MESSAGES,
            lambda revision=revision: Message(mid=61, revision=revision, data=LAYOUTS[61, revision].encode(RESULT)),
            read_result,
        )
        for revision in (2, 7)
    ]
    kinds.append(
        (
            "0900 of 768 samples",
            TRACES,
            lambda: Message(mid=900, data=encode_trace(TRACE, "big")),
            lambda message: decode_trace(message.data, "big"),
        )
    )
    for name, count, make, take in kinds:
        raw = frame(make(), carriage, Side.CONTROLLER)
        parser = FrameParser(carriage, Side.CONTROLLER)

        def find(raw: bytes = raw, parser: FrameParser = parser) -> Message:
            [found] = parser.feed(raw)
            return found

        take(find())
        written = per_second(lambda make=make: frame(make(), carriage, Side.CONTROLLER), count)
        taken = per_second(lambda take=take, find=find: take(find()), count)
        found = per_second(find, count)
        print(
            f"  {name:<22} {len(raw):>5} bytes   written {written:>8,.0f} a second   found and read {taken:>8,.0f} a"
            f" second   (found alone {found:>8,.0f})"
        )


@dataclass
class Ear:
    """A simulator's watcher that notes when a disable has been read whole."""

    disables_s: SimpleQueue[float] = field(default_factory=SimpleQueue)

    def said(self, message: Message) -> None:
        """Of no interest."""

    def heard(self, message: Message) -> None:
        if message.mid == 42:
            self.disables_s.put(time.perf_counter())

    def breach(self, sentence: str) -> None:
        """Of no interest."""


class NotedLink:
    """A station's end of a line that notes when a disable was handed to the kernel."""

    def __init__(self, link: DescriptorLink, handed_s: SimpleQueue[float]) -> None:
        self._link = link
        self._handed_s = handed_s
        self.fileno, self.read_available, self.close = link.fileno, link.read_available, link.close

    @property
    def bytes_in(self) -> int:
        return self._link.bytes_in

    @property
    def bytes_out(self) -> int:
        return self._link.bytes_out

    def write(self, data: bytes) -> None:
        self._link.write(data)
        if b"00200042" in data:
            self._handed_s.put(time.perf_counter())


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
def controller(carriage: Carriage, ear: Ear | None = None) -> Iterator[str]:
    """A simulated controller in a thread of its own; gives the URL of its line."""
    clock = SystemClock()
    simulator = OpenProtocolSimulator(PSETS, random.Random(1), carriage=carriage, watcher=ear)
    with ExitStack() as stack:
        if carriage is Carriage.TCP:
            server = TcpSimulatorPort("127.0.0.1", 0, simulator, clock.now_s, wants_hangup=simulator.wants_hangup)
            stack.enter_context(thread(server.run))
            yield f"socket://{server.address[0]}:{server.address[1]}"
        else:
            pair = PtyPair()
            stack.callback(pair.close)
            port = SimulatorPort(pair.far_end, simulator, clock.now_s)
            stack.enter_context(thread(port.run))
            yield str(pair.path)


def ask(link: DescriptorLink, parser: FrameParser, data: bytes, mid: int) -> float:
    """Seconds from the write to the whole answer; what else comes is left alone."""
    begun_s = time.perf_counter()
    link.write(data)
    while time.perf_counter() < begun_s + LIMIT_S:
        if any(message.mid == mid for message in parser.feed(link.read_available())):
            return time.perf_counter() - begun_s
    raise AssertionError(f"no {mid:04d} within {LIMIT_S} s")


@pytest.mark.benchmark
def test_round_trips() -> None:
    """It should say how long 9999 and 0018 take there and back, and TCP against the pty in the same run."""
    print(f"\nRound trip to a simulated controller in another thread; {conditions()}")
    medians: dict[tuple[Carriage, int], float] = {}
    for carriage in LINES:
        with controller(carriage) as url:
            link, parser = open_link(url), FrameParser(carriage, Side.CONTROLLER)

            def framed(mid: int, data: bytes = b"", carriage: Carriage = carriage) -> bytes:
                return frame(Message(mid=mid, data=data), carriage, Side.INTEGRATOR)

            try:
                ask(link, parser, framed(1), 2)
                for mid, data, answer in ((9999, b"", 9999), (18, b"002", 5)):
                    times = [ask(link, parser, framed(mid, data), answer) for _ in range(ROUNDS)]
                    medians[carriage, mid] = float(np.median(times))
                    print(micro_row(f"{mid:04d}, {NAMES[carriage]}", times))
            finally:
                link.close()
    for mid in (9999, 18):
        ratio = medians[Carriage.TCP, mid] / medians[Carriage.SERIAL, mid]
        print(f"  {mid:04d}: TCP takes {ratio:.2f} of the pty's median")


def micro_row(name: str, values_s: list[float]) -> str:
    us = np.array(values_s) * 1e6
    return (
        f"  {name:<58} n={len(us):<5} median {np.median(us):7.0f} us   p95 {np.percentile(us, 95):7.0f} us"
        f"   worst {us.max():7.0f} us"
    )


@pytest.mark.benchmark
@pytest.mark.parametrize("carriage", LINES)
def test_a_disable_goes_out(carriage: Carriage) -> None:
    """It should say how long it takes from `submit(DisarmTool)` in one thread to the controller that has read it."""
    clock, ear = SystemClock(), Ear()
    events: SimpleQueue[DriverEvent] = SimpleQueue()
    handed_s: SimpleQueue[float] = SimpleQueue()
    to_kernel, to_controller = [], []
    with controller(carriage, ear) as url:
        tool = OpenProtocolTool(carriage=carriage, traces=False)
        owner = PortOwner(lambda: NotedLink(open_link(url), handed_s), tool, clock.now_s, events.put)
        with thread(owner.run, owner.wake):
            until(events, lambda event: isinstance(event, Connected))
            for number in range(ROUNDS):
                owner.submit(ArmTool(command_id=f"arm {number}", pset=1))
                until(events, ended(f"arm {number}"))
                drain(handed_s, ear.disables_s)
                begun_s = time.perf_counter()
                owner.submit(DisarmTool(command_id=f"off {number}"))
                to_kernel.append(handed_s.get(timeout=LIMIT_S) - begun_s)
                to_controller.append(ear.disables_s.get(timeout=LIMIT_S) - begun_s)
                until(events, ended(f"off {number}"))
    print(f"\nDisable, {NAMES[carriage]}; {conditions()}")
    print(micro_row("submit(DisarmTool) to the return of the write", to_kernel))
    print(micro_row("submit(DisarmTool) to 0042 read by the controller", to_controller))


def until(events: SimpleQueue[DriverEvent], wanted: Callable[[DriverEvent], bool]) -> None:
    while not wanted(events.get(timeout=LIMIT_S)):
        pass


def ended(command_id: str) -> Callable[[DriverEvent], bool]:
    return lambda event: isinstance(event, CommandDone) and event.command_id == command_id


def drain(*queues: SimpleQueue[float]) -> None:
    for one in queues:
        while not one.empty():
            one.get_nowait()


class Blind:
    """A bench without eyes: the measurement says itself what is seen."""

    def look(self, look_id: str, facts: tuple[str, ...], not_before_s: float) -> None:
        """Nobody looks."""

    def expire(self, now_s: float) -> tuple[VisionEvent, ...]:
        return ()


def before_the_joint() -> CoreBench:
    """The mirror's visit up to the first joint, where the tool is awaited."""
    bench = play(bench_of(mirror(), CoreBench(mirror(), now_s=0.0)), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    return bench


@pytest.mark.benchmark
@pytest.mark.parametrize("carriage", LINES)
def test_a_tool_that_leaves_its_joint_is_disabled(carriage: Carriage, tmp_path: Path) -> None:
    """It should say how long it takes from the fact's edge to 0042, with the decision and the commit on disk between.

    Loop, port and controller have a thread each, as in a running station.
    """
    bench, clock, ear = before_the_joint(), SystemClock(), Ear()
    handed_s: SimpleQueue[float] = SimpleQueue()
    to_kernel, to_controller = [], []
    journal = Journal(tmp_path / "journal.sqlite")
    with controller(carriage, ear) as url:
        tool = OpenProtocolTool(carriage=carriage, traces=False)

        def told(event: DriverEvent) -> None:
            dispatch.heard(event)

        def carry_out(effect: Effect) -> None:
            dispatch.carry_out(effect)

        owner = PortOwner(lambda: NotedLink(open_link(url), handed_s), tool, clock.now_s, told)
        loop = StationLoop(
            station="bench",
            procedure=bench.procedure,
            journal=journal,
            clock=clock,
            carry_out=carry_out,
            publish=lambda screen: None,
            heartbeat=lambda now_s, state: None,
            state=bench.state,
        )
        dispatch = Dispatch(
            post=loop.post,
            now_s=clock.now_s,
            board=Blind(),
            cobot=None,
            tool=owner,
            gestures={},
            orders={},
            people=silent_people(),
        )

        def see(value: FactValue) -> None:
            now_s = clock.now_s()
            loop.post(FactChanged(reading=FactReading(fact="tool:J1", value=value, t_mono_s=now_s)), "vision", now_s)

        try:
            with thread(owner.run, owner.wake), thread(loop.run):
                ear.disables_s.get(timeout=LIMIT_S)
                for _ in range(ROUNDS):
                    see(FactValue.PRESENT)
                    wait_for(loop, lambda state: state.tool.ready)
                    drain(handed_s, ear.disables_s)
                    begun_s = time.perf_counter()
                    see(FactValue.ABSENT)
                    to_kernel.append(handed_s.get(timeout=LIMIT_S) - begun_s)
                    to_controller.append(ear.disables_s.get(timeout=LIMIT_S) - begun_s)
                    wait_for(loop, lambda state: not state.tool.armed_joint)
        finally:
            journal.close()
    print(f"\nTool left its joint, {NAMES[carriage]}; {conditions()}")
    print(row("fact edge to the return of the write, commit included", to_kernel))
    print(row("fact edge to 0042 read by the controller, commit included", to_controller))


def wait_for(loop: StationLoop, true_of: Callable[[State], bool]) -> None:
    end_s = time.perf_counter() + LIMIT_S
    while not true_of(loop.state):
        assert time.perf_counter() < end_s, f"the loop does not come there: {loop.state.tool} {loop.state.faults}"
        time.sleep(0.0005)
