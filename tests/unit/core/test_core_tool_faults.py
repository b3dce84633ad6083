"""What can go wrong with the torque tool and its results: named rightly, held, cleared by the right person."""

from dataclasses import replace

import pytest
from support.corebench import ABSENT, PRESENT, UNKNOWN, CoreBench, bench_of, play, rundown
from support.coreworld import clips, mirror, wheel

from drivers.api import Outcome
from station.core import effects as fx
from station.core import events as ev
from station.core.procedure import AfterNok, OnFail, Role
from station.core.state import StepStatus


def at_first_joint() -> CoreBench:
    """The mirror's first joint is due, the tool is there and enabled."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    assert bench.state.tool.ready
    return bench


def finish_joint(bench: CoreBench) -> None:
    """From a held step to its end: gate, tool, result, look."""
    bench.answer_all()
    bench.see("tool:J1", ABSENT)
    bench.timer("idle", 5.0)
    bench.tighten("J1")
    assert bench.status("tighten-J1") is StepStatus.PASSED


BAD = (
    ("tightening.torque_low", {"torque_nm": 3.0}, Role.VISITOR),
    ("tightening.torque_low", {"torque_status": "low"}, Role.VISITOR),
    ("tightening.torque_high", {"torque_nm": 12.0}, Role.TECHNICIAN),
    ("tightening.torque_high", {"torque_status": "high"}, Role.TECHNICIAN),
    ("tightening.angle_high", {"angle_deg": 200.0, "torque_nm": 3.0}, Role.TECHNICIAN),
    ("tightening.angle_low", {"angle_deg": 15.0}, Role.TECHNICIAN),
    ("tightening.angle_low", {"angle_status": "low"}, Role.TECHNICIAN),
    ("tightening.already_tight", {"angle_deg": 2.0, "ok": False, "angle_status": "low"}, Role.TECHNICIAN),
    ("tightening.already_tight", {"error_bits": ("rehit",)}, Role.TECHNICIAN),
    ("tightening.not_ok", {"ok": False}, Role.TECHNICIAN),
    ("tightening.not_ok", {"torque_nm": float("nan")}, Role.TECHNICIAN),
    ("tightening.not_ok", {"angle_deg": float("nan")}, Role.TECHNICIAN),
    ("result.wrong_pset", {"pset": 2}, Role.TECHNICIAN),
)


@pytest.mark.parametrize("code, changes, by", BAD)
def test_a_bad_result_is_named_holds_and_is_cleared_by_the_right_person(code, changes, by):
    """It should acknowledge the result, take the tool away, name the fault, and go on when its person has mended it."""
    bench = at_first_joint()
    bench.pull(**changes)
    assert bench.did(fx.AcknowledgeTightening) and bench.did(fx.DisableTool)
    (fault,) = bench.state.faults
    assert (fault.code, fault.subject, fault.step, fault.holds) == (code, "J1", "tighten-J1", True)
    assert bool(bench.did(fx.CallPerson)) is (by is Role.TECHNICIAN)
    assert bench.state.looks == () and bench.state.tool.armed_joint == ""
    if by is Role.TECHNICIAN:
        for role in (Role.VISITOR, Role.QUALIFIED):
            bench.acknowledge(code, role)
            assert bench.codes() == [code]
    bench.acknowledge(code, by)
    assert bench.codes() == []
    assert bench.status("tighten-J1") is (StepStatus.OPEN if by is Role.VISITOR else StepStatus.GATED)
    assert bench.state.tightenings[-1].verdict == code
    finish_joint(bench)


@pytest.mark.parametrize("torque, angle", [(8.1, 20.0), (9.9, 110.0), (9.0, 60.0)])
def test_the_edges_of_the_window_are_inside(torque, angle):
    """It should count a result that lies on the edge of both windows."""
    bench = at_first_joint()
    bench.pull(torque_nm=torque, angle_deg=angle)
    bench.answer_all()
    assert bench.status("tighten-J1") is StepStatus.PASSED


def test_a_joint_without_an_angle_window_is_judged_by_torque():
    """It should not take a window that is not given for one of zero degrees."""
    procedure = clips()
    joints = tuple(replace(joint, angle_min_deg=0.0, angle_max_deg=0.0) for joint in procedure.joints)
    bench = bench_of(replace(procedure, joints=joints))
    bench.show_pass()
    for joint in ("J1", "J2"):
        bench.see(f"fastener:{joint}", PRESENT)
    bench.answer_all()
    bench.arm("J1")
    bench.pull(angle_deg=400.0)
    bench.answer_all()
    assert bench.status("tighten-J1") is StepStatus.PASSED


def test_too_many_bad_results_call_a_technician_who_gives_new_tries():
    """It should let the visitor try as often as the step says, and then no more until a technician has come."""
    bench = at_first_joint()
    for _ in range(3):
        bench.pull(torque_nm=3.0)
        bench.acknowledge("tightening.torque_low", Role.VISITOR)
        if bench.codes() == []:
            bench.done(bench.state.tool.command_id, "tool")
    assert bench.codes() == ["tightening.too_many"]
    bench.acknowledge("tightening.too_many", Role.QUALIFIED)
    assert bench.codes() == ["tightening.too_many"]
    bench.acknowledge("tightening.too_many", Role.TECHNICIAN)
    assert bench.codes() == [] and bench.state.progress("tighten-J1").attempts == 0
    finish_joint(bench)


def test_a_step_can_end_the_visit_instead():
    """It should close the visit as failed where the step says so, and take tool and arm away."""
    procedure = mirror()
    steps = tuple(
        replace(step, on_fail=OnFail(retries=0, then=AfterNok.END)) if step.id == "tighten-J1" else step
        for step in procedure.steps
    )
    bench = at_first_joint()
    bench.procedure = replace(procedure, steps=steps)
    bench.pull(torque_nm=3.0)
    assert bench.state.outcome == "failed"
    assert [effect.outcome for effect in bench.did(fx.CloseVisit)] == ["failed"]
    assert bench.did(fx.DisableTool)


def test_in_a_free_group_the_technician_reopens_the_step_that_failed():
    """It should regate the joint with the bad result, not the first one of the group."""
    bench = bench_of(clips())
    bench.show_pass()
    for joint in ("J1", "J2"):
        bench.see(f"fastener:{joint}", PRESENT)
    bench.answer_all()
    bench.arm("J2")
    bench.pull(torque_nm=12.0)
    assert bench.state.faults[0].step == "tighten-J2"
    bench.acknowledge("tightening.torque_high", Role.TECHNICIAN)
    assert (bench.status("tighten-J1"), bench.status("tighten-J2")) == (StepStatus.OPEN, StepStatus.GATED)


def test_the_same_result_twice_counts_once():
    """It should notice a second copy, acknowledge it too, hold nothing, and count nothing."""
    bench = at_first_joint()
    bench.pull()
    bench.feed(rundown(bench.rundowns, bench.now_s))
    assert len(bench.did(fx.AcknowledgeTightening)) == 1
    assert bench.codes() == ["result.duplicate"]
    bench.answer_all()
    assert bench.status("tighten-J1") is StepStatus.PASSED
    assert len(bench.state.tightenings) == 1
    bench.timer("notice:result.duplicate")
    assert bench.codes() == []


def test_a_result_nobody_armed_is_a_fault_and_no_luck():
    """It should call a technician and count nothing, however good the result is."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.pull()
    assert bench.codes() == ["result.unarmed"]
    assert bench.state.faults[0].subject == "C1/1"
    bench.see("tool:J1", PRESENT)
    assert bench.state.tool.armed_joint == "", "nothing is enabled while it holds"
    bench.acknowledge("result.unarmed", Role.VISITOR)
    assert bench.codes() == ["result.unarmed"]
    bench.acknowledge("result.unarmed", Role.TECHNICIAN)
    finish_joint(bench)


