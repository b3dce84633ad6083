"""`station calibrate tool-point` without its questions: a changed pointer, touched through the real driver."""

from collections.abc import Iterator

import numpy as np
import pytest
from support.hidden_benches import sim_files, sim_plan

from calibration.observations import CalibrationError
from station.commands.calibrate_tool_point import arm_in_force, measured_tip
from station.config.artefact import Kind
from station.config.calibration_results import ArmResult, tip_result
from station.simulation.calibration_bench import CalibrationBench
from station.simulation.calibration_person import SimulatedTechnician
from station.simulation.calibration_score import touched_points
from station.simulation.calibration_session import hidden_bench


@pytest.fixture(scope="module")
def bench() -> Iterator[CalibrationBench]:
    made = hidden_bench(sim_files(), sim_plan(), seed=41)
    yield made
    made.close()


def _calibrated_arm(bench: CalibrationBench) -> tuple[ArmResult, str]:
    """As a good calibration would have it: the zeros and links as they truly are."""
    rows = [
        (true.d_mm - told.d_mm, true.a_mm - told.a_mm)
        for true, told in zip(bench.truth.arm.rows, bench.nominal.rows, strict=True)
    ]
    arm = ArmResult(
        base_mm=tuple(bench.truth.bench_from_base.translation_mm.tolist()),
        base_rotation=tuple(tuple(row) for row in bench.truth.bench_from_base.rotation.tolist()),
        joint_offset_deg=tuple(bench.truth.joint_offset_deg.tolist()),
        link_correction_mm=tuple(rows),
    )
    return arm, "arm-cobot-0123456789abcdef"


def test_a_changed_pointer_is_measured_without_taking_all_poses_again(bench: CalibrationBench) -> None:
    work, said = sim_plan(), list[str]()
    hands = SimulatedTechnician(bench, work.lens_board, touched_points(bench.truth, work), 41)
    arm = _calibrated_arm(bench)
    place = f"tag {work.pivot_tag}"
    artefact = measured_tip(bench, hands, bench.nominal, arm, touches=12, by="Ken", place=place, say=said.append)
    assert artefact.kind is Kind.TOOL_POINT and artefact.subject == "pointer"
    assert artefact.verdict.good, artefact.verdict.text
    assert artefact.inputs == {"arm": arm[1]}
    found = tip_result(artefact)
    off = np.array(found.tip_mm) - bench.truth.tip_mm
    assert np.linalg.norm(off) < 0.6
    assert off @ np.linalg.solve(np.array(found.covariance), off) < 16.3  # chi-square, once in a thousand
    held = artefact.figures["held_out_mm"]
    assert isinstance(held, float) and 0.1 < held < 0.8
    assert said == []


def test_few_touches_are_not_enough_and_too_few_are_none(bench: CalibrationBench) -> None:
    work = sim_plan()
    hands = SimulatedTechnician(bench, work.lens_board, touched_points(bench.truth, work), 42)
    place = f"tag {work.pivot_tag}"
    four = measured_tip(bench, hands, bench.nominal, None, touches=4, by="Ken", place=place, say=lambda _: None)
    assert not four.verdict.good and "10 times or more" in four.verdict.advice
    assert four.figures["held_out_mm"] is None

    class Clumsy(SimulatedTechnician):
        def lead_to(self, goal: object) -> None:
            raise CalibrationError("calibration.cannot_touch", "the arm does not reach that point")

    clumsy, said = Clumsy(bench, work.lens_board, {}, 1), list[str]()
    with pytest.raises(CalibrationError) as caught:
        measured_tip(bench, clumsy, bench.nominal, None, touches=5, by="Ken", place=place, say=said.append)
    assert caught.value.code == "calibration.too_few_touches"
    assert len(said) == 5


def test_without_a_calibrated_arm_the_makers_counts(tmp_path: object) -> None:
    from pathlib import Path

    assert arm_in_force(Path(str(tmp_path))) is None
