"""The real driver against the simulated controller: what a station lives through with its torque tool."""

from __future__ import annotations

import random

import pytest
from tool_rig import PSETS, Rig

from drivers.api import (
    AcknowledgeResult,
    ArmTool,
    CommandDone,
    CommandError,
    CommandFailed,
    Connected,
    DeviceHealth,
    DisarmTool,
    Disconnected,
    MoveJoints,
    Outcome,
    ResultsLost,
    TighteningResult,
    TighteningTrace,
    ToolInputs,
)
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.framing import Carriage, Side, frame
from drivers.torque_tool.open_protocol.joint_physics import JointKind, sound_joint
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator

BOTH = pytest.mark.parametrize("carriage", [Carriage.SERIAL, Carriage.TCP])


def arm(rig: Rig, pset: int = 7, command_id: str = "arm") -> None:
    rig.submit(ArmTool(command_id=command_id, pset=pset))


@BOTH
@pytest.mark.parametrize("style", list(HeaderStyle))
@pytest.mark.parametrize("split", [0, 1, 7])
def test_a_joint_is_armed_tightened_and_acknowledged(carriage: Carriage, style: HeaderStyle, split: int) -> None:
    """It should arm, report the result once, and release it at the controller only when the station says so."""
    simulator = OpenProtocolSimulator(PSETS, random.Random(1), carriage=carriage, header_style=style)
    rig = Rig(carriage, simulator=simulator)
    rig.split = split
    rig.plug()
    arm(rig)
    assert isinstance(rig.ends_of("arm")[0], CommandDone)
    assert rig.simulator.enabled
    assert rig.simulator.selected_pset == 7
    rig.tighten()
    [result] = rig.results
    assert result.ok
    assert (result.pset, result.tightening_id) == (7, 1)
    assert (result.controller_serial, result.tool_serial) == ("SIM0000001", "SIMTOOL0000001")
    assert 8.1 <= result.torque_nm <= 9.9
    assert (result.torque_min_nm, result.torque_max_nm, result.torque_target_nm) == (8.1, 9.9, 9.0)
    assert (result.angle_min_deg, result.angle_max_deg) == (20, 80)
    assert result.raw.startswith(b"06620061010")
    assert len(result.raw) == 662
    assert 62 not in rig.mids_sent()
    rig.submit(AcknowledgeResult(command_id="ack", tightening_id=1))
    assert rig.acts_sent()[-1] == 62
    [trace] = rig.seen(TighteningTrace)
    assert trace.tightening_id == 1
    assert len(trace.torque_nm) == len(trace.angle_deg) > 20
    assert max(trace.torque_nm) == pytest.approx(result.torque_nm, abs=0.2)
    assert isinstance(rig.ends_of("ack")[0], CommandDone)
    rig.run(30.0)
    assert len(rig.results) == 1
    assert not rig.hangups


def test_the_tool_is_off_before_it_is_connected() -> None:
    """It should disable a tool that somebody left enabled before it reports itself connected, and identify it."""
    rig = Rig()
    assert rig.simulator.enabled
    rig.plug()
    assert not rig.simulator.enabled
    assert list(dict.fromkeys(rig.acts_sent())) == [1, 42, 40, 60, 64]
    [connected] = rig.seen(Connected)
    assert connected.identity["controller_serial"] == "SIM0000001"
    assert connected.identity["tool_serial"] == "SIMTOOL0000001"
    assert connected.identity["controller_name"] == "Simulated controller"


def test_a_reconnect_disables_an_armed_tool() -> None:
    """It should leave no tool live over a lost line, and say once that the line was lost."""
    rig = Rig().plug()
    arm(rig)
    rig.unplug()
    rig.unplug()
    assert rig.simulator.enabled
    rig.plug()
    assert not rig.simulator.enabled
    kinds = [type(event).__name__ for event in rig.events if not isinstance(event, DeviceHealth | ToolInputs)]
    assert kinds == ["Connected", "ArchiveSeen", "CommandDone", "Disconnected", "Connected"]


