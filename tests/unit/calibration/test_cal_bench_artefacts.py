"""A calibrated bench as files: what a station loads, what a report needs, and a verdict that can be bad."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from support.hidden_benches import NumberBench, number_bench, sim_files

from calibration.bench_artefacts import Need, Stamp, bench_artefacts, verdict
from calibration.bench_cameras import solve_bench
from calibration.bench_holdout import Checked, HeldOut, checked_bench, held_out_touches
from calibration.bench_plan import tightest
from calibration.bench_start import bench_start, lens_results, start_from
from calibration.bench_work import BenchOutcome
from calibration.report.standing import held_out_mm
from calibration.robot_run import RunEnd
from calibration.tool_point import pivot
from drivers.cobot.arm.forward import flange
from station.config.artefact import Artefact, Kind
from station.config.calibration_results import arm_result, camera_result, joints_result, tip_result
from vision.geometry import Transform

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STAMP = Stamp(
    made_utc=NOW.isoformat(), by="Ken", software="1", inputs={"observations.json": "ab"}, serials={"top": "T1"}
)


@pytest.fixture(scope="module")
def made() -> tuple[NumberBench, BenchOutcome, Checked]:
    bench = number_bench(13)
    lenses = lens_results(bench.seen)
    result = solve_bench(bench.seen, start=bench_start(bench.seen, lenses))
    arm = bench.work.scene.model
    poses = [flange(arm, touch.joints_deg) for touch in bench.seen.touches if touch.known_mm is not None]
    outcome = BenchOutcome(
        bench=bench.seen,
        lenses=lenses,
        result=result,
        pivot=pivot([Transform(pose[:3, :3], pose[:3, 3]) for pose in poses]),
        run=RunEnd(taken=(), skipped=((4, "the board was hidden"),)),
        returns=None,
        expected_mm=0.2,
        phases_s={"lens": 70.0, "poses": 74.0, "touches": 140.0},
    )
    return bench, outcome, checked_bench(bench.seen, result)


def _artefacts(made: tuple[NumberBench, BenchOutcome, Checked], tightest_mm: float) -> dict[str, Artefact]:
    bench, outcome, checked = made
    need = Need(procedure="door-mirror", tightest_mm=tightest_mm, of="step place-mirror")
    artefacts = bench_artefacts(outcome, bench.work, checked, need, STAMP)
    return {f"{artefact.kind}-{artefact.subject}": artefact for artefact in artefacts}


def test_each_file_is_what_a_station_loads(made: tuple[NumberBench, BenchOutcome, Checked]) -> None:
    bench, outcome, _ = made
    found = _artefacts(made, 2.0)
    points = np.array(list(bench.truth.joints_mm.values()))
    for name, true in bench.truth.cameras.items():
        model = camera_result(found[f"camera-{name}"]).model_of(name)
        assert np.linalg.norm(model.project(points) - true.project(points), axis=1).max() < 0.3
    arm = arm_result(found["arm-cobot"])
    assert np.allclose(arm.joint_offset_deg, outcome.result.joint_offset_deg)
    assert arm.placed_sigma_mm is not None and 0.02 < arm.placed_sigma_mm < 0.5
    assert np.linalg.norm(np.array(tip_result(found["tool_point-pointer"]).tip_mm) - bench.truth.tip_mm) < 1.5
    joints = joints_result(found["joints-door-mirror"]).joints
    for joint, at in bench.truth.joints_mm.items():
        assert np.linalg.norm(np.array(joints[joint].at_mm) - at) < 0.6
    assert found["camera-top"].serial == "T1" and found["camera-side"].serial == ""


def test_every_fit_names_its_held_out_error_and_what_it_was_made_from(
    made: tuple[NumberBench, BenchOutcome, Checked],
) -> None:
    for name, artefact in _artefacts(made, 2.0).items():
        assert held_out_mm(artefact) is not None, name
        assert artefact.inputs == {"observations.json": "ab"}
        assert datetime.fromisoformat(artefact.expires_utc) > NOW
        assert "mm at the part (95 %)" in artefact.verdict.text


def test_a_verdict_says_enough_or_not_by_the_tightest_step(made: tuple[NumberBench, BenchOutcome, Checked]) -> None:
    enough, short = _artefacts(made, 2.0), _artefacts(made, 0.1)
    assert all(artefact.verdict.good for artefact in enough.values())
    assert "enough for every step of procedure door-mirror: its tightest tolerance is 2 mm" in (
        enough["joints-door-mirror"].verdict.text
    )
    joints = short["joints-door-mirror"].verdict
    assert not joints.good and "not enough" in joints.text and joints.advice
    assert short["camera-side"].id != enough["camera-side"].id


def test_the_tightest_tolerance_is_that_of_the_procedure() -> None:
    files = sim_files()
    millimetres, of = tightest(files.procedure, files.station.limits.tool_within_mm)
    assert millimetres == 2.0 and of.startswith("step ")
    assert tightest(files.procedure, 1.5) == (1.5, "the tool on its joint")


def test_what_the_poses_do_not_tell_is_said(made: tuple[NumberBench, BenchOutcome, Checked]) -> None:
    """Zero of joint 1 against the base's turn, of joint 6 against the board's, d of the last link against the tip's."""
    arm = _artefacts(made, 2.0)["arm-cobot"]
    told = arm.figures["not_told"]
    assert isinstance(told, list) and "zero of joint 1" in told and "d of link 6" in told
    assert "zero of joint 3" not in told
    assert arm.figures["skipped"] == ["pose 4: the board was hidden"]
    assert arm.kind is Kind.ARM


