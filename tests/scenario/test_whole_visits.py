"""Whole visits in simulated time, without pixels: real drivers on lines in memory, readings from the noise model."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from station.commands.records import export
from station.core.tightening import GOOD
from station.runtime.journal import Journal
from station.runtime.replay import replay
from station.runtime.setting import read_files
from station.simulation.headless import Ask, noticed, run_visit
from station.simulation.lockstep import VisitResult
from station.simulation.mishaps import Mishap

CONFIG = Path(__file__).parents[2] / "config"
STATION = CONFIG / "station.sim.toml"


def visit(folder: Path, seed: int, mishap: Mishap | None = None, procedure: str = "door-mirror") -> VisitResult:
    """One visit; its journal is `folder`/journal.sqlite."""
    files = read_files(STATION, CONFIG / "procedures" / f"{procedure}.toml")
    return run_visit(files, Ask(seed=seed, visit="v-1", journal=folder / "journal.sqlite", mishap=mishap))


def must_be_right(result: VisitResult, folder: Path) -> None:
    """Finished, nothing passed wrongly, the chain holds, and replaying it gives the same states."""
    assert result.outcome == "finished"
    assert result.false_passes == ()
    journal = Journal(folder / "journal.sqlite", read_only=True)
    try:
        assert journal.verify().bad_seq is None
        assert replay(journal, "v-1").bad_seq is None
        assert [summary.outcome for summary in journal.visits()] == ["finished"]
    finally:
        journal.close()


@pytest.mark.parametrize("procedure", ["door-mirror", "rear-emblem", "wheel"])
def test_a_visit_without_mistakes_needs_no_help(tmp_path, procedure):
    """It should go from greeting to record, call nobody and hold nothing."""
    result = visit(tmp_path, 11, procedure=procedure)
    must_be_right(result, tmp_path)
    assert (result.calls, result.held) == ((), ())


@pytest.mark.parametrize("mishap", [None, Mishap.COBOT_UNPLUGGED, Mishap.COBOT_STOPPED])
def test_the_same_visit_with_an_industrial_arm(tmp_path, mishap):
    """It should be led by a UR5e on three lines as by the small arm on one, troubles included."""
    files = read_files(CONFIG / "station.ur.toml")
    ask = Ask(seed=14, visit="v-1", journal=tmp_path / "journal.sqlite", mishap=mishap)
    result = run_visit(files, ask)
    assert noticed(result, mishap), result.named
    must_be_right(result, tmp_path)


def test_every_joint_has_one_good_result_from_its_own_place(tmp_path):
    """It should record one good tightening for each joint, in the procedure's order."""
    result = visit(tmp_path, 12)
    assert [(entry.joint, entry.verdict) for entry in result.state.tightenings] == [
        ("J1", "ok"),
        ("J2", "ok"),
        ("J3", "ok"),
    ]


def test_class_a_joints_carry_a_qualified_persons_word(tmp_path):
    """It should tighten five wheel nuts in star order, each confirmed by a qualified person on the same step."""
    result = visit(tmp_path, 13, procedure="wheel")
    must_be_right(result, tmp_path)
    assert [entry.joint for entry in result.state.tightenings] == ["J1", "J3", "J5", "J2", "J4"]
    assert sum("/qualified/" in entry for entry in result.state.confirmations) == 5


@pytest.mark.parametrize("mishap", list(Mishap), ids=lambda mishap: mishap.value)
@pytest.mark.parametrize("seed", [21, pytest.param(22, marks=pytest.mark.campaign)])
def test_what_goes_wrong_is_noticed_named_and_mended(tmp_path, mishap, seed):
    """It should name the mishap on the screen, pass no wrong step, and end with a right record."""
    result = visit(tmp_path, seed, mishap)
    assert noticed(result, mishap), result.named
    must_be_right(result, tmp_path)
    good = [entry.joint for entry in result.state.tightenings if entry.verdict in GOOD]
    assert good == ["J1", "J2", "J3"]


def test_a_seed_tells_one_story(tmp_path):
    """It should give the same rows for the same seed, and others for another."""
    stories = []
    for number, seed in enumerate((31, 31, 32)):
        folder = tmp_path / str(number)
        folder.mkdir()
        visit(folder, seed, Mishap.HAND_IN_ZONE)
        journal = Journal(folder / "journal.sqlite", read_only=True)
        stories.append([row.hash for row in journal.rows()])
        journal.close()
    assert stories[0] == stories[1]
    assert stories[0] != stories[2]


def test_the_export_tells_what_the_controller_said_of_each_result(tmp_path):
    """It should write a row for each result, with its windows, the car, both serial numbers, and where its curve is."""
    result = visit(tmp_path, 22, Mishap.CUT_RUNDOWN)
    target = tmp_path / "tightenings.csv"
    assert export(tmp_path / "journal.sqlite", "v-1", target) == 0
    with target.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == [entry.verdict for entry in result.state.tightenings]
    assert {row["vin"] for row in rows} == {result.state.order.vin}
    assert [row["asked_back"] for row in rows].count("True") == 1
    assert all(row["curve_row"] or row["asked_back"] == "True" for row in rows)
    assert {(row["torque_min_nm"], row["torque_max_nm"], row["controller_serial"]) for row in rows} == {
        ("8.1", "9.9", "SIM0000001")
    }