def test_a_line_lost_while_arming_leaves_the_outcome_unknown() -> None:
    """It should not pretend to know whether the enable arrived; what was only waiting was never sent."""
    rig = Rig().plug()
    rig.deaf_to = lambda message: message.mid == 43
    arm(rig)
    arm(rig, 12, "next")
    assert not rig.ends_of("arm")
    rig.unplug()
    [first], [second] = rig.ends_of("arm"), rig.ends_of("next")
    assert isinstance(first, CommandFailed) and isinstance(second, CommandFailed)
    assert (first.outcome, first.code) == (Outcome.UNKNOWN, "link.lost")
    assert second.outcome is Outcome.REFUSED


@pytest.mark.parametrize("lost_mid", [18, 43])
@BOTH
def test_a_silent_arming_is_never_repeated(carriage: Carriage, lost_mid: int) -> None:
    """It should send a command that acts once, report UNKNOWN, and reconnect with the tool off."""
    rig = Rig(carriage).plug()
    rig.deaf_to = lambda message: message.mid == lost_mid
    arm(rig)
    rig.run(11.0)
    assert rig.mids_sent().count(lost_mid) == 1
    [end] = rig.ends_of("arm")
    assert isinstance(end, CommandFailed)
    assert (end.outcome, end.code) == (Outcome.UNKNOWN, "tool.silent")
    assert len(rig.hangups) == 1
    assert not rig.simulator.enabled
    assert len(rig.seen(Connected)) == 2


def test_disarm_overtakes_an_arming_in_progress() -> None:
    """It should send the disable at once, fail the arming, and end disabled even when all answers come late."""
    rig = Rig().plug()
    rig.tool.submit(ArmTool(command_id="arm", pset=7), rig.now_s)
    rig.tool.submit(ArmTool(command_id="later", pset=12), rig.now_s)
    rig.tool.submit(DisarmTool(command_id="off"), rig.now_s)
    rig.settle()
    assert rig.acts_sent()[-2:] == [18, 42]
    [interrupted], [waiting] = rig.ends_of("arm"), rig.ends_of("later")
    assert isinstance(interrupted, CommandFailed) and isinstance(waiting, CommandFailed)
    assert (interrupted.code, interrupted.outcome) == ("tool.interrupted", Outcome.UNKNOWN)
    assert (waiting.code, waiting.outcome) == ("tool.interrupted", Outcome.REFUSED)
    assert isinstance(rig.ends_of("off")[0], CommandDone)
    assert not rig.simulator.enabled


def test_disarm_after_the_enable_was_sent_is_what_holds() -> None:
    """It should never let an enable follow a disable, and arm again only when asked after it."""
    rig = Rig().plug()
    rig.tool.submit(ArmTool(command_id="arm", pset=7), rig.now_s)
    rig.sent.clear()
    rig.simulator.received(rig.tool.take_output(), rig.now_s)
    rig.tool.received(rig.simulator.take_output(), rig.now_s)
    rig.tool.submit(DisarmTool(command_id="off"), rig.now_s)
    rig.tool.submit(ArmTool(command_id="again", pset=12), rig.now_s)
    rig.settle()
    assert rig.acts_sent() == [43, 42, 18, 43]
    assert isinstance(rig.ends_of("arm")[0], CommandFailed)
    assert isinstance(rig.ends_of("off")[0], CommandDone)
    assert isinstance(rig.ends_of("again")[0], CommandDone)
    assert rig.simulator.selected_pset == 12


def test_a_lost_disable_is_sent_again_on_a_serial_line() -> None:
    """It should repeat the one command for which twice is once."""
    rig = Rig().plug()
    arm(rig)
    lost = iter([True, True])
    rig.deaf_to = lambda message: message.mid == 42 and next(lost, False)
    rig.submit(DisarmTool(command_id="off"))
    assert rig.simulator.enabled
    rig.run(6.5)
    assert isinstance(rig.ends_of("off")[0], CommandDone)
    assert not rig.simulator.enabled
    assert not rig.hangups


