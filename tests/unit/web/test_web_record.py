"""What is kept of a visit: what became of every joint, who decided what and why, and the curves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.corebench import ABSENT, CoreBench, bench_of, play
from support.coreworld import mirror
from support.doorbench import door_bench
from support.loopbench import LoopBench
from support.scripted_desk import PHRASES, ScriptedDesk, curve_to, procedure, record_of, screen_at, window_of
from support.web_client import web_of

from drivers.api import ResultsLost, TighteningTrace
from station.app import kept_trace
from station.core.events import RightUsed
from station.core.procedure import Right, Role
from station.live_desk import LiveDesk
from station.runtime.journal import Journal
from station.web.record import LostNote, OverrideNote, RecordJoint, Rundown
from station.web.record_views import override_view, record_view, rundown_view
from station.web.recording import curve_of, overrides_of, rundowns_of
from station.web.recording import record_of as kept_of

MIRROR = procedure("door-mirror")


def curve(number: int) -> TighteningTrace:
    return TighteningTrace(
        device="tool",
        t_mono_s=1.0,
        controller_serial="C1",
        tightening_id=number,
        controller_time="2026-01-01:00:00:00",
        every_s=0.002,
        torque_nm=(0.0, 4.5, 9.0),
        angle_deg=(0.0, 30.0, 60.0),
    )


def at_joint_1() -> CoreBench:
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    return bench


def use(bench: CoreBench, right: Right, subject: str, reason: str) -> None:
    bench.feed(RightUsed(right=right, subject=subject, role=Role.TECHNICIAN, person="K. Mori", reason=reason))


def joints(bench: CoreBench) -> list[RecordJoint]:
    record = kept_of(bench.procedure, bench.state, "2026-11-24")
    assert record is not None
    return list(record.joints)


def test_a_good_visit() -> None:
    """It should have every joint with its figures, tried once, good, and nothing to explain."""
    bench = play(bench_of(mirror()))
    found = joints(bench)
    assert [(j.verdict, j.good, j.attempts, j.torque_nm) for j in found] == [("ok", True, 1, 9.0)] * 3
    record = kept_of(bench.procedure, bench.state, "2026-11-24")
    assert record is not None and record.finished and record.overrides == () and record.lost == ()


def test_before_anybody_knows_whose_visit_it_is() -> None:
    """It should have no record."""
    assert kept_of(mirror(), bench_of(mirror()).state, "2026-11-24") is None


def test_a_joint_that_a_technician_mended_is_reworked_and_one_that_was_only_tried_again_is_not() -> None:
    """It should count the tries of both, and tell them apart."""
    for torque_nm, code, role, verdict in (
        (3.0, "tightening.torque_low", Role.VISITOR, "ok"),
        (12.0, "tightening.torque_high", Role.TECHNICIAN, "reworked"),
    ):
        bench = at_joint_1()
        bench.pull(torque_nm=torque_nm)
        assert (joints(bench)[0].verdict, joints(bench)[0].good) == ("bad", False)
        bench.acknowledge(code, role, reason="new nut")
        bench.answer_all()
        bench.see("tool:J1", ABSENT)
        bench.timer("idle", 5.0)
        bench.tighten("J1")
        assert (joints(bench)[0].verdict, joints(bench)[0].attempts) == (verdict, 2)


def test_a_joint_that_was_loosened_is_open_until_it_is_good_again() -> None:
    """It should not count the loosening as a try, and not show the loosening's figures as the joint's."""
    bench = at_joint_1()
    bench.pull(torque_nm=12.0)
    use(bench, Right.LOOSEN, "J1", "crossed")
    bench.done(bench.state.tool.command_id, "tool")
    bench.pull(result_type="loosening", torque_nm=5.0)
    joint = joints(bench)[0]
    assert (joint.verdict, joint.good, joint.attempts, joint.torque_nm) == ("open", False, 1, 12.0)
    assert [r.verdict for r in rundowns_of(bench.procedure, bench.state)] == ["tightening.torque_high", "loosened"]


def test_an_accepted_result_says_who_and_why() -> None:
    """It should name the person and the reason at the joint, and among the overrides."""
    bench = at_joint_1()
    bench.disconnect("tool")
    bench.connect("tool")
    bench.pull(asked_back=True)
    assert joints(bench)[0].verdict == "open"
    use(bench, Right.ACCEPT_RESULT, "J1", "stood beside it")
    joint = joints(bench)[0]
    assert (joint.verdict, joint.good, joint.person, joint.reason) == ("accepted", True, "K. Mori", "stood beside it")
    assert overrides_of(bench.procedure, bench.state) == (
        OverrideNote(right="accept_result", number="", label="1", step="", person="K. Mori", reason="stood beside it"),
    )


def test_overrides_name_what_they_are_about() -> None:
    """It should give a mended fault its number and joint, and a step that was taken back its sentence's key."""
    bench = at_joint_1()
    bench.pull(torque_nm=12.0)
    bench.acknowledge("tightening.torque_high", Role.TECHNICIAN, reason="new nut")
    use(bench, Right.UNDO, "nuts", "wrong nuts")
    notes = overrides_of(bench.procedure, bench.state)
    assert [(n.right, n.number, n.label, n.step, n.reason) for n in notes] == [
        ("mended", "T102", "1", "", "new nut"),
        ("undo", "", "", "step.nuts", "wrong nuts"),
    ]
    assert joints(bench)[0].good is False


