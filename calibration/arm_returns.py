"""How well the arm comes back: one pose reached again and again from several sides, and the cameras look where it is.

The arm carries its calibration board; where the board's middle is comes from two cameras or more by triangulation. The
cameras' own scatter is measured beside it, on the arm standing still: no figure is better than that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.arm_chain import arm_poses
from calibration.bench_set import BenchResult
from calibration.board import Board, bowed
from calibration.lens_model import lens_of, rays
from calibration.observations import BoardView, CalibrationError
from calibration.performance import PosePerformance, described, multi_directional_variation, pose_performance
from calibration.robot_poses import ChosenPose, PoseChoice
from calibration.robot_run import NO_LEAVE, Leave, Looker, Seen, Stand, rest
from calibration.rotations import as_array
from drivers.cobot.arm.model import Angles
from station.motion.gesture import TaughtPosture
from station.motion.plan import MotionPlan, PlanError
from station.motion.planner import plan
from station.motion.scene import MotionScene
from vision.geometry import Array

SIDES = 3
OWN_LOOKS = 12
COMMON_CORNERS = 6
READINGS_NEEDED = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Returns:
    """What came of it."""

    performance: PosePerformance
    own_rp_mm: float
    """The same figure of the arm standing still: the cameras' own scatter."""
    variation_mm: float
    """Largest distance between the means of two sides."""
    commanded_mm: Array
    """(3,) board's middle, bench frame, by the calibrated arm."""
    reached_mm: Array
    """(n, 3) as seen."""
    side: tuple[int, ...]
    """From which each was reached."""

    @property
    def text(self) -> str:
        """What may be said of it."""
        return f"{described(self.performance, self.own_rp_mm)} From {len(set(self.side))} sides."


def return_ways(
    choice: PoseChoice, scene: MotionScene, *, clearance_mm: float, speed_percent: int
) -> tuple[ChosenPose, tuple[tuple[MotionPlan, MotionPlan], ...]]:
    """The pose that is returned to, and for each side the checked ways there and back.

    Raises CalibrationError `calibration.no_poses` when no pose in sight of two cameras has two such sides.
    """
    for goal in (pose for pose in choice.poses if len(pose.seen_by) > 1):
        near = sorted(choice.poses, key=lambda pose: _apart(pose.joints_deg, goal.joints_deg))
        ways: list[tuple[MotionPlan, MotionPlan]] = []
        for side in near[1:]:
            try:
                ways.append(
                    (
                        _way(goal.joints_deg, side.joints_deg, scene, clearance_mm, speed_percent),
                        _way(side.joints_deg, goal.joints_deg, scene, clearance_mm, speed_percent),
                    )
                )
            except PlanError:  # another side is as good
                continue
            if len(ways) == SIDES:
                return goal, tuple(ways)
    raise CalibrationError(
        "calibration.no_poses",
        "no pose in sight of two cameras can be come to from several sides; clear the bench, or turn the cameras",
    )


def take_returns(
    stand: Stand,
    goal: ChosenPose,
    ways: Sequence[tuple[MotionPlan, MotionPlan]],
    look: Looker,
    result: BenchResult,
    board: Board,
    *,
    count: int,
    leave: Leave | None,
) -> Returns:
    """From the goal to a side and back, `count` times, side after side. The arm stands at the goal when it begins.

    Raises CalibrationError: `calibration.no_leave`, `calibration.run_stopped`, `calibration.too_few_returns`.
    """
    if leave is None:
        raise CalibrationError("calibration.no_leave", NO_LEAVE)
    own = [_middle(look, stand, goal, result, board) for _ in range(OWN_LOOKS)]
    reached: list[Array] = []
    sides: list[int] = []
    for number in range(count):
        side = number % len(ways)
        for leg in (leg for way in ways[side] for leg in way.legs):
            failed = stand.go(leg)
            if failed is not None:
                stand.stop()
                raise CalibrationError(
                    "calibration.run_stopped",
                    f"On return {number + 1} the arm stopped: {failed.detail} ({failed.code}).",
                )
        pose, _ = rest(stand, goal, look, cameras=[camera.name for camera in result.cameras])
        at = None if pose is None else board_middle_mm(result, board, pose.seen)
        if at is not None:
            reached.append(at)
            sides.append(side)
    still = [at for at in own if at is not None]
    if len(reached) < READINGS_NEEDED or len(still) < OWN_LOOKS // 2:
        raise CalibrationError(
            "calibration.too_few_returns",
            f"the board was seen by two cameras on {len(reached)} of {count} returns, {READINGS_NEEDED} are needed; "
            "see what hides it",
        )
    commanded = commanded_middle_mm(result, board, goal.joints_deg)
    cloud = np.array(reached)
    return Returns(
        performance=pose_performance(commanded, cloud),
        own_rp_mm=pose_performance(np.mean(still, axis=0), np.array(still)).rp_mm,
        variation_mm=multi_directional_variation([cloud[np.array(sides) == side] for side in sorted(set(sides))]),
        commanded_mm=commanded,
        reached_mm=cloud,
        side=tuple(sides),
    )