def test_an_unknown_parameter_set_is_refused_by_name() -> None:
    """It should pass the controller's reason on and leave the tool disabled."""
    rig = Rig().plug()
    arm(rig, pset=99)
    [end] = rig.ends_of("arm")
    assert isinstance(end, CommandFailed)
    assert (end.outcome, end.code) == (Outcome.REFUSED, "tool.refused.02")
    assert "parameter set id not present" in end.detail
    assert not rig.simulator.enabled
    assert 43 not in rig.mids_sent()


def test_any_refusal_ends_the_arming() -> None:
    """It should stop the sequence at a refusal that answers something else, and switch the tool off."""
    rig = Rig().plug()
    rig.deaf_to = lambda message: message.mid == 43
    arm(rig)
    rig.say(Message(mid=4, data=b"006279"))
    [end] = rig.ends_of("arm")
    assert isinstance(end, CommandFailed)
    assert (end.outcome, end.code) == (Outcome.UNKNOWN, "tool.refused.79")
    assert rig.acts_sent()[-1] == 42
    assert not rig.simulator.enabled


def test_a_tool_that_refuses_to_be_disabled_is_not_used() -> None:
    """It should fail the disarm and give the connection up with a reason for the technician."""
    rig = Rig().plug()
    rig.reconnects = False
    rig.deaf_to = lambda message: message.mid == 42
    rig.submit(DisarmTool(command_id="off"))
    rig.say(Message(mid=4, data=b"004227"))
    [end] = rig.ends_of("off")
    assert isinstance(end, CommandFailed)
    assert end.code == "tool.refused.27"
    assert "tool is inaccessible" in rig.hangups[0]


def test_commands_that_cannot_be_are_not_taken() -> None:
    """It should raise for another device's command and for a set number that the message cannot carry."""
    rig = Rig().plug()
    with pytest.raises(CommandError, match="1 to 999"):
        arm(rig, pset=1000)
    with pytest.raises(CommandError, match="MoveJoints"):
        rig.submit(MoveJoints(command_id="move", angles_deg=(0.0,) * 6, speed_percent=10))
    with pytest.raises(CommandError, match="start revision"):
        OpenProtocolTool(start_revision=8)


def test_without_a_connection_commands_are_refused() -> None:
    """It should say at once that nothing happened."""
    rig = Rig()
    arm(rig)
    rig.submit(DisarmTool(command_id="off"))
    rig.submit(AcknowledgeResult(command_id="ack", tightening_id=1))
    for command_id in ("arm", "off", "ack"):
        [end] = rig.ends_of(command_id)
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.REFUSED, "tool.not_connected")


def test_an_unacknowledged_result_comes_again_and_can_still_be_acknowledged() -> None:
    """It should deliver every copy; after the acknowledgement there are no more."""
    rig = Rig().plug()
    arm(rig)
    rig.tighten()
    rig.run(5.0)
    assert [result.tightening_id for result in rig.results] == [1, 1]
    rig.submit(AcknowledgeResult(command_id="ack", tightening_id=1))
    rig.submit(AcknowledgeResult(command_id="ack2", tightening_id=1))
    rig.run(20.0)
    assert len(rig.results) == 2
    assert rig.mids_sent().count(62) == 1
    assert isinstance(rig.ends_of("ack2")[0], CommandDone)


def test_a_result_that_is_never_acknowledged_costs_the_connection_but_not_the_result() -> None:
    """It should be pushed four times, the client dropped, and the result not be asked back: it was seen."""
    rig = Rig().plug()
    arm(rig)
    rig.tighten()
    rig.run(20.0)
    assert [result.tightening_id for result in rig.results] == [1, 1, 1, 1]
    assert rig.hangups == ["MID 0061 was not acknowledged"]
    assert isinstance(rig.of_line()[-1], Connected)


