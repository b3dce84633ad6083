"""`station calibrate torque` and its person: who walks away, pulls a plug or closes the terminal leaves no tool on."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from signal import SIGHUP, SIGINT, SIGTERM

import pytest
import typer
from support.torquetool import check_of, door, result

from calibration.observations import CalibrationError
from calibration.torque.series import plans_of
from drivers.api import ArmTool, Command, CommandDone, Connected, DisarmTool, Disconnected, DriverEvent, ReferenceRead
from drivers.link import PtyPair
from drivers.simulated_line import SimulatorPort
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.commands.verify_torque import Place, measured_series
from station.core.verifying import IDLE_S
from station.runtime.clock import SteppedClock
from station.runtime.journal import Journal
from station.runtime.setting import read_files
from station.simulation.world import parameter_sets

SIM = Path(__file__).parents[3] / "config" / "station.sim.toml"
RUN = """
import sys
from dataclasses import replace
from pathlib import Path
from station.commands.verify_torque import Wishes, verify
from station.runtime.setting import read_files
files = read_files(Path(sys.argv[1]))
station = files.station
tool = replace(station.torque_tool, url=sys.argv[2], carriage="serial")
station = replace(station, torque_tool=tool, data_dir=Path(sys.argv[3]))
verify(replace(files, station=station), Wishes(typed=True, series=("B-9Nm-pset1-soft",), folder=Path(sys.argv[3])))
"""


ENABLE, DISABLE = b"00200043", b"00200042"
"""How telegrams of MID 0043 and 0042 begin."""


@dataclass
class ScriptedLines:
    """A tool that does what it is told, and what somebody does at the bench, one thing after another."""

    clock: SteppedClock
    script: Iterator[DriverEvent]
    enabled: bool = False
    enables: int = 0
    waiting: list[DriverEvent] = field(default_factory=list)

    def submit(self, command: Command) -> None:
        if isinstance(command, ArmTool):
            self.enabled, self.enables = True, self.enables + 1
            self.waiting.append(CommandDone(device="tool", command_id=command.command_id, t_mono_s=self.clock.now_s()))
        elif isinstance(command, DisarmTool):
            self.enabled = False

    def next_event(self, within_s: float) -> DriverEvent | None:
        if self.waiting:
            return self.waiting.pop(0)
        self.clock.move_to(self.clock.now_s() + within_s)
        assert self.clock.now_s() < 3600.0, "it never ends"
        return next(self.script, None)


class Keyboard(io.StringIO):
    """Answers one by one, and notes whether the tool was enabled while somebody was asked."""

    def __init__(self, answers: list[str], enabled: Callable[[], bool]) -> None:
        super().__init__("".join(f"{answer}\n" for answer in answers))
        self.enabled = enabled
        self.while_asked: list[bool] = []

    def readline(self, size: int | None = -1, /) -> str:
        self.while_asked.append(self.enabled())
        return super().readline(-1 if size is None else size)


@dataclass
class Terminal:
    """One series at a terminal."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    clock: SteppedClock = field(default_factory=SteppedClock)

    def measure(self, script: Iterator[DriverEvent], answers: list[str], *, typed: bool = True) -> int:
        """How many readings the series has in the end. Raises what the command raises."""
        check = check_of(readings=10, readings_class_a=10)
        self.lines = ScriptedLines(self.clock, script)
        self.keyboard = Keyboard(answers, lambda: self.lines.enabled)
        self.monkeypatch.setattr(sys, "stdin", self.keyboard)
        journal = Journal(self.folder / "journal.sqlite")
        try:
            place = Place(
                station="S", check=check, folder=self.folder, journal=journal, clock=self.clock, by="Kim", typed=typed,
                anew=False,
            )  # fmt: skip
            plan = plans_of(door(), check)[0]
            _, file = measured_series(plan, place, self.lines, lambda rate: None, "T1")
            return len(file.run.pairs)
        finally:
            journal.close()


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(tmp_path, monkeypatch)


def told_nm(number: int) -> float:
    return round(9.0 + 0.01 * ((7 * number) % 11), 2)


def rundowns(count: int, first: int = 1) -> Iterator[DriverEvent]:
    for number in range(first, first + count):
        yield result(number, torque_nm=told_nm(number))


def readings(count: int, first: int = 1) -> list[str]:
    return [f"{told_nm(number) - 0.02:.2f}" for number in range(first, first + count)]


def cut(serial: str = "T1") -> Iterator[DriverEvent]:
    """Somebody pulls the plug and puts it, or another tool's, back in."""
    yield Disconnected(device="tool", t_mono_s=0.0, reason="cut")
    yield Connected(device="tool", t_mono_s=0.0, identity={"tool_serial": serial})


