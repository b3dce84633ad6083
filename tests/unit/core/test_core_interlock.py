"""Socket, then position, then enable: each missing one is named, and losing one takes the enable away."""

from dataclasses import replace

import pytest
from support.corebench import ABSENT, PRESENT, UNKNOWN, CoreBench, bench_of, play
from support.coreworld import clips, mirror

from drivers.api import DeviceHealth
from station.core import effects as fx
from station.core import events as ev
from station.core.procedure import Procedure, Role
from station.core.screen import ScreenInterlock
from station.core.state import StepStatus
from station.core.view import screen_of


def with_joints(procedure: Procedure, **changes: object) -> Procedure:
    """The procedure with something changed at every joint."""
    joints = tuple(replace(joint, **changes) for joint in procedure.joints)  # type: ignore[arg-type]
    return replace(procedure, joints=joints)


def at_joint_1(procedure: Procedure) -> CoreBench:
    """The mirror's first joint is due; the tool is away."""
    bench = play(bench_of(procedure), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    return bench


def lock_of(bench: CoreBench) -> ScreenInterlock:
    lock = screen_of(bench.procedure, bench.state).interlock
    assert lock is not None
    return lock


def test_the_interlock_names_the_first_missing_condition_in_its_order():
    """It should ask for the socket, then for the place, then wait for the controller; only then the trigger works."""
    bench = at_joint_1(with_joints(mirror(), socket="13"))
    assert lock_of(bench).missing == "socket"
    assert screen_of(bench.procedure, bench.state).say == "tool.socket"
    bench.see("tool:J1", PRESENT)
    assert bench.did(fx.EnableTool) == [] and lock_of(bench).missing == "socket"
    bench.feed(ev.SocketSeen(socket="10"))
    assert bench.did(fx.EnableTool) == [], "another socket is none"
    bench.see("tool:J1", ABSENT)
    bench.feed(ev.SocketSeen(socket="13"))
    assert lock_of(bench).missing == "position"
    bench.see("tool:J1", PRESENT)
    assert [e.joint for e in bench.did(fx.EnableTool)] == ["J1"] and lock_of(bench).missing == "enable"
    bench.done(bench.state.tool.command_id, "tool")
    assert lock_of(bench).missing == ""
    bench.pull()
    bench.answer_all()
    assert bench.status("tighten-J1") is StepStatus.PASSED


def test_a_missing_socket_is_said_once_each_time():
    """It should say which socket is wanted when the joint comes due, and again only when it was there meanwhile."""
    bench = at_joint_1(with_joints(mirror(), socket="13"))

    def said() -> int:
        return sum(isinstance(e, fx.Say) and e.phrase == "tool.socket" for e in bench.log)

    assert said() == 1
    bench.see("tool:J1", PRESENT)
    bench.see("tool:J1", ABSENT)
    assert said() == 1
    bench.feed(ev.SocketSeen(socket="13"))
    bench.feed(ev.SocketSeen(socket=""))
    assert said() == 2


@pytest.mark.parametrize(
    "loss",
    [
        lambda bench: bench.feed(ev.SocketSeen(socket="")),
        lambda bench: bench.feed(ev.SocketSeen(socket="10")),
        lambda bench: bench.see("tool:J1", ABSENT),
        lambda bench: bench.see("tool:J1", UNKNOWN),
        lambda bench: bench.disconnect("tool"),
        lambda bench: bench.feed(ev.PauseRequested(person="p")),
        lambda bench: bench.camera(False, "camera.lost"),
    ],
    ids=["socket gone", "other socket", "left", "hidden", "unplugged", "paused", "camera lost"],
)
def test_losing_any_condition_takes_the_enable_away_in_the_same_turn(loss):
    """It should not wait for anything where the joint has no grace time."""
    bench = at_joint_1(with_joints(mirror(), socket="13"))
    bench.feed(ev.SocketSeen(socket="13"))
    bench.arm("J1")
    loss(bench)
    assert bench.state.tool.armed_joint == ""
    assert bench.did(fx.DisableTool) or bench.state.devices["tool"] is False


def test_a_joint_with_grace_keeps_its_enable_for_a_moment():
    """It should keep the enable when socket or place come back in time, and take it away when they do not."""
    bench = at_joint_1(with_joints(mirror(), grace_s=0.8, socket="13"))
    bench.feed(ev.SocketSeen(socket="13"))
    bench.arm("J1")
    bench.see("tool:J1", UNKNOWN)
    assert [e.after_s for e in bench.did(fx.SetTimer)] == [0.8] and bench.state.tool.armed_joint == "J1"
    bench.see("tool:J1", PRESENT)
    assert bench.did(fx.CancelTimer) == [fx.CancelTimer(timer="grace:J1")]
    bench.feed(ev.SocketSeen(socket=""))
    assert bench.state.tool.armed_joint == "J1"
    bench.timer("grace:J1")
    assert bench.state.tool.armed_joint == "" and bench.did(fx.DisableTool)


@pytest.mark.parametrize(
    "contradiction",
    [
        lambda bench: bench.see("tool:J2", PRESENT),
        lambda bench: bench.feed(ev.SocketSeen(socket="10")),
        lambda bench: bench.feed(ev.PauseRequested(person="p")),
        lambda bench: bench.disconnect("tool"),
    ],
    ids=["another joint", "another socket", "paused", "unplugged"],
)
def test_grace_is_no_excuse_for_a_contradiction(contradiction):
    """It should take the enable away at once when something says that it is not this joint, or holds the work."""
    bench = at_joint_1(with_joints(mirror(), grace_s=2.0, socket="13"))
    bench.feed(ev.SocketSeen(socket="13"))
    bench.arm("J1")
    bench.see("tool:J1", UNKNOWN)
    assert bench.state.tool.armed_joint == "J1"
    contradiction(bench)
    assert bench.state.tool.armed_joint == "" and not bench.state.tool.grace_joint


def test_two_due_joints_at_once_have_no_grace():
    """It should take the enable away at once where the tool seems to be at another due joint as well."""
    bench = bench_of(with_joints(clips(), grace_s=2.0))
    bench.show_pass()
    for joint in ("J1", "J2"):
        bench.see(f"fastener:{joint}", PRESENT)
    bench.answer_all()
    bench.arm("J1")
    bench.see("tool:J2", PRESENT)
    assert bench.state.tool.armed_joint == "" and bench.did(fx.DisableTool)


def test_a_result_during_grace_counts_only_when_the_tool_was_seen_there():
    """It should let the look decide, as always."""
    bench = at_joint_1(with_joints(mirror(), grace_s=2.0))
    bench.arm("J1")
    bench.see("tool:J1", UNKNOWN)
    bench.pull()
    bench.answer_all()
    assert bench.state.tightenings[-1].verdict == "tool.elsewhere"


def test_in_a_free_group_the_place_chooses_joint_and_parameter_set():
    """It should enable whichever due joint the tool is at, with that joint's own parameter set."""
    procedure = clips()
    joints = tuple(replace(joint, pset=n + 4) for n, joint in enumerate(procedure.joints))
    bench = bench_of(replace(procedure, joints=joints))
    bench.show_pass()
    for joint in ("J1", "J2"):
        bench.see(f"fastener:{joint}", PRESENT)
    bench.answer_all()
    bench.see("tool:J2", PRESENT)
    assert [(e.joint, e.pset) for e in bench.did(fx.EnableTool)] == [("J2", 5)]
    bench.see("tool:J2", ABSENT)
    bench.see("tool:J1", PRESENT)
    assert [(e.joint, e.pset) for e in bench.did(fx.EnableTool)] == [("J1", 4)]


def confirming() -> CoreBench:
    procedure = mirror()
    steps = tuple(replace(s, confirms_place=s.id == "tighten-J1") for s in procedure.steps)
    return at_joint_1(replace(procedure, steps=steps))


def test_a_step_that_confirms_releases_the_tool_anywhere_and_asks_for_the_place_afterwards():
    """It should enable at once, and count the result only when the tool was seen at the joint."""
    bench = confirming()
    assert bench.state.tool.armed_joint == "J1" and lock_of(bench).missing == "enable"
    bench.done(bench.state.tool.command_id, "tool")
    bench.see("tool:J1", PRESENT)
    bench.see("tool:J1", UNKNOWN)
    assert bench.state.tool.armed_joint == "J1", "the place takes nothing away here"
    bench.see("tool:J1", PRESENT)
    bench.pull()
    assert bench.status("tighten-J1") is StepStatus.OPEN
    bench.answer_all()
    assert bench.status("tighten-J1") is StepStatus.PASSED


def test_a_step_that_confirms_counts_nothing_that_was_tightened_elsewhere():
    """It should say elsewhere when nobody saw the tool at the joint."""
    bench = confirming()
    bench.done(bench.state.tool.command_id, "tool")
    bench.pull()
    bench.answer_all()
    assert bench.codes() == ["tool.elsewhere"] and bench.status("tighten-J1") is StepStatus.OPEN


def test_job_and_batch_go_to_the_controller_with_the_release():
    """It should ask for the joint's job and batch, and refuse a result that names others."""
    bench = at_joint_1(with_joints(mirror(), job=3, batch_size=1))
    bench.arm("J1")
    armed = next(e for e in reversed(bench.log) if isinstance(e, fx.EnableTool))
    assert (armed.pset, armed.job, armed.batch_size) == (1, 3, 1)
    bench.pull(job=2, batch_size=1)
    (fault,) = bench.state.faults
    assert (fault.code, fault.words["what"], fault.words["found"], fault.words["wanted"]) == (
        "result.other_work",
        "job",
        "2",
        "3",
    )
    bench.acknowledge("result.other_work", Role.TECHNICIAN)
    bench.answer_all()
    bench.see("tool:J1", ABSENT)
    bench.timer("idle", 5.0)
    bench.tighten("J1", job=3, batch_size=1)
    assert bench.status("tighten-J1") is StepStatus.PASSED


def test_a_controller_whose_results_tell_no_job_can_work_by_jobs():
    """It should judge by parameter set and figures, and not call each result other work for ever."""
    bench = at_joint_1(with_joints(mirror(), job=3))
    bench.tighten("J1", job=None)
    assert bench.status("tighten-J1") is StepStatus.PASSED


def test_the_controller_is_told_the_car_and_its_results_must_name_it():
    """It should tell the car's number once it is known and after each reconnect, and refuse results of another car."""
    bench = play(bench_of(mirror()), until="take")
    (told,) = [e for e in bench.log if isinstance(e, fx.IdentifyWork)]
    assert bench.state.order is not None and told.identifier == bench.state.order.vin
    bench.disconnect("tool")
    bench.connect("tool")
    (again,) = bench.did(fx.IdentifyWork)
    bench.done(again.command_id, "tool")
    play(bench, until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.pull(vin="ANOTHERCAR")
    assert bench.codes() == ["result.other_work"]
    bench.acknowledge("result.other_work", Role.TECHNICIAN)
    bench.answer_all()
    bench.see("tool:J1", ABSENT)
    bench.timer("idle", 5.0)
    bench.tighten("J1", vin=told.identifier)
    assert bench.status("tighten-J1") is StepStatus.PASSED


def test_a_controller_that_does_not_take_the_car_stops_the_work():
    """It should not start work whose results nobody can tell from another car's, and tell it again once mended."""
    bench = play(bench_of(mirror()), until="take")
    told = next(e for e in bench.log if isinstance(e, fx.IdentifyWork))
    bench.failed(told.command_id, "tool")
    assert bench.codes() == ["tool.no_identifier"]
    bench.acknowledge("tool.no_identifier", Role.TECHNICIAN)
    assert bench.codes() == []
    [again] = bench.did(fx.IdentifyWork)
    bench.done(again.command_id, "tool")
    assert bench.state.identified == told.identifier


def test_an_alarm_that_stops_the_tool_holds_until_it_is_over():
    """It should hold while the controller says that it cannot work, and only note what does not stop it."""
    bench = at_joint_1(mirror())
    bench.arm("J1")

    def alarm(code: str, standing: bool, stops: bool) -> None:
        bench.feed(
            DeviceHealth(
                device="tool", t_mono_s=bench.now_s, code=code, detail="motor hot", standing=standing, stops=stops
            )
        )

    alarm("tool.clock", True, False)
    assert bench.codes() == [] and [h.code for h in screen_of(bench.procedure, bench.state).health] == ["tool.clock"]
    alarm("tool.alarm.E404", True, True)
    assert bench.codes() == ["tool.alarm"] and bench.state.tool.armed_joint == ""
    alarm("tool.alarm.E404", False, False)
    assert bench.codes() == [] and bench.state.tool.armed_joint == "J1"
    bench.disconnect("tool")
    assert screen_of(bench.procedure, bench.state).health == ()