def test_a_copy_after_the_acknowledgement_is_delivered_and_acknowledged_again() -> None:
    """It should leave telling copies apart to the station."""
    rig = Rig().plug()
    arm(rig)
    rig.tighten()
    rig.submit(AcknowledgeResult(command_id="ack", tightening_id=1))
    rig.simulator.send_last_again(rig.now_s)
    rig.settle()
    assert [result.tightening_id for result in rig.results] == [1, 1]
    rig.submit(AcknowledgeResult(command_id="again", tightening_id=1))
    assert rig.mids_sent().count(62) == 2


def test_an_acknowledgement_releases_only_the_result_it_names() -> None:
    """It should not release result 2 with the acknowledgement of result 1: 0062 names no result."""
    rig = Rig().plug()
    rig.simulator.inject_result(pset=7, torque_nm=9.0, angle_deg=50, now_s=rig.now_s)
    rig.simulator.inject_result(pset=7, torque_nm=9.1, angle_deg=51, now_s=rig.now_s)
    rig.settle()
    assert [result.tightening_id for result in rig.results] == [1]
    rig.submit(AcknowledgeResult(command_id="ack", tightening_id=1))
    assert [result.tightening_id for result in rig.results] == [1, 2]
    rig.submit(AcknowledgeResult(command_id="late", tightening_id=1))
    assert rig.mids_sent().count(62) == 1


def test_a_result_that_nobody_armed_is_reported_all_the_same() -> None:
    """It should not judge: an unarmed result is a fact for the station."""
    rig = Rig().plug()
    rig.simulator.inject_result(pset=12, torque_nm=103.0, angle_deg=75, now_s=rig.now_s)
    rig.settle()
    [result] = rig.results
    assert result.ok
    assert result.pset == 12


def test_commands_are_answered_while_an_acknowledgement_is_outstanding() -> None:
    """It should disarm although the station has not stored the result yet."""
    rig = Rig().plug()
    arm(rig)
    rig.tighten()
    rig.submit(DisarmTool(command_id="off"))
    assert isinstance(rig.ends_of("off")[0], CommandDone)
    assert rig.acts_sent()[-1] == 42


@BOTH
def test_a_quiet_line_is_kept_alive(carriage: Carriage) -> None:
    """It should keep a strict controller for minutes, with a 9999 after 7 s (serial) or 10 s (TCP) of silence."""
    rig = Rig(carriage).plug()
    rig.run(120.0)
    assert not rig.hangups
    assert rig.mids_sent().count(9999) == (17 if carriage is Carriage.SERIAL else 12 - 1)


def test_a_silent_client_is_dropped_after_15_s() -> None:
    """It should be dropped by the controller when its keep-alive does not arrive, and come back."""
    rig = Rig().plug()
    rig.deaf_to = lambda message: message.mid == 9999
    rig.run(15.1)
    assert rig.hangups == ["the client was silent for 15 s"]
    assert isinstance(rig.of_line()[-1], Connected)


@BOTH
def test_a_silent_controller_is_given_up(carriage: Carriage) -> None:
    """It should notice a dead controller, hang up with a reason, and report the loss once however often it tries."""
    rig = Rig(carriage).plug()
    rig.simulator.fail("off")
    rig.run(120.0)
    assert "9999" in rig.hangups[0]
    assert len(rig.hangups) > 1
    assert sum(isinstance(event, Disconnected) for event in rig.events) == 1
    rig.simulator.fail("ok")
    rig.run(15.0)
    assert isinstance(rig.of_line()[-1], Connected)


def test_a_session_left_over_from_before_a_restart_is_ended_first() -> None:
    """It should say goodbye for its predecessor when a controller counts clients."""
    simulator = OpenProtocolSimulator(PSETS, random.Random(1), refuse_second_start=True)
    rig = Rig(simulator=simulator).plug()
    rig.unplug()
    rig.sent.clear()
    rig.plug()
    assert list(dict.fromkeys(rig.acts_sent())) == [1, 3, 42, 40, 60, 64]
    assert rig.acts_sent()[:3] == [1, 3, 1]
    assert len(rig.seen(Connected)) == 2


