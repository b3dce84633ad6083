"""The arm's part of the daily check: a few poses with the board on the flange, chosen for what they notice.

The technician puts the board on the flange, the arm takes the check poses as it takes calibration poses (slowly, one at
a time, still before it is looked at), and each is compared with the same pose at the reference. For the reference each
pose is visited several times, from which the arm's own noise is measured, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from calibration.bench_flow import CHOICE_CLEARANCE_MM, WAY_CLEARANCE_MM
from calibration.bench_work import BenchPlan, carrying
from calibration.board import Board
from calibration.daily.camera_shift import motion_jacobian
from calibration.daily.joint_shift import (
    ArmNoise,
    BoardSight,
    PoseError,
    averaged,
    best_poses,
    joint_shift,
    pose_error,
    reported_flange,
)
from calibration.daily.reference import ArmReference
from calibration.daily.verdicts import DeviceVerdict, arm_verdict, untold
from calibration.detection import BoardFinder, Found
from calibration.observations import BoardView, CalibrationError
from calibration.robot_poses import ChosenPose, PoseChoice, choose_poses, planned
from calibration.robot_run import Leave, Picture, Seen, Stand, TakenPose, take_poses
from calibration.rotations import adjoint, as_array
from drivers.cobot.arm.model import Angles
from station.config.artefact import Kind
from station.motion.gesture import TaughtPosture
from station.motion.plan import MotionPlan, PlanError
from station.motion.planner import plan
from vision.geometry import Array, CameraModel, Transform

POSES = 3
CANDIDATES = 10
VISITS = 5
"""Of each pose for the reference."""
BOARD, POINTER = "board", "pointer"
"""What may be on the flange."""
LEAST_CORNER_PX = 0.05
CHOICE_PX = 0.1
TRIED = 40
"""Of all threes, the best so many are looked at for free ways."""
DEVICE = "cobot"


class Hands(Protocol):
    """What a technician does at the arm when asked; `calibration.bench_work.Technician` does it, too."""

    def on_flange(self) -> str:
        """What is on the flange now: `board` or `pointer`."""

    def stand_clear(self, where: str) -> None:
        """Take the hands away: the arm goes to `where` as soon as this returns."""

    def put_on(self, what: str) -> None:
        """`board` or `pointer` onto the flange, where the arm stands now."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmNow:
    """The arm and the cameras as they are calibrated."""

    work: BenchPlan
    cameras: tuple[CameraModel, ...]
    bench_from_base: Transform
    table: Array
    """(6, 4) with the calibrated corrections."""
    offsets_deg: Array
    """(6,) added to the reported joints."""
    calibration: str


def choose_check_poses(arm: ArmNow) -> tuple[ChosenPose, ...]:
    """Of poses that are free and seen, the three at which the hardest joint is noticed best.

    Raises CalibrationError `calibration.no_poses`.
    """
    work = arm.work
    choice = choose_poses(
        carrying(work.scene, work.arm_board, work.flange_from_board),
        arm.cameras,
        work.arm_board,
        work.flange_from_board,
        start_deg=work.home_deg,
        places_deg=tuple(work.over_joints_deg.values()) or (work.home_deg,),
        count=CANDIDATES,
        clearance_mm=CHOICE_CLEARANCE_MM,
        seed=work.seed,
    )
    noise = ArmNoise().covariance()
    expected = [noise + _expected(arm, pose) for pose in choice.poses]
    for chosen in best_poses([pose.joints_deg for pose in choice.poses], arm.table, expected, count=POSES)[:TRIED]:
        poses = tuple(choice.poses[index] for index in chosen)
        if not _ways(arm, (*poses, poses[0]), poses[0].joints_deg)[1]:
            return poses
    raise CalibrationError(
        "calibration.no_poses",
        "no three poses with the board can be gone round without touching anything; clear the bench around the arm",
    )


def board_on(arm: ArmNow, poses: Sequence[ChosenPose], stand: Stand, hands: Hands) -> None:
    """Have the board on the flange: where it is, it stays, and else it is put on at the first check pose.

    What is on the flange is asked before the arm moves, since the way there is planned with it. When this returns,
    nobody's hands are near the arm. Raises CalibrationError `daily.arm_stopped`, `calibration.flange_unknown`.
    """
    if hands.on_flange() != BOARD:
        hands.stand_clear("its first check pose, where the board is put on")
        _to_start(arm, poses[0], stand)
        hands.put_on(BOARD)
    hands.stand_clear("its check poses, one after another")