def test_a_result_before_the_enable_is_confirmed_counts_for_nothing():
    """It should not take what the controller hands in after a reconnection for what the visitor is about to do."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.see("tool:J1", PRESENT)
    assert bench.state.tool.armed_joint == "J1" and not bench.state.tool.ready
    bench.pull()
    assert bench.codes() == ["result.unarmed"]
    assert bench.did(fx.DisableTool)


def test_a_late_result_does_not_count_for_the_joint_where_the_tool_is_now():
    """It should refuse a result that may be another joint's: that one had the enable a moment ago."""
    bench = bench_of(clips())
    bench.show_pass()
    for joint in ("J1", "J2"):
        bench.see(f"fastener:{joint}", PRESENT)
    bench.answer_all()
    bench.arm("J1")
    bench.see("tool:J1", ABSENT)
    bench.arm("J2")
    bench.pull()
    assert bench.codes()[-1] == "tool.elsewhere"
    assert bench.state.looks == ()
    assert bench.state.tightenings[-1].joint == "J1"


def test_a_result_after_the_tool_has_left_never_counts():
    """It should say that the tool was elsewhere, and let the visitor go on after a tap."""
    bench = at_first_joint()
    bench.see("tool:J1", ABSENT)
    assert bench.did(fx.DisableTool) and bench.codes() == ["tool.away"]
    bench.pull()
    assert bench.codes() == ["tool.away", "tool.elsewhere"]
    bench.acknowledge("tool.elsewhere", Role.VISITOR)
    bench.timer("notice:tool.away")
    finish_joint(bench)