@pytest.mark.parametrize("hangs_up", [False, True])
def test_the_start_revision_falls_until_the_controller_takes_it(hangs_up: bool) -> None:
    """It should come down from 5 to 1 on code 97, also with a controller that hangs up after each refusal."""
    tool = OpenProtocolTool(start_revision=5)
    tool.link_up(0.0)
    for revision in (5, 4, 3, 2):
        assert tool.take_output()[13:16] == f"{revision:03d}".encode()
        tool.received(frame(Message(mid=4, data=b"000197"), Carriage.SERIAL, Side.CONTROLLER), 0.0)
        if hangs_up:
            tool.link_down(0.0, "closed")
            tool.link_up(0.0)
    assert tool.take_output()[13:16] == b"001"


def test_an_old_controller_gets_revision_1_of_the_results() -> None:
    """It should fall back from any higher revision of 0060 on code 97, read 0061 revision 1, and remember that."""
    rig = Rig()
    rig.deaf_to = lambda message: message.mid == 60 and message.revision > 1
    rig.plug()
    while not rig.seen(Connected):
        rig.say(Message(mid=4, data=b"006097"))
    arm(rig)
    rig.tighten()
    [result] = rig.results
    assert len(result.raw) == 231
    assert result.tool_serial == "SIMTOOL0000001"
    assert result.error_bits == ()
    rig.unplug()
    rig.sent.clear()
    rig.plug()
    assert [message.revision for message in rig.sent if message.mid == 60] == [1]


def test_a_controller_without_tool_data_is_still_connected() -> None:
    """It should go on when 0040 is refused: the identity is then smaller."""
    rig = Rig()
    rig.deaf_to = lambda message: message.mid == 40
    rig.plug()
    while not rig.seen(Connected):
        rig.say(Message(mid=4, data=b"004099"))
    [connected] = rig.seen(Connected)
    assert "tool_serial" not in connected.identity


def test_unsolicited_messages_between_request_and_answer_are_no_answer() -> None:
    """It should wait for its own answer through alarms, unknown MIDs and another request's late answer."""
    rig = Rig().plug()
    rig.deaf_to = lambda message: message.mid == 18
    arm(rig)
    rig.say(Message(mid=76, data=b"01002    0310410520260101:00:00:00"))
    rig.say(Message(mid=1234, data=b"anything"))
    rig.say(Message(mid=5, data=b"0043"))
    assert not rig.ends_of("arm")
    rig.say(Message(mid=5, data=b"0018"))
    assert isinstance(rig.ends_of("arm")[0], CommandDone)


def test_an_unreadable_result_is_neither_completed_nor_acknowledged() -> None:
    """It should report a result with a blank torque as unreadable instead of guessing."""
    rig = Rig().plug()
    arm(rig)
    rig.simulator.inject_result(pset=7, torque_nm=9.0, angle_deg=50, now_s=rig.now_s)
    data = bytearray(rig.simulator.take_output())
    data[data.index(b"24000900") + 2 : data.index(b"24000900") + 8] = b"      "
    rig.tool.received(bytes(data), rig.now_s)
    rig.settle()
    assert not rig.results
    health = rig.events[-1]
    assert isinstance(health, DeviceHealth)
    assert health.code == "tool.unreadable"


