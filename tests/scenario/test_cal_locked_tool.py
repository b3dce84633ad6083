"""Simulated visits with a verified tool, with one that is not fit for a joint, and with one that nobody vouches for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.torquetool import check_of, measured

from calibration.store import Store
from calibration.torque.artefact import keep, torque_artefact
from calibration.torque.series import plans_of
from calibration.torque.verdict import judge
from station.config.artefact import Artefact
from station.runtime.journal import Journal, Row
from station.runtime.replay import replay
from station.runtime.setting import Files, read_files
from station.simulation import lockstep
from station.simulation.headless import Ask, run_visit
from station.simulation.lockstep import VisitResult

SIM = Path(__file__).parents[2] / "config" / "station.sim.toml"
TOOL_SERIAL = "SIMTOOL0000001"


def files_with(store: Path) -> Files:
    files = read_files(SIM)
    tool = files.station.torque_tool
    assert tool is not None
    station = replace(files.station, calibrations=store, torque_tool=replace(tool, calibration="store"))
    return replace(files, station=station)


def verified(store: Path, *, bad: str = "", serial: str = TOOL_SERIAL, rundowns: int = 5000) -> Artefact:
    """A verification of the simulated bench's tool in force; `bad` is a series on which it scatters too much."""
    files, check = read_files(SIM), check_of(valid_rundowns=rundowns, hard=["door-mirror/J3"])
    verdicts = [
        judge(plan, measured(plan, seed=number, s_nm=0.4 if plan.name == bad else 0.08), check.reference, {})
        for number, plan in enumerate(plans_of(files.procedure, check), start=1)
    ]
    artefact = torque_artefact(
        verdicts, check, tool_serial=serial, by="Kim", utc="2026-01-02T08:00:00+00:00", software="t", inputs={}
    )
    keep(Store(store), artefact, "verified")
    return artefact


def visit(store: Path, journal: Path, within_s: float = 900.0) -> tuple[VisitResult, list[Row]]:
    """One visit, or the beginning of one; its journal holds and is decided the same again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lockstep, "LIMIT_S", within_s)
        result = run_visit(files_with(store), Ask(seed=41, visit="v-1", journal=journal))
    kept = Journal(journal, read_only=True)
    try:
        assert kept.verify().bad_seq is None
        assert replay(kept, "v-1").bad_seq is None
        return result, list(kept.rows("v-1"))
    finally:
        kept.close()


def enabled(rows: list[Row]) -> list[str]:
    return [effect["joint"] for row in rows for effect in row.body.get("effects", ()) if effect["kind"] == "EnableTool"]


def start_document(rows: list[Row]) -> dict:
    return next(row.body["envelope"]["event"] for row in rows if row.body["envelope"]["event"]["kind"] == "VisitOpened")


@pytest.mark.campaign
def test_a_verified_tool_does_its_work_and_the_start_document_names_its_verification(tmp_path: Path) -> None:
    artefact = verified(tmp_path / "store")
    result, rows = visit(tmp_path / "store", tmp_path / "journal.sqlite")
    assert result.outcome == "finished"
    assert sorted(set(enabled(rows))) == ["J1", "J2", "J3"]
    document = start_document(rows)
    assert document["calibration"]["tool"] == artefact.id
    assert document["verification"]["fit"] == ["J1", "J2", "J3"]


@pytest.mark.parametrize("story", ["unfit for a joint", "unfit", "missing", "another tool", "damaged"])
def test_a_tool_that_is_not_fit_never_turns_and_a_person_is_called(tmp_path: Path, story: str) -> None:
    store, code = tmp_path / "store", "tool.unverified"
    if story == "unfit for a joint":
        verified(store, bad="B-9Nm-pset2-hard")
        code = "tool.unfit"
    elif story == "another tool":
        verified(store, serial="T-OTHER")
    elif story != "missing":
        artefact = verified(store)
        path = store / "torque-tool" / f"{artefact.id}.json"
        if story == "damaged":
            path.write_text(artefact.text().replace("Kim", "Tim"), encoding="utf-8")
        else:
            Store(store).lock(
                artefact.model_copy(update={"verdict": artefact.verdict.model_copy(update={"good": False})}),
                utc=artefact.made_utc,
                by="Kim",
                why="worn",
            )
    result, rows = visit(store, tmp_path / "journal.sqlite", within_s=8.0)
    assert result.outcome == "stuck"
    assert enabled(rows) == []
    assert code in result.named
    assert code in result.calls
    assert start_document(rows)["verification"]["fit"] == (
        ["J1", "J2"] if story == "unfit for a joint" else ["J1", "J2", "J3"] if story == "another tool" else []
    )


def test_a_verification_that_is_used_up_in_the_middle_stops_before_the_next_joint(tmp_path: Path) -> None:
    verified(tmp_path / "store", rundowns=1)
    result, rows = visit(tmp_path / "store", tmp_path / "journal.sqlite", within_s=140.0)
    assert result.outcome == "stuck"
    assert set(enabled(rows)) == {"J1"}
    assert [entry.joint for entry in result.state.tightenings] == ["J1"]
    assert "tool.unverified" in result.named


@pytest.mark.campaign
def test_the_next_visit_counts_the_rundowns_of_the_last_one(tmp_path: Path) -> None:
    verified(tmp_path / "store", rundowns=4)
    journal = tmp_path / "journal.sqlite"
    first = run_visit(files_with(tmp_path / "store"), Ask(seed=41, visit="v-0", journal=journal))
    assert first.outcome == "finished" and len(first.state.tightenings) == 3
    result, rows = visit(tmp_path / "store", journal, within_s=140.0)
    assert start_document(rows)["verification"]["rundowns_left"] == 1
    assert result.outcome == "stuck"
    assert set(enabled(rows)) == {"J1"}
