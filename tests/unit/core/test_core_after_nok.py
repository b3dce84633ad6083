"""After a bad tightening: retry, back off, mark and rework, or stop; and what only technicians may do."""

from dataclasses import replace

import pytest
from support.corebench import ABSENT, PRESENT, CoreBench, bench_of, play
from support.coreworld import mirror, wheel

from station.core import effects as fx
from station.core import events as ev
from station.core.procedure import AfterNok, OnFail, Procedure, Right, Role
from station.core.state import Phase, StepStatus
from station.core.view import screen_of


def with_strategy(then: AfterNok, retries: int = 0) -> Procedure:
    """The mirror with this strategy at every joint, its tightening steps in one group."""
    procedure = mirror()
    steps = tuple(
        replace(step, on_fail=OnFail(retries=retries, then=then)) if step.id.startswith("tighten") else step
        for step in procedure.steps
    )
    return replace(procedure, steps=steps)


def at_joint_1(procedure: Procedure) -> CoreBench:
    bench = play(bench_of(procedure), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    return bench


def use(bench: CoreBench, right: Right, subject: str, role: Role = Role.TECHNICIAN, reason: str = "seen") -> None:
    bench.feed(ev.RightUsed(right=right, subject=subject, role=role, person="K. Mori", reason=reason))


def rights(bench: CoreBench) -> set[str]:
    return {right for fault in screen_of(bench.procedure, bench.state).faults for right in fault.rights}


def again(bench: CoreBench, joint: str = "J1") -> None:
    """The tool goes away and comes back for a good rundown."""
    bench.answer_all()
    bench.see(f"tool:{joint}", ABSENT)
    bench.timer("idle", 5.0)
    bench.tighten(joint)


def test_after_a_bad_result_the_tool_waits_for_a_person():
    """It should stay without enable however long the tool stands on the joint, until somebody touches Continue."""
    bench = at_joint_1(with_strategy(AfterNok.TECHNICIAN, retries=2))
    bench.pull(torque_nm=3.0)
    for _ in range(3):
        bench.see("tool:J1", ABSENT)
        bench.see("tool:J1", PRESENT)
        assert bench.state.tool.armed_joint == ""
    bench.acknowledge("tightening.torque_low", Role.VISITOR)
    assert bench.state.tool.armed_joint == "J1"


def test_back_off_and_retry_lets_a_technician_loosen_the_joint_and_nobody_else():
    """It should run the tool backwards only with leave, at that joint; then the visitor tries again."""
    bench = at_joint_1(with_strategy(AfterNok.LOOSEN))
    bench.pull(torque_nm=3.0)
    assert bench.codes() == ["tightening.loosen"] and rights(bench) == {"loosen"}
    use(bench, Right.LOOSEN, "J1", Role.QUALIFIED)
    use(bench, Right.LOOSEN, "J1", reason="  ")
    use(bench, Right.LOOSEN, "J2")
    assert bench.state.tool.armed_joint == "" and bench.state.overrides == ()
    use(bench, Right.LOOSEN, "J1")
    assert (bench.state.tool.armed_joint, bench.state.tool.loosening) == ("J1", True)
    assert [(o.right, o.subject, o.person, o.reason) for o in bench.state.overrides] == [
        (Right.LOOSEN, "J1", "K. Mori", "seen")
    ]
    bench.done(bench.state.tool.command_id, "tool")
    bench.pull(result_type="loosening", torque_nm=5.0, ok=True)
    assert bench.state.tightenings[-1].verdict == "loosened" and bench.state.tool.armed_joint == ""
    assert bench.codes() == ["tightening.loosen"], "the person says when it is mended"
    bench.acknowledge("tightening.loosen", Role.TECHNICIAN)
    again(bench)
    assert bench.status("tighten-J1") is StepStatus.PASSED


def test_the_leave_to_loosen_ends_by_itself_and_with_the_fault():
    """It should take the enable away when its time is over, when the fault is mended, and when something else holds."""
    for end in (
        lambda bench: bench.timer("loosen"),
        lambda bench: bench.acknowledge("tightening.loosen", Role.TECHNICIAN),
        lambda bench: bench.feed(ev.PauseRequested(person="p")),
        lambda bench: bench.camera(False, "camera.lost"),
        lambda bench: bench.see("tool:J1", ABSENT),
    ):
        bench = at_joint_1(with_strategy(AfterNok.LOOSEN))
        bench.pull(torque_nm=3.0)
        use(bench, Right.LOOSEN, "J1")
        assert bench.state.tool.loosening
        end(bench)
        assert not bench.state.tool.loosening


def test_a_tightening_with_the_leave_to_loosen_counts_for_nothing():
    """It should call it a result that nobody armed."""
    bench = at_joint_1(with_strategy(AfterNok.LOOSEN))
    bench.pull(torque_nm=3.0)
    use(bench, Right.LOOSEN, "J1")
    bench.done(bench.state.tool.command_id, "tool")
    bench.pull()
    assert "result.unarmed" in bench.codes() and bench.state.looks == ()


def test_loosening_that_nobody_allowed_is_a_fault():
    """It should hold, whoever did it: some joint is loose now."""
    bench = at_joint_1(mirror())
    bench.pull(result_type="loosening")
    assert bench.codes() == ["result.loosened"] and bench.state.tool.armed_joint == ""
    assert bench.state.progress("tighten-J1").evidence == ()


def test_a_marked_joint_waits_while_the_others_are_done_and_then_comes_back():
    """It should go on with the next joints, come back with a technician, and finish only when the joint is good."""
    bench = at_joint_1(with_strategy(AfterNok.MARK))
    bench.pull(torque_nm=3.0)
    assert bench.codes() == ["tightening.marked"] and bench.status("tighten-J1") is StepStatus.OPEN
    bench.acknowledge("tightening.marked", Role.VISITOR)
    assert bench.status("tighten-J1") is StepStatus.MARKED
    bench.see("tool:J1", ABSENT)
    bench.timer("idle", 5.0)
    for joint in ("J2", "J3"):
        bench.tighten(joint)
        assert bench.status(f"tighten-{joint}") is StepStatus.PASSED
    assert bench.codes() == ["tightening.rework"], "before anything that comes after the group"
    assert bench.status("final") is StepStatus.PENDING
    assert {s.id: s.status for s in screen_of(bench.procedure, bench.state).steps}["tighten-J1"] == "active"
    bench.acknowledge("tightening.rework", Role.VISITOR)
    assert bench.codes() == ["tightening.rework"]
    bench.acknowledge("tightening.rework", Role.TECHNICIAN)
    again(bench)
    assert bench.status("tighten-J1") is StepStatus.PASSED
    play(bench)
    assert bench.state.outcome == "finished"


def test_a_joint_that_is_hopeless_is_marked_without_further_tries():
    """It should not let the visitor try again on a crossed thread."""
    bench = at_joint_1(with_strategy(AfterNok.MARK, retries=5))
    bench.pull(angle_deg=200.0)
    assert bench.codes() == ["tightening.marked"]
    assert bench.state.tightenings[-1].verdict == "tightening.angle_high"


def test_a_marked_joint_survives_a_restart():
    """It should still wait for its rework."""
    bench = at_joint_1(with_strategy(AfterNok.MARK))
    bench.pull(torque_nm=3.0)
    bench.acknowledge("tightening.marked", Role.VISITOR)
    bench.feed(ev.StationRestarted(reason="crash"))
    assert bench.status("tighten-J1") is StepStatus.MARKED


@pytest.mark.parametrize("role, reason", [(Role.VISITOR, "x"), (Role.QUALIFIED, "x"), (Role.TECHNICIAN, " ")])
def test_no_right_without_a_technician_and_a_reason(role, reason):
    """It should change nothing, and note nothing."""
    bench = play(bench_of(mirror()), until="tighten-J2")
    before = bench.state
    use(bench, Right.UNDO, "tighten-J1", role, reason)
    assert bench.state == before


def test_a_technician_takes_a_step_back_and_it_is_done_again():
    """It should forget the evidence of that step and all after it, keep the earlier ones, and say so in the record."""
    bench = play(bench_of(mirror()), until="tighten-J3")
    assert screen_of(bench.procedure, bench.state).undoable == "tighten-J2"
    use(bench, Right.UNDO, "tighten-J1")
    assert bench.status("nuts") is StepStatus.PASSED
    assert bench.state.progress("tighten-J1").evidence == ()
    assert bench.status("tighten-J2") is StepStatus.PENDING
    assert [e.verdict for e in bench.state.tightenings] == ["undone", "undone"]
    assert [o.right for o in bench.state.overrides] == [Right.UNDO]
    bench.timer("idle", 5.0)
    play(bench)
    assert bench.state.outcome == "finished"
    assert [e.verdict for e in bench.state.tightenings] == ["undone", "undone", "ok", "ok", "ok"]


def test_taking_back_disarms_what_is_under_way():
    """It should disable the tool and stop the arm in the same turn."""
    bench = at_joint_1(mirror())
    use(bench, Right.UNDO, "nuts")
    assert bench.did(fx.DisableTool) and bench.state.phase is Phase.RUNNING
    assert bench.status("nuts") is StepStatus.LOOKING, "the nuts are there, and are looked at again"


def test_what_a_technician_mends_needs_a_reason_and_leaves_it():
    """It should keep the fault until a reason is given, and note who gave it."""
    bench = at_joint_1(mirror())
    bench.pull(torque_nm=12.0)
    bench.acknowledge("tightening.torque_high", Role.TECHNICIAN, reason="")
    assert bench.codes() == ["tightening.torque_high"]
    bench.acknowledge("tightening.torque_high", Role.TECHNICIAN, reason="nut replaced")
    (note,) = bench.state.overrides
    assert (note.subject, note.person, note.reason) == ("tightening.torque_high/J1", "p", "nut replaced")


def test_no_override_makes_a_bad_tightening_good():
    """It should leave a class A joint without evidence whatever rights are used, and want its own good result."""
    bench = play_wheel_to_first_joint()
    bench.arm("J1")
    bench.pull(pset=bench.procedure.joint("J1").pset, torque_nm=12.0)
    for right in Right:
        use(bench, right, "J1")
    bench.acknowledge("tightening.torque_high", Role.TECHNICIAN)
    step = next(s.id for s in bench.procedure.steps if "J1" in s.id)
    assert bench.state.progress(step).evidence == ()
    assert bench.status(step) is not StepStatus.PASSED


def play_wheel_to_first_joint() -> CoreBench:
    bench = bench_of(wheel())
    for joint in bench.procedure.joints:
        bench.see(f"fastener:{joint.id}", PRESENT)
    bench.gestures()
    bench.answer_all()
    return bench


def test_what_is_no_rundown_is_no_evidence():
    """It should not count a good looking message about a batch for a tightening."""
    bench = at_joint_1(mirror())
    bench.pull(result_type="batch increment")
    assert bench.codes() == ["result.unarmed"] and bench.state.looks == ()


def test_taking_back_a_step_whose_result_is_being_placed():
    """It should forget the result, not wait for its look for ever, and let the joint be done again."""
    bench = at_joint_1(mirror())
    bench.pull()
    assert bench.state.tool.judging == "J1"
    use(bench, Right.UNDO, "tighten-J1")
    assert bench.state.tightenings[-1].verdict == "undone" and bench.state.looks == ()
    bench.see("tool:J1", ABSENT)
    bench.timer("idle", 5.0)
    bench.tighten("J1")
    assert bench.status("tighten-J1") is StepStatus.PASSED