def test_a_tool_that_cannot_be_seen_is_disabled_without_a_reproach():
    """It should take the enable away when the tool is hidden, and give it back when it is seen at the joint again."""
    bench = at_first_joint()
    bench.see("tool:J1", UNKNOWN)
    assert bench.did(fx.DisableTool) and bench.codes() == []
    bench.see("tool:J1", PRESENT)
    assert len(bench.did(fx.EnableTool)) == 1


def test_no_second_rundown_while_the_first_is_being_placed():
    """It should keep the tool off from the result until the look has said where the tool was."""
    bench = at_first_joint()
    bench.pull()
    assert bench.did(fx.DisableTool)
    bench.see("hands:door", PRESENT)
    assert bench.state.tool.judging == "J1" and bench.did(fx.EnableTool) == []


@pytest.mark.parametrize("value", [ABSENT, UNKNOWN])
def test_a_good_result_counts_only_when_the_tool_is_seen_at_the_joint(value):
    """It should take "cannot see" for a no: the record says elsewhere, and the step stays open."""
    bench = at_first_joint()
    bench.pull()
    (look,) = bench.did(fx.Look)
    assert look.facts == ("tool:J1",) and look.not_before_s == pytest.approx(bench.now_s - 0.4)
    bench.answer({"tool:J1": value})
    assert bench.codes() == ["tool.elsewhere"]
    assert bench.state.tightenings[-1].verdict == "tool.elsewhere"
    assert bench.status("tighten-J1") is StepStatus.OPEN
    bench.acknowledge("tool.elsewhere", Role.VISITOR)
    finish_joint(bench)


def test_a_tool_seen_at_the_joint_long_before_places_nothing():
    """It should not place the tool by frames from before the rundown."""
    bench = at_first_joint()
    bench.pull()
    bench.answer(aged_s=1.0)
    assert bench.codes() == ["tool.elsewhere"]


def test_the_tool_at_a_joint_that_is_not_due_is_named_and_not_enabled():
    """It should hold until the tool has left, and not take the tool's being hidden for a joint being due."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.see("tool:J3", PRESENT)
    assert [(f.code, f.subject) for f in bench.state.faults] == [("order.wrong", "J3")]
    assert bench.did(fx.EnableTool) == []
    bench.see("tool:J3", ABSENT)
    assert bench.codes() == []
    bench.tighten("J1")
    assert bench.status("tighten-J1") is StepStatus.PASSED


def test_two_joints_at_once_enable_nothing():
    """It should not guess when the tool seems to be at two due joints."""
    bench = bench_of(clips())
    bench.show_pass()
    for joint in ("J1", "J2"):
        bench.see(f"fastener:{joint}", PRESENT)
    bench.answer_all()
    bench.see("tool:J1", PRESENT)
    bench.see("tool:J2", PRESENT)
    assert bench.did(fx.DisableTool) and bench.state.tool.armed_joint == ""


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_tool_that_refuses_is_named_and_tried_again_after_a_tap(outcome):
    """It should disable what may be enabled, hold, and enable again once the visitor has said go on."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.see("tool:J1", PRESENT)
    bench.failed(bench.state.tool.command_id, "tool", outcome)
    assert bench.codes() == ["tool.refused"] and bench.did(fx.DisableTool)
    assert bench.did(fx.EnableTool) == []
    bench.acknowledge("tool.refused", Role.VISITOR)
    assert len(bench.did(fx.EnableTool)) == 1


def test_an_unplugged_tool_holds_until_it_is_back():
    """It should hold by itself and go on by itself, with a new enable for the joint that is still due."""
    bench = at_first_joint()
    bench.disconnect("tool")
    assert bench.codes() == ["tool.unplugged"] and bench.state.tool.armed_joint == ""
    bench.acknowledge("tool.unplugged", Role.TECHNICIAN)
    assert bench.codes() == ["tool.unplugged"], "nobody's word plugs it in"
    bench.connect("tool")
    assert bench.codes() == []
    assert [effect.joint for effect in bench.did(fx.EnableTool)] == ["J1"]


@pytest.mark.parametrize(
    "event",
    [ev.PauseRequested(person="p"), ev.VisitAbandoned(person="p", reason="r"), ev.HelpRequested()],
    ids=["pause", "abandon", "help"],
)
def test_a_pause_takes_the_tool_away_and_a_call_for_help_does_not(event):
    """It should disable the tool in the same turn when the visit pauses or ends."""
    bench = at_first_joint()
    bench.feed(event)
    assert bool(bench.did(fx.DisableTool)) is not isinstance(event, ev.HelpRequested)


def test_a_result_between_visits_is_acknowledged_and_named():
    """It should tell the controller and call a technician when the tool runs with no visit open."""
    bench = CoreBench(wheel())
    bench.pull()
    assert len(bench.did(fx.AcknowledgeTightening)) == 1
    assert bench.codes() == ["result.unarmed"]
