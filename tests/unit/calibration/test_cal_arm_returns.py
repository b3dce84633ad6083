"""How well an arm comes back, as the cameras see it: the figure of its true places, and what of it is their own."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from support.hidden_benches import CORNER_PX, NumberBench, number_bench, sim_choice, sim_plan

from calibration.arm_returns import board_middle_mm, commanded_middle_mm, return_ways, take_returns
from calibration.bench_artefacts import returns_figures
from calibration.bench_cameras import solve_bench
from calibration.bench_set import BenchResult
from calibration.bench_work import carrying
from calibration.board import bowed
from calibration.observations import BoardView, CalibrationError
from calibration.performance import pose_performance
from calibration.report.cloud import returns_cloud
from calibration.report.drawing import svg_of
from calibration.robot_poses import ChosenPose
from calibration.robot_run import Leave, Picture, Seen
from drivers.api import CobotPosture, CommandFailed
from drivers.cobot.arm.forward import flange
from station.motion.plan import Leg
from station.simulation.calibration_truth import ENCODER_DEG
from vision.geometry import Array, Transform

KEN = Leave(technician="Ken")


@pytest.fixture(scope="module")
def solved() -> tuple[NumberBench, BenchResult]:
    bench = number_bench(14, touches=False)
    return bench, solve_bench(bench.seen)


@dataclass
class ReturningStand:
    """An arm that goes where it is sent at once and rests an encoder's step beside it; cameras without pictures."""

    bench: NumberBench
    rng: np.random.Generator
    joints: tuple[float, ...]
    rests_deg: Array = field(default_factory=lambda: np.zeros(6))
    time_s: float = 0.0
    true_mm: list[Array] = field(default_factory=list)

    def now_s(self) -> float:
        return self.time_s

    def wait(self, seconds: float) -> None:
        self.time_s += seconds

    def posture(self) -> CobotPosture:
        return CobotPosture(device="cobot", t_mono_s=self.time_s, angles_deg=self.joints, moving=False)

    def go(self, leg: Leg) -> CommandFailed | None:
        self.joints = leg.points_deg[-1]
        self.rests_deg = self.rng.uniform(-ENCODER_DEG / 2, ENCODER_DEG / 2, 6)
        self.time_s += 2.0
        return None

    def stop(self) -> None:
        raise AssertionError("nothing went wrong")

    def picture(self, camera: str) -> Picture:
        del camera
        return Picture(grey=np.full((36, 64), 100, np.uint8), t_s=self.time_s)

    def board(self) -> Transform:
        truth = self.bench.truth
        pose = flange(truth.arm, (np.array(self.joints) + truth.joint_offset_deg + self.rests_deg).tolist())
        return truth.bench_from_base @ Transform(pose[:3, :3], pose[:3, 3]) @ truth.flange_from_board

    def look(self, picture: Picture, camera: str, pose: ChosenPose) -> Seen:
        truth, board = self.bench.truth, self.bench.work.arm_board
        corners = bowed(board.nominal_mm() * truth.print_scale["arm"], *truth.bow_mm["arm"])
        pixels = truth.cameras[camera].project(self.board().apply(corners))
        seen = pixels + self.rng.normal(0.0, CORNER_PX, pixels.shape)
        if camera == "side":
            self.true_mm.append(self.board().apply(corners.mean(axis=0)))
        view = BoardView(camera=camera, view=pose.pose, corner_ids=np.arange(len(seen)), corners_px=seen)
        return Seen(view=view)


def test_the_figure_is_that_of_the_true_places(solved: tuple[NumberBench, BenchResult]) -> None:
    bench, result = solved
    work = sim_plan()
    scene = carrying(work.scene, work.arm_board, work.flange_from_board)
    goal, ways = return_ways(sim_choice(), scene, clearance_mm=12.0, speed_percent=25)
    assert len(goal.seen_by) == 2 and len(ways) == 3
    for there, back in ways:
        assert back.goal_deg == goal.joints_deg and there.goal_deg != goal.joints_deg
    stand = ReturningStand(bench, np.random.default_rng(3), goal.joints_deg)
    found = take_returns(stand, goal, ways, stand.look, result, work.arm_board, count=30, leave=KEN)
    true = np.array(stand.true_mm[-30:])
    assert found.performance.n == 30
    assert found.performance.rp_mm == pytest.approx(pose_performance(np.zeros(3), true).rp_mm, rel=0.15)
    assert found.own_rp_mm < 0.25 * found.performance.rp_mm
    assert np.linalg.norm(found.commanded_mm - true.mean(axis=0)) < 0.4
    assert "30 readings" in found.text and "own scatter" in found.text and "3 sides" in found.text
    assert "ISO" not in found.text


def test_a_board_is_placed_only_by_two_cameras_with_enough_in_common(solved: tuple[NumberBench, BenchResult]) -> None:
    bench, result = solved
    board = bench.work.arm_board
    pose = next(pose for pose in sim_choice().poses if len(pose.seen_by) == 2)
    stand = ReturningStand(bench, np.random.default_rng(5), pose.joints_deg)
    seen = {camera: stand.look(stand.picture(camera), camera, pose) for camera in ("top", "side")}
    at = board_middle_mm(result, board, seen)
    assert at is not None
    assert np.linalg.norm(at - stand.true_mm[-1]) < 0.2
    assert np.linalg.norm(commanded_middle_mm(result, board, pose.joints_deg) - at) < 0.6
    assert board_middle_mm(result, board, {"top": seen["top"]}) is None
    few = seen["side"].view
    assert few is not None
    apart = BoardView(camera="side", view=1, corner_ids=few.corner_ids[:4], corners_px=few.corners_px[:4])
    assert board_middle_mm(result, board, {"top": seen["top"], "side": Seen(view=apart)}) is None


def test_nothing_returns_without_a_technician(solved: tuple[NumberBench, BenchResult]) -> None:
    bench, result = solved
    goal = sim_choice().poses[0]
    stand = ReturningStand(bench, np.random.default_rng(5), goal.joints_deg)
    with pytest.raises(CalibrationError) as caught:
        take_returns(stand, goal, (), stand.look, result, bench.work.arm_board, count=3, leave=None)
    assert caught.value.code == "calibration.no_leave"


def test_the_cloud_is_drawn_from_an_arms_artefact_and_only_from_a_whole_one(
    solved: tuple[NumberBench, BenchResult],
) -> None:
    bench, result = solved
    work = sim_plan()
    scene = carrying(work.scene, work.arm_board, work.flange_from_board)
    goal, ways = return_ways(sim_choice(), scene, clearance_mm=12.0, speed_percent=25)
    stand = ReturningStand(bench, np.random.default_rng(3), goal.joints_deg)
    found = take_returns(stand, goal, ways, stand.look, result, work.arm_board, count=12, leave=KEN)
    figures = returns_figures(found)
    assert figures is not None and returns_figures(None) is None
    plot = returns_cloud("returns-cobot", figures)
    assert plot is not None and "12 readings" in plot.caption
    assert "Where the arm came back to" in svg_of(plot)
    assert returns_cloud("returns-cobot", {**figures, "side": [0]}) is None