def _to_start(arm: ArmNow, pose: ChosenPose, stand: Stand) -> None:
    """With the pointer on."""
    here = stand.posture()
    if here is None:
        raise CalibrationError("daily.arm_stopped", "the arm does not tell where it is; look at its line, check again")
    work = arm.work
    gesture = TaughtPosture(
        name="where the board is put on",
        angles_deg=pose.joints_deg,
        speed_percent=work.speed_percent,
        clearance_mm=WAY_CLEARANCE_MM,
    )
    try:
        way = plan(gesture, here_deg=here.angles_deg, scene=work.scene)
    except PlanError as error:
        raise CalibrationError("daily.arm_stopped", f"the arm cannot come to its first check pose: {error}") from error
    for leg in way.legs:
        failed = stand.go(leg)
        if failed is not None:
            stand.stop()
            raise CalibrationError("daily.arm_stopped", f"the arm stopped on its way: {failed.detail} ({failed.code})")


def visit(arm: ArmNow, poses: Sequence[ChosenPose], stand: Stand, leave: Leave) -> tuple[PoseError, ...]:
    """Go to each pose once, and look. Raises CalibrationError `daily.arm_stopped`, `daily.arm_unseen`."""
    work = arm.work
    here = stand.posture()
    if here is None:
        raise CalibrationError("daily.arm_stopped", "the arm does not tell where it is; look at its line, check again")
    ways, left_out = _ways(arm, poses, here.angles_deg)
    if left_out:
        raise CalibrationError("daily.arm_stopped", f"check pose {left_out[0][0].pose} is not free: {left_out[0][1]}")
    names = tuple(camera.name for camera in arm.cameras)
    end = take_poses(stand, ways, looker(work.arm_board), cameras=names, leave=leave, keep=lambda pose: None)
    if end.stopped:
        raise CalibrationError("daily.arm_stopped", end.stopped)
    if len(end.taken) < len(poses):
        raise CalibrationError("daily.arm_unseen", f"check {end.skipped[0][1]}; see that the board is clean and lit")
    return tuple(_error(arm, taken) for taken in end.taken)


def _ways(
    arm: ArmNow, poses: Sequence[ChosenPose], here_deg: Angles
) -> tuple[tuple[tuple[ChosenPose, MotionPlan], ...], tuple[tuple[ChosenPose, str], ...]]:
    """From where the arm stands to one pose after another, with the board; and the poses that are not free."""
    work = arm.work
    return planned(
        PoseChoice(poses=tuple(poses), expected_mm=0.0, considered=len(poses)),
        here_deg,
        carrying(work.scene, work.arm_board, work.flange_from_board),
        clearance_mm=WAY_CLEARANCE_MM,
        speed_percent=work.speed_percent,
    )


def looker(board: Board) -> Callable[[Picture, str, ChosenPose], Seen]:
    """Finds the board in the pictures of the cameras that should see it."""
    finder = BoardFinder(board)

    def look(picture: Picture, camera: str, pose: ChosenPose) -> Seen:
        if camera not in pose.seen_by:
            return Seen(view=None, refused="it does not look that way")
        found = finder.find(picture.grey, camera=camera, view=pose.pose, t_s=picture.t_s)
        return Seen(view=found.view) if isinstance(found, Found) else Seen(view=None, refused=found.text)

    return look


def measured(visits: Sequence[Sequence[PoseError]]) -> tuple[tuple[PoseError, ...], ArmNoise]:
    """The mean of each pose over its visits, and the arm's noise from how they scatter; at least two visits.

    Noise of an arm's return is taken to be as large in each direction as the usual arm's is, times one factor.
    """
    means = tuple(averaged(list(errors)) for errors in zip(*visits, strict=True))
    usual = ArmNoise()
    squares = sum(
        float((error.twist - mean.twist) @ np.linalg.solve(usual.covariance(), error.twist - mean.twist))
        for errors in visits
        for error, mean in zip(errors, means, strict=True)
    )
    factor = math.sqrt(squares / (6.0 * len(means) * (len(visits) - 1)))
    return means, ArmNoise(mm=usual.mm * factor, deg=usual.deg * factor)


