"""Joints that each unit places: nobody tightens where this unit is not measured, and the screen says why."""

from dataclasses import replace

from support.corebench import ABSENT, PRESENT, UNKNOWN, CoreBench, opened, play
from support.coreworld import mirror

from station.core import effects as fx
from station.core import events as ev
from station.core.procedure import Procedure
from station.core.state import StepStatus
from vision.api import FactValue

UNIT = "unit:mirror-red"


def carried() -> Procedure:
    """The mirror's work, with joints that the mirror carries."""
    work = mirror()
    return replace(work, joints=tuple(replace(joint, on="mirror") for joint in work.joints))


def visit(measured: FactValue = PRESENT, *, by_unit: tuple[str, ...] = ("J1", "J2", "J3"), text: str = "") -> CoreBench:
    """A visit on a station that measures each unit, before its first joint is tightened."""
    bench = CoreBench(carried())
    for zone in ("door", "cobot"):
        bench.see(f"hands:{zone}", ABSENT)
    for part in bench.procedure.parts:
        bench.see(f"part:{part.id}@{part.tray}", PRESENT)
    bench.connect()
    bench.feed(replace(opened(), by_unit=by_unit))
    if measured is not UNKNOWN:
        bench.see(UNIT, measured, text)
    return play(bench, until="tighten-J1")


def at_the_joint(bench: CoreBench) -> None:
    bench.gestures()
    bench.answer_all()
    bench.see("tool:J1", PRESENT)


def enabled(bench: CoreBench) -> list[str]:
    return [effect.joint for effect in bench.log if isinstance(effect, fx.EnableTool)]


def test_a_measured_unit_is_tightened_as_any():
    """It should go to its end with every joint tightened, and call nobody."""
    bench = visit()
    play(bench)
    assert (bench.state.outcome, enabled(bench)) == ("finished", ["J1", "J2", "J3"])
    assert not any(isinstance(effect, fx.CallPerson) for effect in bench.log)


def test_a_station_that_measures_no_unit_works_as_ever():
    """It should ask for no unit where the start document names no joints, though the work says what carries them."""
    bench = visit(UNKNOWN, by_unit=())
    play(bench)
    assert bench.state.outcome == "finished"


def test_a_unit_that_is_not_measured_holds_the_step_until_it_is():
    """It should hold with a sentence, release no tool even where it seems to be at the joint, and go on by itself."""
    bench = visit(UNKNOWN)
    at_the_joint(bench)
    assert bench.codes() == ["unit.unmeasured"]
    assert enabled(bench) == []
    assert not any(isinstance(effect, fx.CallPerson) for effect in bench.log)
    bench.see(UNIT, PRESENT, "side, top")
    bench.answer_all()
    assert bench.codes() == []
    assert enabled(bench) == ["J1"]


def test_a_unit_that_is_refused_calls_a_person_and_says_why():
    """It should name the reason, such as two cameras that disagree, and hold until the unit is measured."""
    bench = visit(ABSENT, text="cameras disagree")
    at_the_joint(bench)
    (fault,) = bench.state.faults
    assert (fault.code, fault.subject, fault.words["detail"]) == ("unit.refused", "mirror-red", "cameras disagree")
    assert [e.code for e in bench.log if isinstance(e, fx.CallPerson)] == ["unit.refused"]
    assert enabled(bench) == []
    bench.see(UNIT, PRESENT, "side, top")
    bench.answer_all()
    assert enabled(bench) == ["J1"]


def test_a_reference_that_ends_takes_the_enable_away_at_once():
    """It should disable the tool the moment that the unit is not known any more, with the tool still on the joint."""
    bench = visit()
    at_the_joint(bench)
    bench.done(bench.state.tool.command_id, "tool")
    assert bench.state.tool.ready
    bench.see(UNIT, UNKNOWN)
    assert bench.did(fx.DisableTool)
    assert bench.codes() == ["unit.unmeasured"]
    bench.pull()
    assert bench.state.tightenings[-1].verdict != "ok"
    assert bench.status("tighten-J1") is not StepStatus.PASSED


def test_a_restart_measures_anew():
    """It should know of no unit after a restart, and still which joints ask for one."""
    bench = visit()
    bench.feed(ev.StationRestarted(reason="power"))
    assert bench.state.seen(UNIT) is UNKNOWN
    assert bench.state.by_unit == ("J1", "J2", "J3")


def test_joints_are_asked_of_the_ordered_part_only():
    """It should not be content with another variant that happens to be measured."""
    bench = visit(UNKNOWN)
    bench.see("unit:mirror-blue", PRESENT)
    at_the_joint(bench)
    assert bench.codes() == ["unit.unmeasured"]