def test_results_measured_without_a_line_are_asked_back() -> None:
    """It should fetch what it missed after a reconnect, with the limits of the parameter set, exactly once."""
    rig = Rig().plug()
    arm(rig)
    rig.tighten()
    rig.submit(AcknowledgeResult(command_id="ack", tightening_id=1))
    rig.unplug()
    for _ in range(2):
        assert rig.simulator.pull_trigger(sound_joint(rig.simulator_pset), rig.now_s)
        rig.run(3.0)
    assert len(rig.results) == 1
    rig.plug()
    assert [result.tightening_id for result in rig.results] == [1, 2, 3]
    assert rig.results[-1].torque_min_nm == 8.1
    assert rig.results[-1].raw[4:8] == b"0065"
    rig.submit(AcknowledgeResult(command_id="ack3", tightening_id=3))
    assert rig.mids_sent().count(62) == 1
    arm(rig, command_id="next")
    assert isinstance(rig.ends_of("next")[0], CommandDone)


def test_a_restarted_station_asks_back_what_its_journal_does_not_have() -> None:
    """It should begin after the last id that the station knows, and ask for nothing when it knows none."""
    before = Rig().plug()
    for _ in range(3):
        before.simulator.inject_result(pset=7, torque_nm=9.0, angle_deg=50, now_s=before.now_s)
        before.settle()
    before.unplug()
    after = Rig(tool=OpenProtocolTool(last_seen_id={"SIM0000001": 1}.get), simulator=before.simulator).plug()
    assert [result.tightening_id for result in after.results] == [2, 3]
    assert Rig(simulator=before.simulator).plug().results == []


def test_a_gap_that_is_too_long_is_told_as_lost_not_dropped() -> None:
    """It should fetch the newest 500 in the order of their ids, with pauses, and name every older one as lost."""
    rig = Rig().plug()
    rig.simulator.inject_result(pset=7, torque_nm=9.0, angle_deg=50, now_s=rig.now_s)
    rig.settle()
    rig.submit(AcknowledgeResult(command_id="ack", tightening_id=1))
    rig.unplug()
    for _ in range(510):
        rig.simulator.inject_result(pset=7, torque_nm=9.0, angle_deg=50, now_s=rig.now_s)
        rig.settle()
    rig.plug()
    assert 1 < len(rig.results) <= 11
    rig.run(10.0)
    [lost] = rig.seen(ResultsLost)
    assert (lost.controller_serial, lost.first_id, lost.last_id) == ("SIM0000001", 2, 11)
    assert [result.tightening_id for result in rig.results] == [1, *range(12, 512)]


def test_letting_go_of_the_trigger_ends_the_rundown_not_ok() -> None:
    """It should report low torque with its reason."""
    rig = Rig().plug()
    arm(rig)
    assert rig.simulator.pull_trigger(sound_joint(rig.simulator_pset), rig.now_s)
    rig.run(0.5)
    assert rig.simulator.running
    assert rig.simulator.torque_nm(rig.now_s) > 0
    assert rig.simulator.angle_deg(rig.now_s) >= 0
    rig.simulator.release_trigger(rig.now_s)
    rig.settle()
    [result] = rig.results
    assert not result.ok
    assert result.torque_status == "low"
    assert "trigger lost" in result.error_bits


def test_a_disable_stops_the_turning_tool() -> None:
    """It should end the rundown where it is and report what was reached."""
    rig = Rig().plug()
    arm(rig)
    assert rig.simulator.pull_trigger(sound_joint(rig.simulator_pset), rig.now_s)
    rig.run(0.3)
    rig.submit(DisarmTool(command_id="off"))
    [result] = rig.results
    assert not result.ok
    assert "disable drive" in result.error_bits
    assert not rig.simulator.pull_trigger(sound_joint(rig.simulator_pset), rig.now_s)


@pytest.mark.parametrize(
    ("kind", "ok", "torque", "angle"),
    [
        (JointKind.GOOD, True, "ok", "ok"),
        (JointKind.MISSING, False, "low", "high"),
        (JointKind.CROSSED, False, "ok", "high"),
        (JointKind.STRIPPED, False, "low", "high"),
        (JointKind.ALREADY_TIGHT, False, "ok", "low"),
    ],
)
def test_every_bad_joint_shows_in_the_result(kind: JointKind, ok: bool, torque: str, angle: str) -> None:
    """It should reach the station as the statuses that a technician knows."""
    rig = Rig().plug()
    arm(rig)
    rig.tighten(kind)
    [result] = rig.results
    assert (result.ok, result.torque_status, result.angle_status) == (ok, torque, angle)