def commanded_middle_mm(result: BenchResult, board: Board, joints_deg: Angles) -> Array:
    """(3,) where the board's middle should be, bench frame, by the calibrated arm. Raises ValueError without an arm."""
    if result.bench_from_base is None or result.flange_from_board is None:
        raise ValueError("this bench has no calibrated arm")
    joints = np.radians(np.asarray(joints_deg) + result.joint_offset_deg)[None]
    flange = arm_poses(result.table, joints, result.link_mm[:, 0], result.link_mm[:, 1]).base_from_flange[0]
    pose = as_array(result.bench_from_base) @ flange @ as_array(result.flange_from_board)
    middle = _shape(result, board).mean(axis=0)
    return np.asarray(pose[:3, :3] @ middle + pose[:3, 3])


def board_middle_mm(result: BenchResult, board: Board, seen: Mapping[str, Seen]) -> Array | None:
    """(3,) the board's middle, bench frame, from corners that two cameras or more see; None with too few of them.

    Each corner is where its rays come closest; the board is then laid through them (nearest rigid motion, by SVD).
    """
    views = {camera: one.view for camera, one in seen.items() if one.view is not None}
    if len(views) < 2:
        return None
    common = sorted(set.intersection(*(set(view.corner_ids.tolist()) for view in views.values())))
    if len(common) < COMMON_CORNERS:
        return None
    normals = np.zeros((len(common), 3, 3))
    right = np.zeros((len(common), 3))
    for camera, view in views.items():
        eye, directions = _rays(result, camera, view, common)
        across = np.eye(3) - directions[:, :, None] * directions[:, None, :]
        normals += across
        right += across @ eye
    points = np.linalg.solve(normals, right[:, :, None])[:, :, 0]
    shape = _shape(result, board)
    nominal = shape[common]
    u, _, vt = np.linalg.svd((nominal - nominal.mean(axis=0)).T @ (points - points.mean(axis=0)))
    turn = vt.T @ np.diag([1.0, 1.0, np.linalg.det(vt.T @ u.T)]) @ u.T
    return np.asarray(points.mean(axis=0) + turn @ (shape.mean(axis=0) - nominal.mean(axis=0)))


def _rays(result: BenchResult, camera: str, view: BoardView, common: list[int]) -> tuple[Array, Array]:
    model = result.camera(camera)
    rows = [int(np.nonzero(view.corner_ids == corner)[0][0]) for corner in common]
    through, _ = rays(view.corners_px[rows], lens_of(model.matrix, model.distortion))
    bench_from_camera = model.camera_from_bench.inverse()
    directions = through @ bench_from_camera.rotation.T
    return bench_from_camera.translation_mm, directions / np.linalg.norm(directions, axis=1, keepdims=True)


def _shape(result: BenchResult, board: Board) -> Array:
    values = result.solution.values
    scale = board.print_scale * (1.0 + float(values["arm scale"][0, 0]))
    return bowed(board.nominal_mm() * scale, *(float(v) for v in values["arm bow"][0]))


def _middle(look: Looker, stand: Stand, goal: ChosenPose, result: BenchResult, board: Board) -> Array | None:
    seen = {camera.name: look(stand.picture(camera.name), camera.name, goal) for camera in result.cameras}
    return board_middle_mm(result, board, seen)


def _way(here: Angles, there: Angles, scene: MotionScene, clearance_mm: float, speed_percent: int) -> MotionPlan:
    gesture = TaughtPosture(name="return", angles_deg=there, speed_percent=speed_percent, clearance_mm=clearance_mm)
    return plan(gesture, here_deg=here, scene=scene)


def _apart(one: Angles, other: Angles) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
