"""The same engine on other work: five wheel nuts with a qualified person's word; an emblem without tool or cobot."""

from __future__ import annotations

from pathlib import Path

import pytest

from station.core.tightening import GOOD
from station.runtime.journal import Journal
from station.runtime.replay import replay
from station.runtime.setting import Files, read_files
from station.simulation.headless import Ask, noticed, run_visit
from station.simulation.lockstep import VisitResult
from station.simulation.mishaps import Mishap, possible
from vision.hand_model import default_model_path

CONFIG = Path(__file__).parents[2] / "config"
JOINTS = {"wheel": ["J1", "J3", "J5", "J2", "J4"], "rear-emblem": []}
SEEDS = range(3000, 3010)


def files_of(procedure: str) -> Files:
    return read_files(CONFIG / "station.sim.toml", CONFIG / "procedures" / f"{procedure}.toml")


MISHAPS = [
    pytest.param(procedure, mishap, id=f"{procedure}-{mishap.value}")
    for procedure in JOINTS
    for mishap in Mishap
    if possible(mishap, files_of(procedure).procedure)
]


def run(
    procedure: str, mishap: Mishap | None, seed: int, journal: Path, hand_model: Path | None = None
) -> tuple[VisitResult, list[str]]:
    """One visit, and everything about it that is not as it must be."""
    result = run_visit(
        files_of(procedure), Ask(seed=seed, visit="v-1", journal=journal, mishap=mishap, hand_model=hand_model)
    )
    with_journal = Journal(journal, read_only=True)
    try:
        verdict, again = with_journal.verify(), replay(with_journal, "v-1")
    finally:
        with_journal.close()
    good = [entry.joint for entry in result.state.tightenings if entry.verdict in GOOD]
    checks = {
        result.outcome: result.outcome == "finished",
        f"false passes {result.false_passes}": not result.false_passes,
        f"only {result.named} named": noticed(result, mishap),
        f"good results {good}": good == JOINTS[procedure],
        f"{result.held} held it, {result.calls} called": mishap is not None or not (result.held or result.calls),
        verdict.detail: verdict.bad_seq is None,
        f"replay differs at row {again.bad_seq}": again.bad_seq is None,
    }
    return result, [f"{procedure}, seed {seed}, {mishap}: {said}" for said, holds in checks.items() if not holds]


@pytest.mark.parametrize(("procedure", "mishap"), MISHAPS)
def test_what_goes_wrong_in_other_work_is_noticed_too(tmp_path, procedure, mishap):
    """It should name the mishap, pass nothing wrongly, and record each joint's one good result in order."""
    _, wrong = run(procedure, mishap, 41, tmp_path / "journal.sqlite")
    assert wrong == []


def test_a_wrong_result_never_counts(tmp_path):
    """It should keep the low result in the record beside the good one of the second try."""
    result, wrong = run("wheel", Mishap.LOW_TORQUE, 42, tmp_path / "journal.sqlite")
    assert wrong == []
    bad = [entry for entry in result.state.tightenings if entry.verdict != "ok"]
    assert [entry.verdict for entry in bad] == ["tightening.torque_low"]
    assert bad[0].torque_nm < 93.0


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", SEEDS)
def test_other_work_over_many_seeds(tmp_path, seed):
    """It should hold for every mishap that each work can have, and for none."""
    wrong = []
    for procedure in JOINTS:
        for mishap in (None, *Mishap):
            if mishap is None or possible(mishap, files_of(procedure).procedure):
                wrong += run(procedure, mishap, seed, tmp_path / f"{procedure}-{mishap}.sqlite")[1]
    assert wrong == []


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("procedure", JOINTS)
def test_other_work_on_pixels(tmp_path, procedure):
    """It should need nobody's help on rendered pixels either."""
    _, wrong = run(procedure, None, 7, tmp_path / "journal.sqlite", hand_model=default_model_path())
    assert wrong == []
