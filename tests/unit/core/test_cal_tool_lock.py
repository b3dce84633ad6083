"""The lock of unfit tools: no verification, no rundown; and nothing but another verification opens it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.coreacts import ACTS
from support.corebench import ABSENT, PRESENT, CoreBench, bench_of, opened, play
from support.corerescue import help_along, mend
from support.coreworld import clips, mirror, wheel

from drivers.api import Connected, TighteningResult
from station.core import effects as fx
from station.core import events as ev
from station.core.codec import canonical, from_plain, to_plain
from station.core.procedure import Procedure, Role
from station.core.service_asks import EndVerifying, VerifyTool
from station.core.state import Phase, StepStatus
from station.core.verification import ToolVerification

ALL = ("J1", "J2", "J3")


def verified(*fit: str, **changes: Any) -> ToolVerification:
    """A verification in force that says fit for these joints."""
    return ToolVerification(**{"id": "torque-tool-0123", "serial": "T1", "fit": fit, **changes})


def missing(code: str = "calibration.missing") -> ToolVerification:
    return ToolVerification(code=code, detail="tool has no torque calibration in /c")


def visit(verification: ToolVerification | None, procedure: Procedure | None = None) -> CoreBench:
    """A visit that has just opened with this verification in its start document."""
    bench = CoreBench(procedure or mirror())
    bench.feed(ev.VisitAbandoned(person="p", reason="r"))
    bench_of(bench.procedure, bench)
    bench.feed(ev.VisitAbandoned(person="p", reason="r"))
    bench.feed(replace(opened("V9"), verification=verification))
    return bench


def enabled(bench: CoreBench) -> list[str]:
    return [effect.joint for effect in bench.log if isinstance(effect, fx.EnableTool)]


def test_a_station_that_asks_for_no_verification_works_as_ever():
    bench = visit(None)
    play(bench)
    assert enabled(bench) == list(ALL)


def test_a_fit_tool_goes_through_the_whole_visit():
    bench = visit(verified(*ALL, rundowns_left=3))
    play(bench)
    assert bench.state.outcome == "finished"
    assert enabled(bench) == list(ALL)


@pytest.mark.parametrize(
    "verification",
    [
        missing(),
        missing("calibration.damaged"),
        missing("calibration.expired"),
        missing("calibration.not_good"),
        verified(*ALL, rundowns_left=0),
        verified(*ALL, code="calibration.expired", detail="it was good until yesterday"),
    ],
    ids=["missing", "damaged", "expired", "not good", "used up", "expired though fit"],
)
def test_a_tool_without_a_verification_that_counts_is_locked_from_the_beginning(verification):
    bench = visit(verification)
    (fault,) = [fault for fault in bench.state.faults if fault.code == "tool.unverified"]
    assert fault.words["detail"]
    assert any(isinstance(e, fx.CallPerson) and e.code == "tool.unverified" for e in bench.log)
    bench.confirm("welcome", "confirm.consent")
    assert bench.status("welcome") is not StepStatus.PASSED, "nobody begins what cannot be finished"
    bench.acknowledge("tool.unverified", Role.TECHNICIAN)
    bench.feed(ev.PauseRequested(person="p"))
    bench.feed(ev.ResumeRequested(person="p"))
    assert "tool.unverified" in bench.codes(), "nobody's word ends it"
    bench.feed(ev.ToolVerified(verification=verified(*ALL)))
    assert bench.codes() == []
    play(bench)
    assert bench.state.outcome == "finished"


def test_a_tool_that_is_fit_for_soft_joints_only_is_locked_where_a_hard_one_is_to_come():
    bench = visit(verified("J1", "J2", why_not={"J3": "Cmk 0.9 on a hard joint"}))
    (fault,) = bench.state.faults
    assert (fault.code, fault.kind.number) == ("tool.unfit", "T141")
    assert fault.words == {"joints": "3", "id": "torque-tool-0123", "detail": "Cmk 0.9 on a hard joint"}
    bench.feed(ev.ToolVerified(verification=verified(*ALL, id="torque-tool-4567")))
    assert bench.codes() == []
    assert visit(verified("J1", "J2"), clips()).codes() == [], "those joints alone are no reason"


def test_another_tool_at_the_controller_is_locked():
    bench = visit(verified(*ALL))
    play(bench, until="tighten-J1")
    bench.feed(Connected(device="tool", t_mono_s=bench.now_s, identity={"tool_serial": "T2"}))
    (fault,) = bench.state.faults
    assert fault.code == "tool.unverified"
    assert "T2" in fault.words["detail"] and "T1" in fault.words["detail"]
    bench.feed(Connected(device="tool", t_mono_s=bench.now_s, identity={"tool_serial": "T1"}))
    assert bench.codes() == []


def test_a_tool_that_was_changed_unseen_is_known_by_its_first_result():
    """Its good result is no evidence, and the tool is locked from then on."""
    bench = visit(verified(*ALL))
    play(bench, until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.pull(tool_serial="T7")
    bench.answer_all()
    assert bench.status("tighten-J1") is not StepStatus.PASSED
    assert set(bench.codes()) == {"result.unverified", "tool.unverified"}
    assert bench.state.tightenings[-1].verdict == "result.unverified"
    bench.acknowledge("result.unverified", Role.TECHNICIAN)
    assert bench.codes() == ["tool.unverified"]
    bench.feed(ev.ToolVerified(verification=verified(*ALL, serial="T7", id="torque-tool-4567")))
    bench.gestures()
    bench.answer_all()
    bench.see("tool:J1", PRESENT)
    assert bench.state.tool.armed_joint == "J1"


def test_the_last_rundown_counts_and_the_next_one_waits_for_a_new_verification():
    bench = visit(verified(*ALL, rundowns_left=1))
    play(bench, until="tighten-J1")
    bench.tighten("J1")
    assert bench.codes() == ["tool.unverified"]
    bench.gestures()
    bench.answer_all()
    bench.see("tool:J2", PRESENT)
    assert enabled(bench) == ["J1"]
    bench.see("tool:J2", ABSENT)
    bench.feed(ev.ToolVerified(verification=verified(*ALL, rundowns_left=500)))
    assert bench.status("tighten-J1") is StepStatus.PASSED
    bench.gestures()
    bench.answer_all()
    bench.see("tool:J2", PRESENT)
    assert enabled(bench) == ["J1", "J2"]


def test_a_verification_that_ends_while_the_tool_is_enabled_takes_the_enable_away():
    bench = visit(verified(*ALL))
    play(bench, until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.feed(ev.ToolVerified(verification=missing("calibration.expired")))
    assert bench.did(fx.DisableTool)
    assert bench.state.tool.armed_joint == ""


def test_a_restart_reads_it_anew():
    bench = visit(missing())
    bench.feed(ev.StationRestarted(reason="r", verification=verified(*ALL)))
    assert "tool.unverified" not in bench.codes()
    bench.feed(ev.StationRestarted(reason="r", verification=missing()))
    bench.connect()
    assert "tool.unverified" in bench.codes()


def test_a_good_result_that_nobody_saw_is_not_accepted_of_an_unfit_tool():
    bench = visit(verified(*ALL))
    play(bench, until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.disconnect("tool")
    bench.connect("tool")
    bench.pull(asked_back=True)
    assert "result.asked_back" in bench.codes()
    bench.feed(ev.ToolVerified(verification=verified("J2", "J3")))
    accept = ev.RightUsed(
        right=ev.Right.ACCEPT_RESULT, subject="J1", role=Role.TECHNICIAN, person="p", reason="I was there"
    )
    bench.feed(accept)
    assert bench.status("tighten-J1") is not StepStatus.PASSED
    assert bench.state.tightenings[-1].verdict == "asked_back"
    bench.feed(ev.ToolVerified(verification=verified(*ALL)))
    bench.feed(accept)
    assert bench.state.tightenings[-1].verdict == "accepted"


def test_the_start_document_keeps_it_word_for_word():
    bench = visit(verified("J1", why_not={"J2": "Cm 1.2", "J3": "Cm 1.1"}, rundowns_left=7))
    envelope = next(e for e in reversed(bench.story) if isinstance(e.event, ev.VisitOpened))
    again = from_plain(ev.Envelope, to_plain(envelope))
    assert canonical(to_plain(again)) == canonical(to_plain(envelope))
    assert again.event.verification == envelope.event.verification


def verify_ask(role: Role = Role.TECHNICIAN) -> ev.ServiceAsked:
    return ev.ServiceAsked(ask=VerifyTool(series="B-9Nm", pset=1), person="p", role=role)


def idle() -> CoreBench:
    """Between two visits, both devices there."""
    bench = visit(missing())
    bench.feed(ev.VisitAbandoned(person="p", reason="r"))
    return bench


def test_between_visits_a_technician_may_run_a_locked_tool_on_a_test_joint():
    """Its rundowns are acknowledged and on record, raise nothing, and count for no joint."""
    bench = idle()
    bench.feed(verify_ask(Role.QUALIFIED))
    assert bench.did(fx.EnableTool) == []
    bench.feed(verify_ask())
    (effect,) = bench.did(fx.EnableTool)
    assert (effect.pset, effect.joint) == (1, "")
    bench.done(effect.command_id, "tool")
    assert bench.state.tool.ready
    bench.pull()
    assert len(bench.did(fx.AcknowledgeTightening)) == 1
    assert bench.codes() == ["tool.unverified"] and bench.state.tightenings == ()
    bench.feed(ev.ServiceAsked(ask=EndVerifying(), person="p", role=Role.TECHNICIAN))
    assert len(bench.did(fx.DisableTool)) == 1
    assert bench.state.tool.verifying == ""
    bench.pull()
    assert "result.unarmed" in bench.codes(), "what comes after that nobody allowed"


@pytest.mark.parametrize(
    "end",
    [
        lambda bench: bench.feed(replace(opened("V8"), verification=missing())),
        lambda bench: bench.timer("verify"),
        lambda bench: bench.failed(bench.state.tool.command_id, "tool"),
        lambda bench: bench.disconnect("tool"),
    ],
    ids=["a visit opens", "nothing is tightened", "the controller refuses", "unplugged"],
)
def test_the_leave_to_verify_ends_by_itself(end):
    bench = idle()
    bench.feed(verify_ask())
    end(bench)
    assert bench.state.tool.verifying == "" and not bench.state.tool.ready
    assert len(bench.did(fx.DisableTool)) == 1, "also when unplugged: the line may be back before that is heard"


def test_no_tool_is_verified_while_a_visit_runs_or_twice_at_once():
    bench = visit(missing())
    bench.feed(verify_ask())
    assert bench.did(fx.EnableTool) == []
    bench = idle()
    bench.feed(verify_ask())
    bench.feed(verify_ask())
    assert bench.did(fx.EnableTool) == []


VERIFICATIONS = st.one_of(
    st.none(),
    st.builds(
        lambda fit, left, serial, code: ToolVerification(
            id="torque-tool-1", serial=serial, fit=tuple(fit), rundowns_left=left, code=code, detail="d"
        ),
        st.lists(st.sampled_from(ALL), unique=True, max_size=3),
        st.one_of(st.none(), st.integers(-1, 3)),
        st.sampled_from(("", "T1", "T1", "T2")),
        st.sampled_from(("", "", "", "calibration.expired")),
    ),
)


class Books:
    """Keeps its own books of what the tool may do, from events alone."""

    def __init__(self) -> None:
        self.known: ToolVerification | None = None
        self.left: int | None = None
        self.serial = ""
        self.seen: set[str] = set()

    def take(self, envelope: ev.Envelope, running_before: bool) -> None:
        event = envelope.event
        match event:
            case ev.VisitOpened() if not running_before:
                self._read(event.verification)
            case ev.StationRestarted() | ev.ToolVerified():
                self._read(event.verification)
            case Connected(device="tool"):
                self.serial = event.identity.get("tool_serial", "")
            case TighteningResult():
                key = f"{event.controller_serial}/{event.tightening_id}"
                if key not in self.seen:
                    self.seen.add(key)
                    self.serial = event.tool_serial
                    if self.left is not None:
                        self.left -= 1

    def _read(self, verification: ToolVerification | None) -> None:
        self.known = verification
        self.left = verification.rundowns_left if verification else None

    def allows(self, joint: str) -> bool:
        if self.known is None:
            return True
        used_up = self.left is not None and self.left <= 0
        other = bool(self.known.serial and self.serial) and self.known.serial != self.serial
        return not self.known.code and not used_up and not other and joint in self.known.fit


@settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), procedure=st.sampled_from((mirror, clips, wheel)))
def test_no_sequence_of_events_arms_the_tool_for_an_unfit_joint(data, procedure):
    """Whatever happens: an enable goes out, and lasts, only while the books say that the tool is fit."""
    bench, books = CoreBench(procedure()), Books()
    told = 0

    def check() -> None:
        nonlocal told
        state = bench.state
        for envelope in bench.story[told:]:
            books.take(envelope, running[envelope.seq])
        told = len(bench.story)
        for effect in bench.last:
            if isinstance(effect, fx.EnableTool) and not state.tool.verifying:
                assert books.allows(effect.joint), effect
        assert not (state.tool.verifying and state.phase is Phase.RUNNING)
        if state.tool.armed_joint and state.phase is Phase.RUNNING:
            assert books.allows(state.tool.armed_joint)

    running: dict[int, bool] = {}
    feed = bench.feed

    def watched(event: ev.Event, after_s: float = 0.1) -> tuple[fx.Effect, ...]:
        running[bench.seq + 1] = bench.state.phase is Phase.RUNNING
        effects = feed(event, after_s)
        check()
        return effects

    bench.feed = watched  # type: ignore[method-assign] # every turn is looked at, also those inside an act
    bench_of(bench.procedure, bench)
    for _ in range(data.draw(st.integers(0, 40))):
        people_do_it_right(bench)
    for _ in range(data.draw(st.integers(5, 25))):
        what = data.draw(st.integers(0, 15))
        if what == 0:
            bench.feed(ev.ToolVerified(verification=data.draw(VERIFICATIONS) or verified("J1")))
        elif what == 1:
            bench.feed(ev.StationRestarted(reason="r", verification=data.draw(VERIFICATIONS)))
        elif what == 2:
            bench.feed(replace(opened("V7"), verification=data.draw(VERIFICATIONS)))
        elif what == 3:
            serial = data.draw(st.sampled_from(("T1", "T2", "")))
            bench.feed(Connected(device="tool", t_mono_s=bench.now_s, identity={"tool_serial": serial}))
        elif what == 4:
            bench.feed(verify_ask())
        elif what < 12:
            people_do_it_right(bench)
        else:
            data.draw(st.sampled_from(ACTS))(bench, data.draw)


def people_do_it_right(bench: CoreBench) -> None:
    """One good act towards the end of the visit, or the next visit."""
    if bench.state.phase is Phase.RUNNING:
        mend(bench)
        help_along(bench)
    else:
        bench.feed(opened("V4"))
