"""The driver against a simulated controller of every family, on every carriage, with and without sequence numbers."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from tool_rig import PSETS, Rig

from drivers.api import (
    AcknowledgeResult,
    ArmTool,
    CommandDone,
    CommandFailed,
    Connected,
    DeviceHealth,
    DisarmTool,
    IdentifyWork,
    ResultsLost,
    TighteningTrace,
    ToolInputs,
)
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.profiles import (
    GENERIC,
    MTF6000,
    PF4000,
    PF6000,
    PF6000_28,
    PROFILES,
    ControllerProfile,
)
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator

FAMILIES = pytest.mark.parametrize("profile", list(PROFILES.values()), ids=list(PROFILES))


def bench(
    profile: ControllerProfile = GENERIC,
    carriage: Carriage = Carriage.TCP,
    *,
    link_level: bool = False,
    last: int | None = None,
) -> Rig:
    simulator = OpenProtocolSimulator(
        PSETS, random.Random(1), carriage=carriage, profile=profile, link_level=link_level
    )
    return Rig(carriage, simulator=simulator, tool=tool(profile, carriage, last))


def tool(profile: ControllerProfile, carriage: Carriage, last: int | None = None) -> OpenProtocolTool:
    return OpenProtocolTool(carriage=carriage, profile=profile, last_seen_id=lambda serial: last)


def do(rig: Rig, command: ArmTool | DisarmTool | AcknowledgeResult | IdentifyWork) -> CommandDone | CommandFailed:
    rig.submit(command)
    rig.run(0.2)
    [end] = rig.ends_of(command.command_id)
    return end


def tighten_once(rig: Rig) -> None:
    number = len(rig.results)
    assert isinstance(do(rig, ArmTool(command_id=f"arm {number} {rig.now_s}", pset=7)), CommandDone)
    assert rig.simulator.enabled
    rig.tighten()
    assert len(rig.results) == number + 1
    tightening_id = rig.results[-1].tightening_id
    do(rig, AcknowledgeResult(command_id=f"ack {tightening_id}", tightening_id=tightening_id))
    assert isinstance(do(rig, DisarmTool(command_id=f"off {number} {rig.now_s}")), CommandDone)
    assert not rig.simulator.enabled


LINKS = [
    (profile, carriage, link_level)
    for profile in PROFILES.values()
    for carriage in Carriage
    for link_level in (False, True)
    if not link_level or profile.numbers_messages
]


@pytest.mark.parametrize(
    ("profile", "carriage", "link_level"),
    LINKS,
    ids=[f"{p.name}-{c.value}{'-numbered' if n else ''}" for p, c, n in LINKS],
)
def test_a_joint_is_tightened_three_times(profile: ControllerProfile, carriage: Carriage, link_level: bool) -> None:
    """It should connect, arm, report each result once with its window, acknowledge, and disarm, for a minute."""
    rig = bench(profile, carriage, link_level=link_level).plug()
    rig.run(1.0)
    assert rig.seen(Connected)
    assert not rig.simulator.enabled
    for _ in range(3):
        tighten_once(rig)
    rig.run(60.0, step_s=0.2)
    assert not rig.hangups
    assert len({result.tightening_id for result in rig.results}) == len(rig.results) == 3
    for result in rig.results:
        assert result.job == (0 if profile.results_by == 61 else None), "0 = no job runs, None = it does not tell"
        assert (result.pset, result.ok, result.asked_back, result.result_type) == (7, True, False, "tightening")
        assert result.torque_min_nm <= result.torque_nm <= result.torque_max_nm
        assert (result.torque_min_nm, result.torque_max_nm) == (8.1, 9.9)
        assert result.controller_serial == "SIM0000001"
    assert not [event for event in rig.seen(DeviceHealth) if event.code == "tool.unreadable"]


ON_TCP = [(profile, link_level) for profile, carriage, link_level in LINKS if carriage is Carriage.TCP]


@pytest.mark.parametrize(
    ("profile", "link_level"), ON_TCP, ids=[f"{p.name}{'-numbered' if n else ''}" for p, n in ON_TCP]
)
def test_what_was_measured_without_a_line_is_asked_back(profile: ControllerProfile, link_level: bool) -> None:
    """It should learn all of it in order, once, and mark it."""
    rig = bench(profile, link_level=link_level).plug()
    tighten_once(rig)
    rig.unplug()
    for number in range(12):
        rig.simulator.inject_result(pset=7, torque_nm=9.0, angle_deg=40 + number, now_s=rig.now_s)
        rig.settle()
    rig.plug()
    rig.run(2.0)
    assert [round(result.angle_deg) for result in rig.results[1:]] == list(range(40, 52))
    assert all(result.asked_back for result in rig.results[1:])
    assert not rig.seen(ResultsLost)
    tighten_once(rig)


@FAMILIES
def test_what_the_archive_has_forgotten_is_lost(profile: ControllerProfile) -> None:
    """It should name what is gone and fetch the rest."""
    rig = bench(profile).plug()
    tighten_once(rig)
    rig.unplug()
    for number in range(5):
        rig.simulator.inject_result(pset=7, torque_nm=9.0, angle_deg=40 + number, now_s=rig.now_s)
        rig.settle()
    ids = [entry.tightening_id for entry in rig.results]
    rig.simulator.forget_results(ids[-1] + 3 if profile is not PF6000_28 else 10**9)
    rig.plug()
    rig.run(2.0)
    losses = rig.seen(ResultsLost)
    if profile is PF6000_28:
        assert len(rig.results) == 1
        assert [event.code for event in rig.seen(DeviceHealth)].count("tool.archive_empty") == 1
    else:
        assert [(event.first_id, event.last_id) for event in losses] == [(ids[-1] + 1, ids[-1] + 2)]
        assert [round(result.angle_deg) for result in rig.results[1:]] == [42, 43, 44]


@FAMILIES
def test_the_work_is_named_in_the_results(profile: ControllerProfile) -> None:
    """It should reach the controller, and again after a lost line."""
    rig = bench(profile).plug()
    assert isinstance(do(rig, IdentifyWork(command_id="work", identifier="UNIT-0001")), CommandDone)
    assert rig.simulator.vin == "UNIT-0001"
    tighten_once(rig)
    assert rig.results[-1].vin == "UNIT-0001"


@FAMILIES
def test_alarms_come_and_go(profile: ControllerProfile) -> None:
    """It should stand while the controller says so, and tell whether it stops the tool."""
    rig = bench(profile).plug()
    rig.simulator.raise_alarm("E404", "Tool too hot", rig.now_s, tool_ready=False)
    rig.settle()
    [alarm] = [event for event in rig.seen(DeviceHealth) if event.code.startswith("tool.alarm.")]
    assert (alarm.standing, alarm.stops) == (True, True)
    assert "Tool too hot" in alarm.detail
    rig.simulator.end_alarm(rig.now_s)
    rig.settle()
    assert [event.standing for event in rig.seen(DeviceHealth) if event.code == alarm.code] == [True, False]


@pytest.mark.parametrize("profile", [GENERIC, PF4000, PF6000, PF6000_28], ids=lambda profile: profile.name)
def test_the_socket_tray_is_seen(profile: ControllerProfile) -> None:
    """It should tell the inputs at once and at every change."""
    rig = bench(profile).plug()
    rig.simulator.set_inputs((1, 3), rig.now_s)
    rig.settle()
    assert [event.high for event in rig.seen(ToolInputs)] == [(), (1, 3)]


@pytest.mark.parametrize("profile", [GENERIC, PF6000, MTF6000], ids=lambda profile: profile.name)
def test_the_curve_of_a_rundown_comes_with_it(profile: ControllerProfile) -> None:
    """It should hold torque in newton metres and angle in degrees of the same rundown."""
    rig = bench(profile).plug()
    tighten_once(rig)
    rig.run(3.0)
    [trace] = rig.seen(TighteningTrace)
    assert trace.tightening_id == rig.results[0].tightening_id
    assert len(trace.torque_nm) == len(trace.angle_deg) > 20
    assert max(trace.torque_nm) == pytest.approx(rig.results[0].torque_nm, rel=0.03)
    assert max(trace.angle_deg) >= rig.results[0].angle_deg * 0.9
    assert 0 < trace.every_s < 0.1


def test_no_curves_where_none_are_wanted() -> None:
    """It should not subscribe to them."""
    quiet = OpenProtocolTool(carriage="tcp", traces=False)
    rig = Rig(Carriage.TCP, tool=quiet, simulator=OpenProtocolSimulator(PSETS, random.Random(1), carriage="tcp"))
    rig.plug()
    tighten_once(rig)
    rig.run(3.0)
    assert not rig.seen(TighteningTrace)


@pytest.mark.parametrize("wrong", list(PROFILES.values()), ids=list(PROFILES))
@FAMILIES
def test_a_wrong_profile_is_named_or_works(profile: ControllerProfile, wrong: ControllerProfile) -> None:
    """It should fail with a sentence that names the profile to set, or connect, noting that it is not the right one."""
    simulator = OpenProtocolSimulator(PSETS, random.Random(1), carriage="tcp", profile=profile)
    rig = Rig(Carriage.TCP, simulator=simulator, tool=tool(wrong, Carriage.TCP))
    rig.reconnects = False
    rig.plug()
    rig.run(3.0)
    notes = [event.detail for event in rig.seen(DeviceHealth) if event.code == "tool.profile"]
    if wrong.system_type == profile.system_type or profile is GENERIC:
        assert not notes
    elif rig.seen(Connected):
        assert f'"{profile.name}"' in notes[0]
    else:
        assert f'"{profile.name}"' in rig.hangups[0] or f'"{wrong.name}"' in rig.hangups[0]


def test_a_controller_that_closes_after_refusing_a_revision() -> None:
    """It should be connected after as many lines as it takes."""
    profile = replace(GENERIC, revisions={**GENERIC.revisions, 1: 2}, closes_after_97=True)
    simulator = OpenProtocolSimulator(PSETS, random.Random(1), carriage="tcp", profile=profile)
    rig = Rig(Carriage.TCP, simulator=simulator, tool=tool(GENERIC, Carriage.TCP)).plug()
    rig.run(5.0)
    assert rig.seen(Connected)[0].identity["start_revision"] == "2"
    assert len(rig.hangups) >= 4
