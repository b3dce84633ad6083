"""A technician walks away from a verification on the page: the tool is off soon, and nothing foreign is measured."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from support.corebench import opened, rundown
from support.coreworld import mirror
from support.scripted_torque import ToolAtTestJoint

from calibration.observations import CalibrationError
from drivers.api import CommandFailed, Connected, Disconnected, Outcome
from station.core import effects as fx
from station.core import events as ev
from station.core.verifying import TIMER
from station.web.calibrate_torque_desk import LEAVE_WITHIN_S, TorqueView

FIRST, SECOND = "B-9Nm-pset1", "B-9Nm-pset2-hard"


@dataclass
class Clock:
    at_s: float = 0.0

    def now_s(self) -> float:
        self.at_s += 0.1
        return self.at_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tool(tmp_path: Path, clock: Clock) -> ToolAtTestJoint:
    return ToolAtTestJoint(mirror(), tmp_path, clock.now_s)


def begin(tool: ToolAtTestJoint, series: str = FIRST) -> None:
    tool.workshop.begin(series, "Ken")
    assert tool.workshop.look().waits_for == "rundown"


def measure(tool: ToolAtTestJoint, series: str, most: int = 100) -> None:
    begin(tool, series)
    for number in count(1):
        true_nm = tool.tighten()
        tool.workshop.look()
        tool.workshop.type_reading(true_nm)
        if not tool.workshop.look().active or number == most:
            return


def connect(tool: ToolAtTestJoint, serial: str) -> None:
    tool.core.feed(Disconnected(device="tool", t_mono_s=tool.now_s(), reason="another one is taken"))
    tool.core.feed(Connected(device="tool", t_mono_s=tool.now_s(), identity={"tool_serial": serial}))


def pairs(view: TorqueView, series: str = FIRST) -> int:
    return next(len(one.pairs) for one in view.series if one.plan.name == series)


def timers(tool: ToolAtTestJoint) -> int:
    """How often the leave was made to last 180 s from then on."""
    return sum(isinstance(effect, fx.SetTimer) and effect.timer == TIMER for effect in tool.core.log)


def test_a_visit_ends_the_series_and_its_rundowns_are_no_readings(tool: ToolAtTestJoint) -> None:
    begin(tool)
    true_nm = tool.tighten()
    tool.workshop.look()
    tool.workshop.type_reading(true_nm)
    tool.tighten()
    assert tool.workshop.look().waits_for == "reading"
    tool.post(opened("V77"))
    foreign = rundown(90, tool.now_s(), torque_nm=9.0, pset=1)
    tool.core.feed(foreign)
    tool.workshop.heard(foreign)
    with pytest.raises(CalibrationError, match="begin one"):
        tool.workshop.type_reading(9.0)
    view = tool.workshop.look()
    assert (pairs(view), view.active, view.waiting_nm, tool.enabled) == (1, "", None, "")
    assert [entry.code for entry in view.series[0].left_out] == ["torque.no_reading"]
    assert any("a visit runs" in news for news in view.news)
    with pytest.raises(CalibrationError) as refused:
        tool.workshop.begin(FIRST, "Ken")
    assert refused.value.code == "torque.visit"


def test_a_visit_between_two_looks_ends_the_series_too(tool: ToolAtTestJoint) -> None:
    """Nobody looks at the page while a whole visit comes and goes."""
    begin(tool)
    tool.post(opened("V77"))
    tool.post(ev.VisitAbandoned(person="p", reason="r"))
    foreign = rundown(90, tool.now_s(), torque_nm=9.0, pset=1)
    tool.core.feed(foreign)
    tool.workshop.heard(foreign)
    view = tool.workshop.look()
    assert (view.active, view.waiting_nm, pairs(view), tool.enabled) == ("", None, 0, "")


def test_rundowns_that_nobody_sees_do_not_keep_the_tool_enabled(tool: ToolAtTestJoint) -> None:
    begin(tool)
    asked = timers(tool)
    for _ in range(15):
        tool.tighten()
    assert timers(tool) == asked, "only who sees a rundown lets the leave last"
    tool.post(ev.TimerFired(timer=TIMER))
    assert not tool.enabled
    view = tool.workshop.look()
    assert (view.active, view.waiting_nm) == ("", None)
    assert any("nothing was tightened" in news for news in view.news)
    for number in range(50, 60):
        tool.workshop.heard(rundown(number, tool.now_s()))
    assert tool.workshop._events.empty(), "nothing piles up while nobody measures"


def test_who_sees_the_rundowns_keeps_the_tool_enabled(tool: ToolAtTestJoint) -> None:
    begin(tool)
    asked = timers(tool)
    true_nm = tool.tighten()
    tool.workshop.look()
    assert timers(tool) == asked + 1
    tool.workshop.type_reading(true_nm)
    assert timers(tool) == asked + 2
    tool.workshop.look()
    assert timers(tool) == asked + 2, "an open page alone does not"


def test_a_series_that_was_broken_off_goes_on_when_somebody_begins_it(tool: ToolAtTestJoint) -> None:
    measure(tool, FIRST, most=3)
    tool.core.feed(Disconnected(device="tool", t_mono_s=tool.now_s(), reason="cut"))
    tool.core.feed(Connected(device="tool", t_mono_s=tool.now_s(), identity={"tool_serial": "T1"}))
    view = tool.workshop.look()
    assert (view.active, pairs(view), tool.core.state.tool.verifying) == ("", 3, "")
    measure(tool, FIRST)
    view = tool.workshop.look()
    assert pairs(view) == 10 and view.series[0].verdict is not None
    enables = sum(isinstance(effect, fx.EnableTool) for effect in tool.core.log)
    tool.workshop.begin(FIRST, "Ken")
    assert tool.workshop.look().active == ""
    assert sum(isinstance(effect, fx.EnableTool) for effect in tool.core.log) == enables, "a whole series needs no tool"


@pytest.mark.parametrize("refused", ["by the controller", "by the loop"])
def test_a_leave_that_is_refused_ends_the_series(tool: ToolAtTestJoint, clock: Clock, refused: str) -> None:
    begin(tool)
    tool.workshop.end()
    if refused == "by the loop":
        tool.workshop.post = lambda event: None
        tool.workshop.begin(FIRST, "Ken")
        assert tool.workshop.look().waits_for == "enable"
        clock.at_s += LEAVE_WITHIN_S
    else:
        begin(tool)
        command = tool.core.state.tool.command_id
        tool.core.feed(
            CommandFailed(
                device="tool",
                command_id=command,
                t_mono_s=tool.now_s(),
                outcome=Outcome.REFUSED,
                code="tool.refused",
                detail="no such parameter set",
            )
        )
    assert tool.workshop.look().active == ""


def test_no_verification_is_of_a_tool_that_was_not_measured(tool: ToolAtTestJoint) -> None:
    measure(tool, FIRST)
    connect(tool, "T2")
    with pytest.raises(CalibrationError, match=f"series {FIRST} with tool T1 .*tool T2 is connected") as refused:
        tool.workshop.put_in_force("Ken")
    assert refused.value.code == "torque.other_tool"
    connect(tool, "T1")
    assert tool.workshop.put_in_force("Ken").serial == "T1"
    assert tool.put_in_force == 1


def test_series_of_two_tools_make_no_verification_until_one_is_measured_anew(tool: ToolAtTestJoint) -> None:
    measure(tool, FIRST)
    connect(tool, "T2")
    tool.serial = "T2"
    measure(tool, SECOND)
    for serial in ("T1", "T2"):
        connect(tool, serial)
        with pytest.raises(CalibrationError) as refused:
            tool.workshop.put_in_force("Ken")
        assert refused.value.code == "torque.other_tool"
    measure(tool, FIRST)
    artefact = tool.workshop.put_in_force("Ken")
    assert artefact.serial == "T2" and sorted(artefact.figures["series"]) == [FIRST, SECOND]  # type: ignore[arg-type]
