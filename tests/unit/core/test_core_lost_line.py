"""The line to the controller is cut during a rundown, or its results are gone: nothing is counted that nobody saw."""

from dataclasses import replace

import pytest
from support.corebench import ABSENT, PRESENT, CoreBench, bench_of, play
from support.coreworld import mirror

from drivers.api import DeviceHealth, Outcome, ResultsLost, TighteningTrace
from station.core import effects as fx
from station.core import events as ev
from station.core.procedure import JointClass, Right, Role
from station.core.state import StepStatus
from station.core.view import screen_of


def cut(*, joint_class: JointClass = JointClass.B) -> CoreBench:
    """The tool runs at joint 1 when the line is cut; it is back afterwards."""
    procedure = mirror()
    procedure = replace(procedure, joints=tuple(replace(j, joint_class=joint_class) for j in procedure.joints))
    bench = play(bench_of(procedure), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.disconnect("tool")
    bench.see("tool:J1", ABSENT)
    bench.connect("tool")
    return bench


def rights(bench: CoreBench) -> set[str]:
    return {right for fault in screen_of(bench.procedure, bench.state).faults for right in fault.rights}


@pytest.mark.parametrize("on_the_joint", [True, False])
def test_a_good_result_that_was_asked_back_waits_for_a_technician(on_the_joint):
    """It should acknowledge and record it, and count it only when a technician says so, with a reason."""
    bench = cut()
    if on_the_joint:
        bench.see("tool:J1", PRESENT)
        assert bench.state.tool.armed_joint == "J1", "the tool is asked for again before the gap is filled"
    bench.pull(asked_back=True)
    assert len(bench.did(fx.AcknowledgeTightening)) == 1
    assert bench.codes() == ["result.asked_back"] and bench.state.tool.armed_joint == ""
    assert bench.state.faults[0].subject == "J1" and rights(bench) == {"loosen", "accept_result"}
    assert bench.state.progress("tighten-J1").evidence == ()
    for role, reason in ((Role.QUALIFIED, "saw it"), (Role.TECHNICIAN, "")):
        bench.feed(ev.RightUsed(right=Right.ACCEPT_RESULT, subject="J1", role=role, person="p", reason=reason))
        assert bench.codes() == ["result.asked_back"]
    bench.feed(
        ev.RightUsed(
            right=Right.ACCEPT_RESULT, subject="J1", role=Role.TECHNICIAN, person="K. Mori", reason="stood beside it"
        )
    )
    assert bench.status("tighten-J1") is StepStatus.PASSED
    assert bench.state.tightenings[-1].verdict == "accepted"
    assert [(o.right, o.reason) for o in bench.state.overrides] == [(Right.ACCEPT_RESULT, "stood beside it")]


def test_a_class_a_joint_is_always_tightened_again():
    """It should offer no acceptance, and refuse one."""
    bench = cut(joint_class=JointClass.A)
    bench.pull(asked_back=True)
    assert rights(bench) == {"loosen"}
    bench.feed(ev.RightUsed(right=Right.ACCEPT_RESULT, subject="J1", role=Role.TECHNICIAN, person="p", reason="please"))
    assert bench.codes() == ["result.asked_back"] and bench.state.overrides == ()


def test_a_bad_result_that_was_asked_back_is_a_bad_attempt():
    """It should name it as any other, for the joint that had the enable."""
    bench = cut()
    bench.pull(asked_back=True, torque_nm=3.0)
    assert bench.codes() == ["tightening.torque_low"]
    assert bench.state.progress("tighten-J1").attempts == 1


def test_only_the_first_result_after_a_cut_belongs_to_the_joint():
    """It should call the second one unarmed: nobody knows which nut that was."""
    bench = cut()
    bench.pull(asked_back=True)
    bench.pull(asked_back=True)
    assert bench.codes() == ["result.asked_back", "result.unarmed"]


def test_a_result_that_was_asked_back_never_counts_for_a_new_enable():
    """It should not take a result from before the enable for one after it, even when the tool is armed and ready."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.pull(asked_back=True)
    assert bench.codes() == ["result.unarmed"] and bench.state.looks == ()


def test_a_restart_with_the_tool_armed_is_a_cut_too():
    """It should remember which joint had the enable when the program died."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.feed(ev.StationRestarted(reason="crash"))
    bench.connect("tool")
    bench.pull(asked_back=True)
    assert "result.asked_back" in bench.codes()


def test_lost_results_are_named_held_and_never_good():
    """It should record the ids that are gone, hold for a technician, and leave the joint open."""
    bench = cut()
    bench.feed(
        ResultsLost(
            device="tool", t_mono_s=bench.now_s, controller_serial="C1", first_id=7, last_id=9, reason="archive full"
        )
    )
    (fault,) = bench.state.faults
    assert (fault.code, fault.words) == ("result.lost", {"first": "7", "last": "9", "joint": "1"})
    assert bench.state.lost == ("C1/7-9",) and bench.state.progress("tighten-J1").evidence == ()
    bench.acknowledge("result.lost", Role.VISITOR)
    assert bench.codes() == ["result.lost"]
    bench.acknowledge("result.lost", Role.TECHNICIAN)
    assert bench.codes() == []
    bench.answer_all()
    bench.tighten("J1")
    assert bench.status("tighten-J1") is StepStatus.PASSED


def test_after_a_loss_the_next_result_belongs_to_no_joint():
    """It should not offer a result as the joint's first one after the cut when the first one is lost."""
    bench = cut()
    lost = ResultsLost(device="tool", t_mono_s=bench.now_s, controller_serial="C1", first_id=1, last_id=1, reason="")
    bench.feed(lost)
    assert [effect.tightening_id for effect in bench.did(fx.AcknowledgeTightening)] == [1], "on disk as lost"
    bench.rundowns = 1
    bench.pull(asked_back=True)
    assert bench.codes() == ["result.lost", "result.unarmed"] and rights(bench) == set()


def test_an_enable_that_overtakes_the_news_of_a_lost_line_is_taken_back():
    """It should disable the tool when it hears of the loss: the enable may have gone out on the new connection."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.see("tool:J1", PRESENT)
    assert bench.did(fx.EnableTool)
    bench.disconnect("tool")
    assert bench.did(fx.DisableTool) and bench.state.tool.armed_joint == ""


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("link.lost", Outcome.UNKNOWN), ("tool.silent", Outcome.UNKNOWN), ("link.down", Outcome.REFUSED)],
)
@pytest.mark.parametrize("identifies", [True, False])
def test_a_command_that_fails_with_the_line_is_no_refusal(code, outcome, identifies):
    """It should call for nobody: the driver fails what is in flight before it tells that the line is gone."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.see("tool:J1", PRESENT)
    bench.failed(bench.state.identify_id if identifies else bench.state.tool.command_id, "tool", outcome, code)
    assert bench.codes() == ["tool.unplugged"] and not bench.did(fx.EnableTool)
    bench.disconnect("tool")
    bench.connect("tool")
    assert bench.codes() == [] and bench.did(fx.IdentifyWork) and bench.did(fx.EnableTool)


def test_a_tool_that_the_driver_has_disabled_is_not_shown_as_ready():
    """It should hold and say so when somebody selects at the controller, and enable again after a tap."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.feed(DeviceHealth(device="tool", t_mono_s=bench.now_s, code="tool.other_selected", detail="pset 3"))
    assert bench.codes() == ["tool.refused"] and bench.state.tool.armed_joint == ""
    bench.acknowledge("tool.refused", Role.VISITOR)
    assert bench.did(fx.EnableTool)


def test_a_curve_is_found_by_its_result():
    """It should remember in which row the curve stands, and decide nothing by it."""
    bench = cut()
    before = bench.state
    bench.feed(
        TighteningTrace(
            device="tool",
            t_mono_s=bench.now_s,
            controller_serial="C1",
            tightening_id=3,
            controller_time="2026-01-01:00:00:00",
            every_s=0.002,
            torque_nm=(0.0, 1.0),
            angle_deg=(0.0, 5.0),
        )
    )
    assert bench.state.traces == {"C1/3": bench.seq}
    assert replace(bench.state, traces={}) == before


def test_a_result_that_was_loosened_meanwhile_cannot_be_accepted():
    """It should not count a joint that was good and is loose again."""
    bench = cut()
    bench.pull(asked_back=True)
    right = ev.RightUsed(right=Right.LOOSEN, subject="J1", role=Role.TECHNICIAN, person="p", reason="to be sure")
    bench.feed(right)
    bench.see("tool:J1", PRESENT)
    bench.done(bench.state.tool.command_id, "tool")
    bench.pull(result_type="loosening")
    assert bench.state.tightenings[-1].verdict == "loosened" and rights(bench) == {"loosen"}
    bench.feed(replace(right, right=Right.ACCEPT_RESULT))
    assert bench.codes() == ["result.asked_back"] and bench.state.progress("tighten-J1").evidence == ()
