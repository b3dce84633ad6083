"""The simulated bench's arm for a daily check: as its files say, but for a joint that may have slipped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.bench_work import BenchPlan
from station.runtime.setting import Files
from station.simulation.calibration_bench import CalibrationBench
from station.simulation.calibration_truth import Truth
from vision.geometry import Array


@dataclass(frozen=True, slots=True)
class DailyHands:
    """`calibration.daily.arm_check.Hands` at the simulated arm: at once, and nobody is near."""

    bench: CalibrationBench

    def on_flange(self) -> str:
        """Seen at a glance."""
        return self.bench.on_flange

    def stand_clear(self, where: str) -> None:
        """Nobody is near."""

    def put_on(self, what: str) -> None:
        """At once."""
        self.bench.on_flange = what


def daily_arm(files: Files, work: BenchPlan, *, seed: int, slipped_deg: Array) -> CalibrationBench:
    """To be closed when done. `slipped_deg` (6,) is how far each joint is beside what it tells.

    Raises ValueError for a station without a simulated arm.
    """
    cobot = files.station.cobot
    if cobot is None:
        raise ValueError(f"station {files.station.id} has no [cobot]")
    boards = {"lens": work.lens_board, "arm": work.arm_board}
    truth = Truth(
        cameras={camera.name: camera for camera in work.cameras},
        arm=work.scene.model,
        bench_from_base=cobot.bench_from_base,
        joint_offset_deg=np.asarray(slipped_deg, dtype=np.float64),
        flange_from_board=work.flange_from_board,
        print_scale=dict.fromkeys(boards, 1.0),
        bow_mm=dict.fromkeys(boards, (0.0, 0.0)),
        tip_mm=np.array([0.0, 0.0, cobot.pointer_mm]),
        joints_mm={},
    )
    return CalibrationBench(files, truth, boards, seed=seed)