def test_lost_results_are_named() -> None:
    """It should say which controller's, and which numbers, one or many."""
    bench = at_joint_1()
    for first, last in ((7, 9), (12, 12)):
        bench.feed(
            ResultsLost(
                device="tool", t_mono_s=1.0, controller_serial="C-1/a", first_id=first, last_id=last, reason="gone"
            )
        )
    record = kept_of(bench.procedure, bench.state, "2026-11-24")
    assert record is not None
    assert record.lost == (LostNote(serial="C-1/a", results="7-9"), LostNote(serial="C-1/a", results="12"))


def test_a_curve_with_the_window_of_its_joint() -> None:
    """It should carry the joint's own window and the result's figures; a result of another visit has none."""
    bench = at_joint_1()
    bench.pull(torque_nm=12.0)
    bench.feed(curve(1))
    found = curve_of(bench.procedure, bench.state, curve(1))
    assert found is not None and found.window is not None
    assert (found.window.torque_min_nm, found.window.angle_max_deg, found.final_torque_nm) == (8.1, 110.0, 12.0)
    assert joints(bench)[0].has_curve
    assert curve_of(bench.procedure, bench.state, curve(77)) is None


def test_the_curve_of_a_result_that_nobody_armed_has_no_window() -> None:
    """It should be shown all the same."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.pull()
    bench.feed(curve(1))
    found = curve_of(bench.procedure, bench.state, curve(1))
    assert found is not None and found.window is None
    (rundown,) = rundowns_of(bench.procedure, bench.state)
    assert (rundown.label, rundown.verdict, rundown.has_curve) == ("", "result.unarmed", True)


def test_the_desk_reads_curves_from_the_journal(tmp_path: Path) -> None:
    """It should find the row by the result's key, read the very samples back, and know no other result."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.pull()
    journal = Journal(tmp_path / "journal.db")
    loop = LoopBench(journal, bench.procedure, state=bench.state).loop
    loop.post(curve(1), "tool")
    loop.turn()
    desk = LiveDesk(
        phrases=PHRASES,
        bench=door_bench(),
        procedure=bench.procedure,
        state=lambda: loop.state,
        person=lambda event: None,
        trace=lambda result: kept_trace(journal, loop.state.traces.get(result)),
    )
    found = desk.curve("C1/1")
    assert found is not None and (found.torque_nm, found.angle_deg) == ((0.0, 4.5, 9.0), (0.0, 30.0, 60.0))
    assert desk.curve("C1/2") is None
    assert [rundown.result for rundown in desk.rundowns()] == ["C1/1"] and desk.overrides() == ()
    journal.close()


def test_pages_ask_for_a_curve() -> None:
    """It should answer with samples, window and result; 404 where there is none; 403 to a foreign host."""
    window = window_of(MIRROR, "J1")
    desk = ScriptedDesk(
        now=screen_at(MIRROR, "tighten-1"),
        curves={"SIM/1": curve_to(9.02, 64.0, window), "a b/ü&2": replace(curve_to(1.0, 2.0), angle_deg=())},
    )
    with web_of(desk) as web:
        answer = web.http.get("/curve.json", params={"result": "SIM/1"})
        assert answer.status_code == 200
        told = answer.json()
        assert set(told) == {"every_s", "torque_nm", "angle_deg", "window", "final"}
        assert len(told["torque_nm"]) == len(told["angle_deg"]) == 120 and told["every_s"] == 0.01
        assert told["window"] == {
            "torque_min_nm": 8.1,
            "torque_target_nm": 9.0,
            "torque_max_nm": 9.9,
            "angle_min_deg": 20.0,
            "angle_max_deg": 110.0,
        }
        assert told["final"] == {"torque_nm": 9.02, "angle_deg": 64.0}
        bare = web.http.get("/curve.json", params={"result": "a b/ü&2"}).json()
        assert bare["window"] is None and bare["angle_deg"] == []
        for params in ({"result": "SIM/2"}, {"result": ""}, {"result": "x" * 5000}, {}):
            assert web.http.get("/curve.json", params=params).status_code == 404
        foreign = web.http.get("/curve.json", params={"result": "SIM/1"}, headers={"host": "evil.example"})
        assert foreign.status_code == 403


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_verdict_and_right_has_its_words(language: str) -> None:
    """It should say each in the reader's language, with person and reason where a person decided."""
    record = record_of(MIRROR)
    for verdict in ("ok", "accepted", "reworked", "bad", "open"):
        joint = replace(record.joints[0], verdict=verdict, person="K. Mori", reason="saw it")
        told = record_view(replace(record, joints=(joint,)), PHRASES, language)["joints"][0]["verdict"]
        assert ("K. Mori" in told and "saw it" in told) is (verdict == "accepted")
    lost = record_view(replace(record, lost=(LostNote(serial="C1", results="7-9"),)), PHRASES, language)["lost"]
    assert len(lost) == 1 and "C1" in lost[0] and "7-9" in lost[0]
    for right in ("loosen", "accept_result", "undo", "mended"):
        note = OverrideNote(right=right, number="T102", label="2", step="", person="Ken", reason="why")
        assert override_view(note, PHRASES, language)["about"].startswith("T102 · ")
    for verdict in ("ok", "accepted", "pending", "asked_back", "loosened", "undone", "tightening.torque_high"):
        result = Rundown(result="C/1", label="2", torque_nm=9.0, angle_deg=6.0, verdict=verdict, has_curve=False)
        assert json.dumps(rundown_view(result, PHRASES, language))


def test_a_fault_is_a_number_among_the_results() -> None:
    """It should be the number that the technician's card has."""
    result = Rundown(
        result="C/1", label="", torque_nm=9, angle_deg=6, verdict="tightening.torque_high", has_curve=False
    )
    view = rundown_view(result, PHRASES, "en")
    assert (view["name"], view["verdict"], view["good"]) == ("No joint", "T102", False)
