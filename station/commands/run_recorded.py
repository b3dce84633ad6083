"""`station run --video`: a recorded session instead of the webcam, in simulated time, to the record of its visit."""

from __future__ import annotations

import json
from pathlib import Path

from station.runtime.journal import Journal
from station.runtime.mat_calibration import told
from station.runtime.setting import Files
from station.runtime.station import next_visit_id
from station.simulation.desk_replay import play
from station.simulation.desk_session import read_session
from vision.hand_model import default_model_path
from vision.hands import MediapipeHands


def run_recorded(files: Files, video: Path, software: str, *, journal_path: Path | None, as_json: bool) -> int:
    """Play it and say what it came to; 0 when the visit was finished."""
    session = read_session(video)
    path = journal_path or files.station.data_dir / "journal.sqlite"
    journal = Journal(path)
    visit = next_visit_id(journal, files.station.id)
    journal.close()
    hands = MediapipeHands(default_model_path())
    try:
        result = play(files, session, journal_path=path, visit=visit, hands=hands, software=software)
    finally:
        hands.close()
    verdict = Journal(path, read_only=True).verify()
    calibration = result.calibration
    steps = [(step.id, step.status.value) for step in result.state.steps]
    rundowns = [
        (entry.joint or "?", entry.torque_nm, entry.angle_deg, entry.verdict) for entry in result.state.tightenings
    ]
    if as_json:
        report = {
            "outcome": result.outcome,
            "visit": visit,
            "steps": dict(steps),
            "named": result.named,
            "calls": result.calls,
            "frames": result.frames,
            "calibration": calibration.identity,
            "journal": verdict.detail,
        }
        print(json.dumps(report, ensure_ascii=False))
    else:
        print(told(files.station.cameras[0].name, calibration))
        print(f"Visit {visit}: {result.outcome} after {result.seconds:.0f} s of video, {result.frames} frames.")
        for step, status in steps:
            print(f"  {step:<16} {status}")
        for joint, torque_nm, angle_deg, word in rundowns:
            print(f"  joint {joint}: {torque_nm:.2f} N·m, {angle_deg:.0f}°, {word} (simulated tool)")
        if result.named:
            print(f"  the screen named: {', '.join(result.named)}")
        print(f"  record: {path} ({verdict.detail}); read it with `station journal show {visit} --journal {path}`")
    return 0 if result.outcome == "finished" and verdict.bad_seq is None else 1