def test_stuck_repeats_the_first_result() -> None:
    """It should report the same id for every rundown."""
    rig = Rig().plug()
    arm(rig)
    rig.simulator.fail("stuck")
    for number in range(3):
        rig.tighten()
        rig.submit(AcknowledgeResult(command_id=f"ack{number}", tightening_id=1))
    assert [result.tightening_id for result in rig.results] == [1, 1, 1]


def test_wrong_reports_another_set_and_id() -> None:
    """It should name a parameter set that was not selected, and be believed when it says so a second time."""
    rig = Rig().plug()
    arm(rig)
    rig.simulator.fail("wrong")
    rig.tighten()
    rig.run(6.0)
    assert (8, 1001) in [(result.pset, result.tightening_id) for result in rig.results]


def test_slow_bytes_still_make_messages() -> None:
    """It should read a result that dribbles in, byte by byte."""
    rig = Rig().plug()
    rig.simulator.fail("slow")
    arm(rig)
    rig.run(2.0, step_s=0.01)
    assert isinstance(rig.ends_of("arm")[0], CommandDone)
    assert rig.simulator.pull_trigger(sound_joint(rig.simulator_pset), rig.now_s)
    rig.run(12.0, step_s=0.01)
    assert len(rig.results) == 1
    assert not rig.hangups


def test_delayed_results_come_two_seconds_late() -> None:
    """It should come late but whole."""
    rig = Rig().plug()
    arm(rig)
    rig.simulator.fail("delayed")
    assert rig.simulator.pull_trigger(sound_joint(rig.simulator_pset), rig.now_s)
    rig.run(2.5)
    assert not rig.results
    rig.run(2.0)
    assert len(rig.results) == 1


@pytest.mark.parametrize("word", ["garbage", "intermittent"])
@pytest.mark.parametrize("seed", range(5))
@BOTH
def test_the_driver_survives_a_bad_line_and_recovers(carriage: Carriage, seed: int, word: str) -> None:
    """It should neither crash nor hang, end every command exactly once, and connect again when the line is good."""
    rig = Rig(carriage, seed=seed).plug()
    rig.simulator.fail(word)
    for number in range(10):
        rig.submit(ArmTool(command_id=f"arm{number}", pset=7))
        rig.simulator.pull_trigger(sound_joint(rig.simulator_pset), rig.now_s)
        rig.run(4.0)
    rig.simulator.fail("ok")
    rig.run(60.0)
    assert [len(rig.ends_of(f"arm{number}")) for number in range(10)] == [1] * 10
    arm(rig, command_id="good")
    assert isinstance(rig.ends_of("good")[0], CommandDone)
    if word == "garbage":
        assert any(isinstance(event, DeviceHealth) and event.code == "tool.noise" for event in rig.events)


def test_a_word_that_is_no_fault_is_refused() -> None:
    """It should name the words there are."""
    with pytest.raises(ValueError, match="intermittent"):
        Rig().simulator.fail("sideways")


def test_the_controller_tightens_by_itself_when_asked_to() -> None:
    """It should pull its own trigger every few seconds while it is enabled."""
    simulator = OpenProtocolSimulator(PSETS, random.Random(1), auto_s=5.0)
    rig = Rig(simulator=simulator).plug()
    rig.run(12.0)
    assert not rig.results
    arm(rig)
    for number in range(25):
        rig.run(1.0)
        if rig.results:
            rig.submit(AcknowledgeResult(command_id=f"ack{number}", tightening_id=rig.results[-1].tightening_id))
    ids = [result.tightening_id for result in rig.results]
    assert sorted(set(ids)) == ids
    assert len(ids) == 4
    assert all(isinstance(result, TighteningResult) and result.ok for result in rig.results)