def test_touches_are_held_out_too(made: tuple[NumberBench, BenchOutcome, Checked]) -> None:
    """Each touch is predicted once by others; that tells of the hand and the arm, so it is more than the fit's own."""
    bench, outcome, checked = made
    known = [touch for touch in bench.seen.touches if touch.known_mm is not None]
    refused = [word for word in outcome.result.unused if word.what.startswith("touch ")]
    assert checked.tip.count + checked.joints.count == len(bench.seen.touches) - len(refused)
    assert len(known) - len(refused) <= checked.tip.count <= len(known)
    for held in (checked.tip, checked.joints):
        assert 0.1 < held.rms_mm < 0.6 and held.of == "touches" and held.lacking == ()


def test_a_joint_touched_once_is_not_called_good(made: tuple[NumberBench, BenchOutcome, Checked]) -> None:
    bench, outcome, _ = made
    place = next(touch.place for touch in bench.seen.touches if touch.known_mm is None)
    spare = [touch for touch in bench.seen.touches if touch.place == place][1:]
    fewer = replace(bench.seen, touches=tuple(touch for touch in bench.seen.touches if touch not in spare))
    result = solve_bench(fewer, start=start_from(outcome.result))
    _, joints = held_out_touches(fewer, result)
    assert joints.lacking == (place,)
    said = verdict("The joints", 0.2, joints, Need(procedure="p", tightest_mm=2.0, of="x"))
    assert not said.good and f"none of {place}" in said.text


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (HeldOut(rms_mm=25.0, count=6), "held-out poses 25.00 mm on 6"),
        (HeldOut(rms_mm=float("nan"), count=0, of="touches"), "no touches were held out"),
    ],
)
def test_what_does_not_predict_is_not_called_good(held: HeldOut, words: str) -> None:
    """However small the error is that the fit states of itself."""
    need = Need(procedure="p", tightest_mm=6.0, of="x")
    said = verdict("The arm", 0.3, held, need)
    assert not said.good and words in said.text and "not enough" in said.text and said.advice
    assert verdict("The arm", 0.3, HeldOut(rms_mm=1.9, count=6), need).good
    assert not verdict("The arm", float("nan"), HeldOut(rms_mm=1.9, count=6), need).good
