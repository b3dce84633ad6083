"""Whole visits in which a joint stays bad, is marked, loosened with the tool, or tightened by jobs and batches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from station.core.procedure import AfterNok, OnFail, Procedure
from station.core.tightening import GOOD
from station.runtime.journal import Journal
from station.runtime.replay import replay
from station.runtime.setting import Files, read_files
from station.simulation.headless import Ask, run_visit
from station.simulation.lockstep import VisitResult
from station.simulation.mishaps import Mishap

CONFIG = Path(__file__).parents[2] / "config"
FILES = read_files(CONFIG / "station.sim.toml")


def visit(folder: Path, files: Files, mishap: Mishap | None, seed: int = 51) -> VisitResult:
    """One visit that must end well: finished, nothing passed wrongly, chain and replay right."""
    path = folder / "journal.sqlite"
    result = run_visit(files, Ask(seed=seed, visit="v-1", journal=path, mishap=mishap))
    assert (result.outcome, result.false_passes) == ("finished", ())
    assert sorted(e.joint for e in result.state.tightenings if e.verdict in GOOD) == ["J1", "J2", "J3"]
    journal = Journal(path, read_only=True)
    try:
        assert journal.verify().bad_seq is None
        assert replay(journal, "v-1").bad_seq is None
    finally:
        journal.close()
    return result


def with_strategy(then: AfterNok) -> Files:
    """The door mirror, where no joint is tried twice."""
    procedure = FILES.procedure
    steps = tuple(replace(step, on_fail=OnFail(retries=0, then=then)) for step in procedure.steps)
    return replace(FILES, procedure=replace(procedure, steps=steps))


def with_joints(**changes: object) -> Files:
    procedure: Procedure = FILES.procedure
    joints = tuple(replace(joint, **changes) for joint in procedure.joints)  # type: ignore[arg-type]
    return replace(FILES, procedure=replace(procedure, joints=joints))


@pytest.mark.parametrize("mishap", [Mishap.LOW_TORQUE, Mishap.CROSSED_THREAD])
def test_a_marked_joint_is_reworked_at_the_end_of_its_group(tmp_path, mishap):
    """It should go on with the other joints first, then have the joint mended, and record both results."""
    result = visit(tmp_path, with_strategy(AfterNok.MARK), mishap)
    assert {"tightening.marked", "tightening.rework"} <= set(result.named)
    bad = next(e for e in result.state.tightenings if e.verdict not in GOOD)
    assert result.state.tightenings[-1].joint == bad.joint, "the marked joint is the last one to become good"
    assert [o.subject for o in result.state.overrides] == [f"tightening.rework/{bad.joint}"]


def test_a_bad_joint_is_loosened_with_the_tool_and_tightened_again(tmp_path):
    """It should let a technician run the tool backwards there, and record loosening and both tightenings."""
    result = visit(tmp_path, with_strategy(AfterNok.LOOSEN), Mishap.ALREADY_TIGHT)
    assert "tightening.loosen" in result.named
    bad = next(e for e in result.state.tightenings if e.verdict not in (*GOOD, "loosened"))
    story = [e.verdict for e in result.state.tightenings if e.joint == bad.joint]
    assert story == ["tightening.already_tight", "loosened", "ok"]
    assert next((o.right, o.person) for o in result.state.overrides) == ("loosen", "K. Mori")


@pytest.mark.parametrize("changes", [{"batch_size": 1}, {"grace_s": 0.5}], ids=["batch", "grace"])
def test_batches_and_grace_need_no_help(tmp_path, changes):
    """It should finish without any fault where the controller locks itself, and where joints have a grace time."""
    result = visit(tmp_path, with_joints(**changes), None)
    assert (result.held, result.calls) == ((), ())


def test_a_job_chooses_the_parameter_sets_in_its_order(tmp_path):
    """It should select the job once, follow it from joint to joint, and refuse nothing."""
    result = visit(tmp_path, with_joints(job=1), None)
    assert (result.held, result.calls) == ((), ())


def test_a_step_may_confirm_the_place_after_the_fact(tmp_path):
    """It should release the tool wherever it is, and count a result only when the tool was seen at the joint."""
    procedure = FILES.procedure
    steps = tuple(replace(step, confirms_place=step.id.startswith("tighten")) for step in procedure.steps)
    result = visit(tmp_path, replace(FILES, procedure=replace(procedure, steps=steps)), None)
    assert (result.held, result.calls) == ((), ())


def test_in_any_order_the_place_chooses(tmp_path):
    """It should finish a group without an order as well."""
    procedure = FILES.procedure
    groups = tuple(replace(group, any_order=group.id == "tighten") for group in procedure.groups)
    steps = tuple(replace(s, gestures=() if s.group == "tighten" else s.gestures) for s in procedure.steps)
    result = visit(tmp_path, replace(FILES, procedure=replace(procedure, groups=groups, steps=steps)), None)
    assert (result.held, result.calls) == ((), ())


@pytest.mark.parametrize("profile", ["pf4000", "pf6000", "pf6000-2.8", "mtf6000"])
def test_every_family_of_controllers_carries_a_visit(tmp_path, profile):
    """It should finish with each family, through a cut rundown, with the right car in the results."""
    tool = FILES.station.torque_tool
    assert tool is not None
    focus = profile == "mtf6000"
    tool = replace(tool, profile=profile, carriage="serial" if focus else "tcp", sockets={} if focus else tool.sockets)
    files = with_joints(socket=None) if focus else FILES
    result = visit(tmp_path, replace(files, station=replace(files.station, torque_tool=tool)), Mishap.CUT_RUNDOWN)
    assert "result.asked_back" in result.named
