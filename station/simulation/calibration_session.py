"""One calibration of a hidden bench, from nothing to its score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from calibration.bench_flow import BenchFlow
from calibration.bench_work import BenchOutcome, BenchPlan, Say
from calibration.robot_run import Leave
from station.runtime.setting import Files
from station.simulation.calibration_bench import CalibrationBench
from station.simulation.calibration_person import TOUCH_MM, SimulatedTechnician
from station.simulation.calibration_score import BenchScore, score, touched_points
from station.simulation.calibration_truth import hidden_truth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Session:
    """What came of it."""

    outcome: BenchOutcome
    score: BenchScore


def calibrate_hidden_bench(
    files: Files, work: BenchPlan, *, seed: int, record: Path, say: Say, technician: str = "simulated technician"
) -> Session:
    """Calibrate the bench of a seed. Raises CalibrationError."""
    bench = hidden_bench(files, work, seed=seed)
    try:
        hands = SimulatedTechnician(bench, work.lens_board, touched_points(bench.truth, work), seed)
        flow = BenchFlow(
            work,
            bench,
            hands,
            leave=Leave(technician=technician),
            say=say,
            record=record,
            station_sha256=f"{files.station.sha256} seed {seed}",
            utc=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        outcome = flow.run()
    finally:
        bench.close()
    return Session(outcome=outcome, score=score(outcome.result, bench.truth, work))


def hidden_bench(files: Files, work: BenchPlan, *, seed: int) -> CalibrationBench:
    """The bench of a seed, before anybody looked at it."""
    truth = hidden_truth(
        files.station, files.procedure, (work.lens_board, work.arm_board), work.flange_from_board, seed
    )
    return CalibrationBench(files, truth, {"lens": work.lens_board, "arm": work.arm_board}, seed=seed)


HAND_SIGMA_MM = TOUCH_MM
"""What the simulated technician's hands are told to be good for."""
