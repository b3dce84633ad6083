"""`station visit --headless`: one simulated visit without a screen, as fast as the machine can or at natural speed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from station.runtime.journal import Journal
from station.runtime.setting import Files
from station.runtime.station import next_visit_id
from station.simulation.headless import Ask, noticed, report, run_visit
from station.simulation.mishaps import Mishap


def headless(
    files: Files,
    *,
    seed: int,
    mishap: Mishap | None,
    hand_model: Path | None,
    journal_path: Path | None,
    as_json: bool,
    software: str,
) -> int:
    """Run it and say what it came to; 0 when it ended as it must: finished, noticed, nothing passed wrongly."""
    with tempfile.TemporaryDirectory(prefix="station-visit-") as scratch:
        path = journal_path or Path(scratch) / "journal.sqlite"
        journal = Journal(path)
        visit = next_visit_id(journal, files.station.id)
        journal.close()
        ask = Ask(seed=seed, visit=visit, journal=path, mishap=mishap, hand_model=hand_model, software=software)
        result = run_visit(files, ask)
        verdict = Journal(path, read_only=True).verify()
    good = (
        result.outcome == "finished" and noticed(result, mishap) and not result.false_passes and verdict.bad_seq is None
    )
    if as_json:
        print(json.dumps({**report(result, ask), "journal": verdict.detail}, ensure_ascii=False))
        return 0 if good else 1
    injected = f", injected {mishap.value}" if mishap else ""
    print(f"Visit {visit}, seed {seed}{injected}: {result.outcome} after {result.seconds:.0f} simulated seconds.")
    for step in result.state.steps:
        spent = (step.ended_s or 0.0) - (step.started_s or 0.0)
        print(f"  {step.id:<16} {step.status.value:<8} {spent:6.1f} s")
    for entry in result.state.tightenings:
        where = entry.joint or "nowhere"
        found = f"{entry.torque_nm:.2f} N·m {entry.angle_deg:.0f}° {entry.verdict}"
        print(f"  tightening {entry.tightening_id} at {where}: {found}")
    if result.named:
        print(f"  the screen named: {', '.join(result.named)}")
    for line in result.false_passes:
        print(f"  FALSE PASS {line}")
    print(f"  journal: {verdict.detail}")
    return 0 if good else 1