def then(*parts: Iterator[DriverEvent]) -> Iterator[DriverEvent]:
    for part in parts:
        yield from part


def test_while_a_reading_is_typed_in_the_tool_is_off(terminal: Terminal) -> None:
    assert terminal.measure(rundowns(10), readings(10)) == 10
    assert len(terminal.keyboard.while_asked) == 10 and not any(terminal.keyboard.while_asked)
    assert (terminal.lines.enables, terminal.lines.enabled) == (10, False)


@pytest.mark.parametrize("typed", [True, False])
def test_who_walks_away_leaves_no_tool_on(terminal: Terminal, typed: bool) -> None:
    def script() -> Iterator[DriverEvent]:
        for number in range(1, 4):
            yield result(number, terminal.clock.now_s(), torque_nm=told_nm(number))
            if not typed:
                yield ReferenceRead(
                    device="reference", t_mono_s=terminal.clock.now_s(), value_nm=told_nm(number) - 0.02, count=number,
                    over=False, line="",
                )  # fmt: skip
        while not typed:
            # Somebody else at the transducer is nobody who verifies.
            yield ReferenceRead(
                device="reference", t_mono_s=terminal.clock.now_s(), value_nm=9.0, count=None, over=False, line=""
            )
            for _ in range(60):
                yield CommandDone(device="tool", command_id="c", t_mono_s=terminal.clock.now_s())

    with pytest.raises(CalibrationError) as ended:
        terminal.measure(script(), readings(3), typed=typed)
    assert ended.value.code == "torque.idle"
    assert not terminal.lines.enabled
    assert IDLE_S < terminal.clock.now_s() < IDLE_S + 10.0
    assert terminal.measure(rundowns(7, first=4), readings(7, first=4)) == 10, "what was measured is kept"


def test_after_a_cut_the_tool_stays_off_until_somebody_says_that_it_may_run(terminal: Terminal) -> None:
    script = then(rundowns(4), cut(), rundowns(6, first=5))
    assert terminal.measure(script, [*readings(4), "", *readings(6, first=5)]) == 10
    assert len(terminal.keyboard.while_asked) == 11 and not any(terminal.keyboard.while_asked)


def test_after_a_cut_nobody_there_means_no_tool(terminal: Terminal) -> None:
    with pytest.raises(typer.Abort):
        terminal.measure(then(rundowns(4), cut(), rundowns(6, first=5)), readings(4))
    assert (terminal.lines.enables, terminal.lines.enabled) == (5, False), "once at first, and after each reading"


def test_another_tool_after_a_cut_is_never_enabled(terminal: Terminal) -> None:
    with pytest.raises(CalibrationError, match=r"tool T2 was connected .*tool T1") as ended:
        terminal.measure(then(rundowns(4), cut("T2"), rundowns(6, first=5)), [*readings(4), ""])
    assert ended.value.code == "torque.other_tool"
    assert (terminal.lines.enables, terminal.lines.enabled) == (5, False)


class Tapped(OpenProtocolSimulator):
    """Keeps the bytes that the command has sent."""

    sent = b""

    def received(self, data: bytes, now_s: float) -> None:
        self.sent += data
        super().received(data, now_s)


@pytest.mark.parametrize("number", [SIGHUP, SIGTERM, SIGINT])
def test_a_closed_terminal_takes_the_enable_away(tmp_path: Path, number: int) -> None:
    """The command over a pseudo-terminal; once the tool is enabled its own terminal is closed."""
    tool = Tapped(parameter_sets(read_files(SIM).procedure), Random(3))
    stop = threading.Event()
    with ExitStack() as stack:
        line = PtyPair()
        stack.callback(line.close)
        port = SimulatorPort(line.far_end, tool, time.monotonic)

        def work() -> None:
            while not stop.is_set():
                port.pump(time.monotonic())
                time.sleep(0.005)

        thread = threading.Thread(target=work)
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop.set)
        command = subprocess.Popen(
            [sys.executable, "-c", RUN, str(SIM), line.path, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        stack.callback(command.kill)
        while not (tool.enabled and ENABLE in tool.sent) and command.poll() is None:
            time.sleep(0.01)
        assert ENABLE in tool.sent, command.communicate()
        before = len(tool.sent)
        command.send_signal(number)
        out, _ = command.communicate(timeout=30)
        time.sleep(0.1)
        assert DISABLE in tool.sent[before:], out
        assert not tool.enabled
        assert command.returncode != 0