def check_arm(arm: ArmNow, reference: ArmReference, stand: Stand, leave: Leave) -> DeviceVerdict:
    """The verdict on the arm."""
    try:
        today = visit(arm, chosen_again(arm, reference), stand, leave)
        then = [pose.error() for pose in reference.poses]
        return arm_verdict(joint_shift(today, then, np.array(reference.table), reference.noise()), device=DEVICE)
    except CalibrationError as error:
        return untold(DEVICE, Kind.ARM, error.code, f"{error}.")
    except np.linalg.LinAlgError:
        why = "The board's pictures do not tell where it is: see that it is flat, clean and well lit, and check again."
        return untold(DEVICE, Kind.ARM, "unclear", why)


def check_whole(arm: ArmNow, reference: ArmReference, stand: Stand, hands: Hands, leave: Leave) -> DeviceVerdict:
    """Have the board put on, check, and have the pointer put back, so that no visit begins with the board on.

    Raises CalibrationError `daily.arm_stopped`, `calibration.flange_unknown`.
    """
    if reference.calibration != arm.calibration:
        why = "The arm was calibrated since its reference was taken. Take one: `station calibrate daily --reference`."
        return untold(DEVICE, Kind.ARM, "newer", why)
    board_on(arm, chosen_again(arm, reference), stand, hands)
    verdict = check_arm(arm, reference, stand, leave)
    hands.put_on(POINTER)
    return verdict


def chosen_again(arm: ArmNow, reference: ArmReference) -> tuple[ChosenPose, ...]:
    """The reference's poses, as the arm is told them: its joints are kept with the calibrated zeros."""
    return tuple(
        ChosenPose(
            pose=each.pose,
            joints_deg=tuple(round(float(v), 2) for v in np.array(each.joints_deg) - arm.offsets_deg),
            seen_by=each.seen_by,
        )
        for each in reference.poses
    )


def sight_of(view: BoardView, camera: CameraModel, board: Board) -> BoardSight:
    """Where the board is in the camera, and how surely, by what is left of its corners."""
    import cv2

    points = board.printed_mm()[view.corner_ids]
    _, turn, shift = cv2.solvePnP(points, view.corners_px, camera.matrix, camera.distortion, flags=cv2.SOLVEPNP_IPPE)
    turn, shift = cv2.solvePnPRefineLM(points, view.corners_px, camera.matrix, camera.distortion, turn, shift)
    rotation = np.asarray(cv2.Rodrigues(turn)[0], dtype=np.float64)
    pose = Transform(rotation, np.asarray(shift, dtype=np.float64).ravel())
    standing = replace(camera, camera_from_bench=pose)
    left = standing.project(points) - view.corners_px
    freedom = max(1, left.size - 6)
    sigma_px = max(LEAST_CORNER_PX, float(np.sqrt((left**2).sum() / freedom)))
    return BoardSight(camera_from_board=pose, covariance=_covariance(standing, points, sigma_px))


def _error(arm: ArmNow, taken: TakenPose) -> PoseError:
    joints: Angles = tuple(float(v) for v in np.array(taken.joints_deg) + arm.offsets_deg)
    cameras = {camera.name: camera for camera in arm.cameras}
    base_from_bench = arm.bench_from_base.inverse()
    sights = [
        (
            base_from_bench @ cameras[name].camera_from_bench.inverse(),
            sight_of(seen.view, cameras[name], arm.work.arm_board),
        )
        for name, seen in taken.seen.items()
        if seen.view is not None
    ]
    return pose_error(taken.pose, joints, reported_flange(arm.table, joints), sights, arm.work.flange_from_board)


def _expected(arm: ArmNow, pose: ChosenPose) -> Array:
    """(6, 6) of d from the pictures, before any is taken."""
    board, flange = arm.work.arm_board, reported_flange(arm.table, pose.joints_deg)
    weights = np.zeros((6, 6))
    for camera in (each for each in arm.cameras if each.name in pose.seen_by):
        camera_from_base = camera.camera_from_bench @ arm.bench_from_base
        standing = replace(camera, camera_from_bench=camera_from_base @ flange @ arm.work.flange_from_board)
        carry = adjoint(as_array((camera_from_base @ flange).inverse()))
        weights += np.linalg.inv(carry @ _covariance(standing, board.nominal_mm(), CHOICE_PX) @ carry.T)
    return np.asarray(np.linalg.inv(weights))


def _covariance(standing: CameraModel, points: Array, sigma_px: float) -> Array:
    jacobian = motion_jacobian(standing, points)
    return np.asarray(np.linalg.inv(jacobian.T @ jacobian) * sigma_px**2)
